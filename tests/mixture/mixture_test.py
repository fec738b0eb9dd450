"""A small mixture, and that the tables of features and oracle fit together."""

import unittest

from mixture import features, oracle
from mixture.run import Mixture, binary
from mixture.writer import NAMES, STEADY, VALUES
from system.system_test import ROOT, raise_descriptor_limit

REGISTERS, UES, SEED = 5000, 100, 1
GROWTH_KIB_MAX = 8192


class Small(unittest.IsolatedAsyncioTestCase):

    # Conformance: SEC-01, SEC-07, SEC-08, SEC-10, SEC-11, SEC-12, SEC-13
    # Conformance: SEC-14, SEC-15, SEC-16, SEC-18, SEC-19, SEC-20, SEC-21
    # Conformance: SEC-22
    # Conformance: SEC-24, SEC-25, SEC-27, SEC-28, REG-27, REG-28, POL-03
    # Conformance: POL-04, POL-06, PROXY-02, PROXY-18, PROXY-19, PARSE-11
    # Conformance: PARSE-13, PARSE-18, ERR-02, ERR-03, ERR-04, PROXY-06
    async def test_every_register_meets_what_the_reference_says(self):
        raise_descriptor_limit()
        lines = []
        mixture = Mixture(binary(ROOT), REGISTERS, UES, SEED, lines.append)
        same = await mixture.run()
        report = "\n".join(mixture.report())

        self.assertTrue(same, report)
        # The last turns may take one more than they have room for.
        self.assertIn(mixture.book.total, range(REGISTERS, REGISTERS + UES))
        seen = set(mixture.book.sent)
        wanted = {*oracle.DEFECTS, oracle.LOOPED.label,
                  oracle.UNVERIFIED.label}
        self.assertEqual(wanted - seen, set(), report)
        if not mixture.sanitized:
            self.assertLess(mixture.growth, GROWTH_KIB_MAX, report)


class Tables(unittest.TestCase):

    def test_the_oracle_knows_every_defect_and_no_other(self):
        self.assertEqual(set(oracle.DEFECTS), set(features.DEFECTS))
        self.assertEqual(set(NAMES) | set(VALUES), set(features.VARIANTS))

    def test_the_worst_of_several_defects_decides(self):
        decision = oracle.credentials("another's, blank", "associated")
        for defects, statuses in (
                ([], (403,)), (["Max-Forwards of 0"], (483,)),
                (["an unknown Proxy-Require", "Max-Forwards of 0"], (483,)),
                (["an unknown Proxy-Require", "two Froms"], (400,)),
                (["an unknown scheme", "Expires of -1"], (400,))):
            with self.subTest(defects):
                self.assertEqual(oracle.verdict(defects, decision).statuses,
                                 statuses)

    def test_every_sort_of_credentials_has_a_row_in_every_state(self):
        for state, hows in STEADY.items():
            for how in hows:
                with self.subTest(f"{state}: {how}"):
                    self.assertTrue(oracle.credentials(how, state).rule)

    def test_no_row_says_yes_or_no(self):
        for state, hows in STEADY.items():
            for how in hows:
                self.assertIn(oracle.credentials(how, state).integrity,
                              (None, "tls-pending", "tls-yes"))


if __name__ == "__main__":
    unittest.main()
