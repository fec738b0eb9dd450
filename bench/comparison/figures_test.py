"""Medians, ratios and verdicts from records as the load writes them."""

import unittest

from comparison import figures as names
from comparison import load, plan, targets
from comparison.figures import Figures, Spread


def record(program, cpu, phase="reregister", run="few", **more):
    return {"program": program, "run": run, "phase": phase, "rate": 0,
            "done": 100, "seconds": 2.0, "proxy_cpu_us": cpu,
            "proxy_share": 1.0, "errors": 0} | more


class OfRecords(unittest.TestCase):

    def test_the_median_and_the_spread_of_all_rounds(self):
        figures = Figures([record("sallyport", cpu) for cpu in (7, 5, 9)])

        self.assertEqual(figures.get("sallyport", "reregister_few", names.CPU),
                         Spread(7, 5, 9, 3))

    def test_a_ratio_is_one_of_medians(self):
        figures = Figures([record("sallyport", 6), record("haproxy", 10),
                           record("haproxy", 12), record("haproxy", 99)])

        self.assertEqual(figures.ratio("sallyport", "haproxy",
                                       "reregister_few"), 0.5)

    def test_no_ratio_where_one_side_is_missing_or_nothing(self):
        figures = Figures([record("sallyport", 6), record("nginx", 0)])

        for other in ("haproxy", "nginx"):
            self.assertIsNone(figures.ratio("sallyport", other,
                                            "reregister_few"))

    def test_a_phase_with_errors_does_not_count(self):
        figures = Figures([record("nginx", 1, errors=3), record("nginx", 8)])

        self.assertEqual(figures.median("nginx", "reregister_few", names.CPU),
                         8)

    def test_open_and_closed_loops_are_not_mixed(self):
        rate = plan.LATENCY_RATE
        figures = Figures([record("nginx", 8, p50_us=900),
                           record("nginx", 20, p50_us=40, rate=rate),
                           record("nginx", 20, p50_us=41, rate=rate + 1)])

        self.assertEqual(figures.median("nginx", "latency", names.P50), 40)
        self.assertEqual(figures.median("nginx", "reregister_few", names.P50),
                         900)

    def test_runs_are_not_mixed(self):
        figures = Figures([record("nginx", 8), record("nginx", 9, run="many")])

        self.assertEqual(figures.median("nginx", "reregister_many", names.CPU),
                         9)

    def test_throughput_is_done_by_seconds(self):
        figures = Figures([record("nginx", 8)])

        self.assertEqual(figures.median("nginx", "reregister_few",
                                        names.THROUGHPUT), 50)

    def test_marks_tell_who_was_the_bottleneck(self):
        figures = Figures([
            record("nginx", 8), record("haproxy", 8, proxy_share=0.5),
            record("sallyport", 8, proxy_share=0.8, tool_bottleneck=True)])

        self.assertEqual([figures.marks(name, "reregister_few") for name in
                          ("nginx", "haproxy", "sallyport", "kamailio")],
                         ["", "°", "*°", ""])


class OfTargets(unittest.TestCase):

    def verdicts(self, *records, sizes=plan.FULL):
        return {v.target.says: v.met for v in
                targets.judge(Figures(list(records)), sizes)}

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        self.assertEqual(set(self.verdicts().values()), {None})

    def test_a_ratio_is_met_up_to_its_bound(self):
        says = "2. visit, full handshake: at most 0.5 of nginx"
        for ours, met in ((100, True), (101, False)):
            found = self.verdicts(record("sallyport", ours, "visit"),
                                  record("nginx", 200, "visit"))
            self.assertIs(found[says], met)

    def test_an_amount_needs_no_other_program(self):
        says = "3. MESSAGE: at most 5 us of CPU"
        for ours, met in ((5, True), (5.1, False)):
            found = self.verdicts(record("sallyport", ours, "message"))
            self.assertIs(found[says], met)

    def test_memory_of_few_phones_is_no_measure(self):
        says = "4. idle registered phone, one of 15,000: at most 4,500 bytes"
        idle = record("sallyport", 0, "idle", "memory", pss_per_ue=4000)

        self.assertIs(self.verdicts(idle)[says], True)
        self.assertIsNone(self.verdicts(idle, sizes=plan.QUICK)[says])

    def test_every_target_names_a_known_operation(self):
        for target in targets.TARGETS:
            self.assertIn(target.key, plan.BY_KEY)


class OfErrors(unittest.TestCase):

    def test_each_phase_gets_the_errors_that_it_added(self):
        phases = [{"phase": "register", "errors": 0},
                  {"phase": "visit", "errors": 2},
                  {"phase": "idle"},
                  {"phase": "message", "errors": 5}]

        load.count_errors(phases)

        self.assertEqual([p["errors"] for p in phases], [0, 2, 0, 3])
        self.assertEqual(load.complaint(phases, 1, ": why"),
                         "2 errors in visit, 3 errors in message: why")

    def test_errors_outside_of_phases_count_too(self):
        phases = [{"phase": "register", "errors": 0}]

        self.assertEqual(load.complaint(phases, 1, ": why"), "errors: why")
        self.assertEqual(load.complaint(phases, 0, ": why"), "")


if __name__ == "__main__":
    unittest.main()
