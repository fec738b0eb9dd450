"""The text of results.md."""

import unittest

from comparison import plan, report
from comparison.figures import Spread
from comparison.rounds import Results

PROGRAMS = [("sallyport", "Sallyport", "of this tree"),
            ("haproxy", "HAProxy", "2.6")]


def record(program, number, phase, run="few", **more):
    return {"program": program, "round": number, "run": run, "phase": phase,
            "rate": 0, "errors": 0} | more


RECORDS = [
    record("sallyport", 1, "reregister", proxy_cpu_us=6.0, done=90, seconds=1,
           proxy_share=1.0),
    record("sallyport", 2, "reregister", proxy_cpu_us=7.0, done=110, seconds=1,
           proxy_share=1.0),
    record("haproxy", 1, "reregister", proxy_cpu_us=13.0, done=50, seconds=1,
           proxy_share=0.3),
    record("sallyport", 1, "idle", "memory", connected=15000,
           pss_per_ue=4000.0),
]


class Text(unittest.TestCase):

    def setUp(self):
        results = Results(RECORDS, [
            {"program": "haproxy", "round": 2, "run": "few", "phones": 64,
             "reason": "ended with status 1"}])
        self.text = report.write(results, plan.FULL, PROGRAMS,
                                 {"kernel": "Linux 6.1"})

    def test_a_cell_has_the_median_and_the_spread(self):
        self.assertIn("| re-REGISTER, 64 phones | 6.50 (6.00–7.00) | 13.0 |",
                      self.text)

    def test_instructions_are_left_out_where_there_are_none(self):
        self.assertNotIn("## Instructions", self.text)

    def test_what_was_not_measured_is_a_dash(self):
        self.assertIn("| visit, resumed | – | – |", self.text)

    def test_ratios_are_ours_by_theirs(self):
        self.assertIn("| re-REGISTER, 64 phones | 0.50 |", self.text)

    def test_targets_are_met_missed_or_not_measured(self):
        self.assertIn("| 1. re-REGISTER, 64 phones: at most 0.65 of HAProxy | "
                      "0.65 | 0.50 | **met** |", self.text)
        self.assertIn("4,500 | 4,000 | **met** |", self.text)
        self.assertIn("of nginx | 0.50 | – | not measured |", self.text)

    def test_throughput_tells_who_was_not_busy(self):
        self.assertIn("| 100 (90.0–110) | 50.0° |", self.text)

    def test_memory_says_of_how_many_phones(self):
        self.assertIn("| phones | 15,000 | – |", self.text)

    def test_failures_are_told(self):
        self.assertIn("- HAProxy, round 2, 64 phones: ended with status 1",
                      self.text)

    def test_the_machine_and_the_versions_are_there(self):
        self.assertIn("| HAProxy | 2.6 |", self.text)
        self.assertIn("| kernel | Linux 6.1 |", self.text)


class Instructions(unittest.TestCase):

    def text(self, of_kernel):
        records = [record(program, 1, "reregister", proxy_cpu_us=6.0,
                          instructions_per_operation=count,
                          instructions_of_kernel=of_kernel)
                   for program, count in (("sallyport", 61234),
                                          ("haproxy", 70000))]
        return report.write(Results(records, []), plan.FULL, PROGRAMS, {})

    def test_have_a_table_where_they_were_counted(self):
        text = self.text(of_kernel=True)

        self.assertIn("## Instructions per operation (user and system)", text)
        self.assertIn("| re-REGISTER, 64 phones | 61,234 | 70,000 |", text)

    def test_of_user_code_only_are_called_so(self):
        self.assertIn("## Instructions per operation (user code only)",
                      self.text(of_kernel=False))


class Numbers(unittest.TestCase):

    def test_three_digits_count(self):
        self.assertEqual([report.number(n) for n in
                          (None, 0.0512, 1.256, 12.34, 123.4, 12345.6)],
                         ["–", "0.05", "1.26", "12.3", "123", "12,346"])

    def test_one_measurement_has_no_spread(self):
        self.assertEqual(report.cell(Spread(5, 5, 5, 1), "*"), "5.00*")


if __name__ == "__main__":
    unittest.main()
