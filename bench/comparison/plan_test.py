"""Which steps there are, in which order, and how long they will take."""

import io
import unittest

from comparison import plan, programs
from comparison.progress import Progress

SIZES = plan.Sizes(rounds=2, few=4, many=8, memory=100)
PAIR = (programs.HAPROXY, programs.STATELESS)


def steps(sizes=SIZES, descriptors=20_000):
    return list(plan.steps(PAIR, sizes, descriptors))


class Steps(unittest.TestCase):

    def test_programs_take_turns_and_each_round_begins_with_another(self):
        self.assertEqual(
            [(s.round, s.run, s.program.name) for s in steps()], [
                (0, "few", "haproxy"), (0, "few", "kamailio-stateless"),
                (0, "many", "haproxy"), (0, "many", "kamailio-stateless"),
                (0, "memory", "haproxy"), (0, "memory", "kamailio-stateless"),
                (1, "few", "kamailio-stateless"), (1, "few", "haproxy"),
                (1, "many", "kamailio-stateless"), (1, "many", "haproxy")])

    def test_only_who_speaks_sip_gets_messages(self):
        found = {s.program.name: "message" in s.phases for s in steps()
                 if s.run == "few"}

        self.assertEqual(found, {"haproxy": False, "kamailio-stateless": True})

    def test_phones_are_as_many_as_descriptors_allow(self):
        found = {s.program.name: s.phones
                 for s in steps(plan.Sizes(memory=15_000), 20_000)
                 if s.run == "memory"}

        self.assertEqual(found, {"haproxy": 9900,
                                 "kamailio-stateless": 15_000})

    def test_the_rate_is_that_of_the_size(self):
        found = plan.phases("few", programs.NGINX, plan.TINY)

        self.assertIn(f"reregister@{plan.TINY.latency_rate}", found)

    def test_a_full_run_takes_less_than_half_an_hour(self):
        total = sum(s.seconds for s in plan.steps(
            programs.PEER_PROGRAMS + (programs.sallyport(""),), plan.FULL,
            70_000))

        self.assertLess(total, 25 * 60)

    def test_a_quick_run_takes_about_three_minutes(self):
        total = sum(s.seconds for s in plan.steps(
            programs.PEER_PROGRAMS + (programs.sallyport(""),), plan.QUICK,
            70_000))

        self.assertLess(total, 200)


class TimeLeft(unittest.TestCase):

    def test_it_follows_the_pace_of_what_is_done(self):
        clock = [0.0]
        progress = Progress(io.StringIO(), lambda: clock[0])
        all_steps = steps()
        progress.begin(all_steps)
        rest = sum(s.seconds for s in all_steps[1:])
        progress.step(all_steps[0])
        clock[0] += 2 * all_steps[0].seconds

        progress.done(all_steps[0])

        self.assertEqual(progress.time_left(),
                         f"about {2 * rest / 60:.0f} min")

    def test_a_line_for_each_step_where_nobody_watches(self):
        out = io.StringIO()
        progress = Progress(out)
        progress.begin(steps())

        progress.step(steps()[0])
        progress.phase("visit")

        self.assertRegex(out.getvalue(), r"^round 1 of 2: HAProxy, 4 phones; "
                                         r"about .* left\n$")


if __name__ == "__main__":
    unittest.main()
