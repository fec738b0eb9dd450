"""The capacity calculator, by figures that can be checked in the head; and the page
that it writes says what it says now."""
import dataclasses
import io
import json
import math
import os
import pathlib
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout

import capacity

ROOT = pathlib.Path(os.path.realpath('WORKSPACE')).parent

FIGURES = {name: (0.0, 'here') for name in capacity.FIGURES_KNOWN} | {
    'cpu_us_reregister': (100.0, 'here'),
    'cpu_us_registration': (1000.0, 'here'),
    'cpu_us_resumed_return': (200.0, 'here'),
    'bytes_per_ue': (4000.0, 'here'),
    'bytes_per_socket': (1000.0, 'here'),
    'bytes_per_shard': (1_000_000.0, 'here'),
}
# A million REGISTERs in a hundred seconds, and nothing else.
QUIET = capacity.Profile(ues=1_000_000, shards=10, reregister_interval=100,
                         keepalive_interval=0, messages=0, calls=0, reconnects=0,
                         load_max=0.5, storm_load_max=0.5)


def needs(figures=None, **changes):
    figures = FIGURES | {name: (value, 'here')
                         for name, value in (figures or {}).items()}
    return capacity.needs_of(figures, dataclasses.replace(QUIET, **changes))


class Cores(unittest.TestCase):
    def test_reregisters_are_ues_over_interval(self):
        self.assertAlmostEqual(needs().rates['reregister'], 10_000)
        self.assertAlmostEqual(needs().cores_busy, 1.0)

    def test_head_room_is_left(self):
        self.assertEqual(needs().cores_needed, 2)
        self.assertEqual(needs(load_max=0.3).cores_needed, 4)

    def test_keepalives_may_be_absent(self):
        self.assertEqual(needs().rates['keepalive'], 0)
        self.assertAlmostEqual(needs(keepalive_interval=50).rates['keepalive'],
                               20_000)

    def test_returns_of_a_day_are_more_in_the_busy_hour(self):
        rates = needs(ues=86_400, reconnects=10, busy_factor=3,
                      share_resumed=0.75).rates
        self.assertAlmostEqual(rates['resumed_return'], 22.5)
        self.assertAlmostEqual(rates['registration'], 7.5)

    def test_messages_and_calls_are_of_an_hour(self):
        rates = needs(ues=3600, messages=2, calls=0.5).rates
        self.assertAlmostEqual(rates['message'], 2)
        self.assertAlmostEqual(rates['call'], 0.5)

    def test_what_comes_to_the_wrong_shard_is_handed_over(self):
        self.assertAlmostEqual(
            needs(ues=3600, messages=2).rates['handover'], 1.8)
        self.assertEqual(
            needs(ues=3600, messages=2, shards=1).rates['handover'], 0)


class Memory(unittest.TestCase):
    def test_is_of_ues_of_the_kernel_and_of_shards(self):
        result = needs()
        self.assertEqual(result.memory_ues, 4_000_000_000)
        self.assertEqual(result.memory_kernel, 1_000_000_000)
        self.assertEqual(result.memory_shards, 10_000_000)
        self.assertEqual(result.memory, 5_010_000_000)

    def test_each_shard_has_a_link_to_each_peer(self):
        self.assertEqual(needs(core_peers=3).core_links, 30)


class Storm(unittest.TestCase):
    def test_takes_the_cpu_of_all_returns(self):
        # 1000 s of CPU on 10 halves of a core, of which half a core is taken.
        self.assertAlmostEqual(needs(share_resumed=0).storm_seconds, 1000 / 4.5)
        self.assertAlmostEqual(needs(share_resumed=1).storm_seconds, 200 / 4.5)

    def test_counts_the_move_to_the_home_shard(self):
        result = needs({'cpu_us_handover': 100.0}, share_resumed=1)
        self.assertAlmostEqual(result.storm_seconds, 290 / 4.5)

    def test_never_ends_when_nothing_is_left(self):
        result = needs(reregister_interval=1, shards=1)
        self.assertEqual(result.storm_seconds, math.inf)
        self.assertIn('DOES NOT FIT',
                      '\n'.join(capacity.report(QUIET, result)))


class Input(unittest.TestCase):
    def run_with(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = capacity.main(list(arguments))
        return status, out.getvalue(), err.getvalue()

    def with_figures(self, text):
        with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
            file.write(text)
            file.flush()
            return self.run_with(f'--figures={file.name}')

    def test_refuses_figures_that_are_not_all_there(self):
        for text in ('', '[]', '{"figures": {}}', '{"figures": []}',
                     json.dumps({'figures': {name: {'value': -1, 'source': ''}
                                             for name in FIGURES}}),
                     json.dumps({'figures': {name: {'value': 1}
                                             for name in FIGURES}})):
            status, out, err = self.with_figures(text)
            self.assertEqual((status, out), (2, ''), text)
            self.assertIn('capacity: ', err)

    def test_refuses_a_profile_that_cannot_be(self):
        figures = f'--figures={ROOT / capacity.FIGURES}'
        for argument in ('--ues=0', '--shards=0', '--reregister_interval=0',
                         '--share_resumed=1.1', '--load_max=0', '--messages=-1',
                         '--messages=nan'):
            status, out, _ = self.run_with(figures, argument)
            self.assertEqual((status, out), (2, ''), argument)

    def test_numbers_are_short(self):
        for value, text in ((0, '0'), (1234.5, '1,234'), (0.01234, '0.0123'),
                            (12.0, '12'), (83333.3, '83,333'), (99.96, '100'),
                            (math.inf, 'inf')):
            self.assertEqual(capacity.number(value), text)


class Page(unittest.TestCase):
    def test_says_what_the_tool_says_of_the_present_figures(self):
        figures = capacity.read_figures(ROOT / capacity.FIGURES)
        page = (ROOT / capacity.PAGE).read_text()
        self.assertEqual(len(capacity.MARK.findall(page)), 3)
        self.assertEqual(page, capacity.fill_page(page, figures),
                         'run tools/capacity/capacity.py --write')


if __name__ == '__main__':
    unittest.main()
