#!/usr/bin/env python3
"""Says what a load of UEs needs: cores, memory, connections; and how long the
return of all of them takes.

What one thing costs (CPU, bytes) is read from a file of figures, which is replaced
when something was measured anew; what the UEs do is said by the flags. Nothing is
measured here. The formulas:

  rates per second
    reregister   ues / reregister_interval
    keepalive    ues / keepalive_interval
    message      ues * messages / 3600
    call         ues * calls / 3600
    return       ues * reconnects / 86400 * busy_factor
    resumed      return * share_resumed;   registration: the other returns
    handover     (message + resumed) * (shards - 1) / shards
  cores busy     sum over these of rate * cpu_us / 1000000
  cores needed   cores busy / load_max, rounded up: one shard each
  memory         ues * (bytes_per_ue + bytes_per_socket) + shards * bytes_per_shard
  core links     shards * core_peers, each opened by a shard when it is needed; as
                 many more if every peer opens connections of its own to every shard
  storm          all UEs at once, share_resumed of them with a ticket. CPU seconds:
                   ues * (share_resumed * (resumed + handover) +
                          (1 - share_resumed) * registration) / 1000000
                 shared out over shards * storm_load_max cores, less half of the
                 cores busy without returns, because those who are back talk again

A message is one request with its answer. The network, the registrar and the core
are not in it: a storm makes as many registrations per second as is printed, and
the home network must take them.
"""
import argparse
import dataclasses
import json
import math
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIGURES = 'bench/results/figures.json'
PAGE = 'docs/capacity.md'

# Name, unit and meaning of each figure, in the order of the table.
FIGURES_KNOWN = {
    'cpu_us_reregister': ('us', 'CPU per re-REGISTER and its 200'),
    'cpu_us_registration':
        ('us', 'CPU per registration from nothing: full handshake, two REGISTERs'),
    'cpu_us_resumed_return': ('us', 'CPU per return: ticket, one REGISTER'),
    'cpu_us_message': ('us', 'CPU per MESSAGE and its answer, either way'),
    'cpu_us_call': ('us', 'CPU per call, from INVITE to the answer of BYE'),
    'cpu_us_keepalive': ('us', 'CPU per keep-alive and its answer'),
    'cpu_us_handover': ('us', 'CPU per message or connection given to another shard'),
    'bytes_per_ue': ('bytes', 'memory of the process per idle registered UE'),
    'bytes_per_socket': ('bytes', 'memory of the kernel per idle connection'),
    'bytes_per_shard': ('bytes', 'memory of a shard without UEs'),
}


@dataclasses.dataclass(frozen=True)
class Profile:
    """What the UEs do, and on how many shards."""
    ues: int = 1_000_000
    shards: int = 16
    reregister_interval: float = 1800
    keepalive_interval: float = 120
    messages: float = 0.5
    calls: float = 0
    reconnects: float = 4
    share_resumed: float = 0.9
    busy_factor: float = 3
    core_peers: int = 4
    load_max: float = 0.6
    storm_load_max: float = 0.9


HELP = {
    'ues': 'UEs that are registered, each with a connection of its own',
    'shards': 'shards, one per core',
    'reregister_interval': 'seconds between two REGISTERs of a UE',
    'keepalive_interval': 'seconds between two keep-alives of a UE; 0: none',
    'messages': 'MESSAGEs per UE in the busy hour, both ways together',
    'calls': 'calls per UE in the busy hour',
    'reconnects': 'lost and renewed connections per UE and day',
    'share_resumed': 'share of the returns that bring a ticket, 0 to 1',
    'busy_factor': 'returns in the busy hour, over those of a mean hour',
    'core_peers': 'addresses of the home network that a shard speaks to',
    'load_max': 'share of a core that may be busy in the busy hour',
    'storm_load_max': 'share of a core that may be busy when all return',
}


@dataclasses.dataclass(frozen=True)
class Needs:
    """What a profile comes to."""
    rates: dict          # kind: per second
    cores: dict          # kind: cores busy
    cores_busy: float
    cores_needed: int
    memory_ues: int      # bytes
    memory_kernel: int
    memory_shards: int
    core_links: int
    ues_per_shard: int
    storm_seconds: float  # infinite: the steady load leaves no room
    storm_per_second: float

    @property
    def memory(self):
        return self.memory_ues + self.memory_kernel + self.memory_shards


class BadInput(Exception):
    """One sentence for the person who asked."""


def read_figures(path):
    """name: (value, source), all that are known and no others."""
    try:
        entries = json.loads(pathlib.Path(path).read_text())['figures']
        figures = {name: (float(entry['value']), str(entry['source']))
                   for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f'{path}: no figures: {error!r}') from error
    if set(figures) != set(FIGURES_KNOWN):
        odd = sorted(set(figures) ^ set(FIGURES_KNOWN))
        raise BadInput(f'{path}: missing or unknown: {", ".join(odd)}')
    for name, (value, _) in figures.items():
        if not (math.isfinite(value) and value >= 0):
            raise BadInput(f'{path}: {name} is {value}')
    return figures


def check(profile):
    for field in dataclasses.fields(profile):
        value = getattr(profile, field.name)
        least = 1 if field.type is int or field.name == 'reregister_interval' else 0
        if not (math.isfinite(value) and value >= least):
            raise BadInput(f'--{field.name} is {value}')
    if profile.share_resumed > 1:
        raise BadInput('--share_resumed is a share, 0 to 1')
    for name in ('load_max', 'storm_load_max'):
        if not 0 < getattr(profile, name) <= 1:
            raise BadInput(f'--{name} is a share, above 0 and at most 1')


def rates_of(profile):
    returns = profile.ues * profile.reconnects / 86400 * profile.busy_factor
    rates = {
        'reregister': profile.ues / profile.reregister_interval,
        'keepalive': (profile.ues / profile.keepalive_interval
                      if profile.keepalive_interval else 0),
        'message': profile.ues * profile.messages / 3600,
        'call': profile.ues * profile.calls / 3600,
        'resumed_return': returns * profile.share_resumed,
        'registration': returns * (1 - profile.share_resumed),
    }
    rates['handover'] = ((rates['message'] + rates['resumed_return']) *
                         elsewhere(profile))
    return rates


def elsewhere(profile):
    """The share of what comes in on another shard than its own."""
    return (profile.shards - 1) / profile.shards


def storm_of(figures, profile, cores):
    """Seconds until all are back."""
    cost = {name: value for name, (value, _) in figures.items()}
    resumed = (cost['cpu_us_resumed_return'] +
               cost['cpu_us_handover'] * elsewhere(profile))
    cpu_seconds = profile.ues / 1e6 * (
        profile.share_resumed * resumed +
        (1 - profile.share_resumed) * cost['cpu_us_registration'])
    steady = sum(busy for kind, busy in cores.items()
                 if kind not in ('resumed_return', 'registration'))
    free = profile.shards * profile.storm_load_max - steady / 2
    return cpu_seconds / free if free > 0 else math.inf


def needs_of(figures, profile):
    check(profile)
    rates = rates_of(profile)
    cores = {kind: rate * figures[f'cpu_us_{kind}'][0] / 1e6
             for kind, rate in rates.items()}
    busy = sum(cores.values())
    storm = storm_of(figures, profile, cores)
    return Needs(
        rates=rates,
        cores=cores,
        cores_busy=busy,
        cores_needed=max(1, math.ceil(busy / profile.load_max)),
        memory_ues=round(profile.ues * figures['bytes_per_ue'][0]),
        memory_kernel=round(profile.ues * figures['bytes_per_socket'][0]),
        memory_shards=round(profile.shards * figures['bytes_per_shard'][0]),
        core_links=profile.shards * profile.core_peers,
        ues_per_shard=math.ceil(profile.ues / profile.shards),
        storm_seconds=storm,
        storm_per_second=profile.ues / storm if storm else math.inf)


# ---- what people read

def number(value):
    """Three digits that count, and no exponent."""
    if value == 0 or not math.isfinite(value):
        return f'{value:g}' if value else '0'
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f'{round(value, digits) if digits else round(value):,.{digits}f}'
    return text.rstrip('0').rstrip('.') if '.' in text else text


def gib(size):
    return f'{number(size / 2**30)} GiB'


def report(profile, needs):
    yield f'{"what":<16}{"per second":>14}{"cores busy":>14}'
    for kind, rate in needs.rates.items():
        yield f'{kind:<16}{number(rate):>14}{number(needs.cores[kind]):>14}'
    yield f'{"all":<16}{"":>14}{number(needs.cores_busy):>14}'
    yield ''
    fits = 'fits' if needs.cores_needed <= profile.shards else 'DOES NOT FIT'
    yield (f'cores needed    {needs.cores_needed} at {profile.load_max:.0%} busy, '
           f'of {profile.shards}: {fits}')
    yield (f'memory          {gib(needs.memory)}: UEs {gib(needs.memory_ues)}, '
           f'kernel {gib(needs.memory_kernel)}, '
           f'shards {gib(needs.memory_shards)}')
    yield (f'core links      {needs.core_links:,}: {profile.shards} shards to '
           f'{profile.core_peers} peers')
    yield f'UEs per shard   {needs.ues_per_shard:,}'
    yield (f'storm           {number(needs.storm_seconds)} s until all are back, '
           f'{number(needs.storm_per_second)} registrations per second')


def table(figures):
    yield '| figure | value | unit | what | source |'
    yield '| --- | --: | --- | --- | --- |'
    for name, (unit, meaning) in FIGURES_KNOWN.items():
        value, source = figures[name]
        yield f'| `{name}` | {value:,.12g} | {unit} | {meaning} | {source} |'


# ---- the page: what stands between two marks is made here

MARK = re.compile(r'(<!-- capacity(?P<arguments>[^>]*?) -->\n).*?(<!-- end -->)',
                  re.DOTALL)


def fill_page(text, figures):
    def block(match):
        arguments = match['arguments'].split()
        if arguments == ['--table']:
            lines = list(table(figures))
        else:
            profile = profile_of(parser().parse_args(arguments))
            command = ' '.join(['tools/capacity/capacity.py', *arguments])
            lines = ['```', f'$ {command}',
                     *report(profile, needs_of(figures, profile)), '```']
        return match[1] + '\n'.join(lines) + '\n' + match[3]
    return MARK.sub(block, text)


def parser():
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(Profile):
        result.add_argument(f'--{field.name}', type=field.type,
                            default=field.default,
                            help=f'{HELP[field.name]} (%(default)s)')
    result.add_argument('--figures', type=pathlib.Path, default=ROOT / FIGURES,
                        help=f'the file of figures ({FIGURES})')
    result.add_argument('--table', action='store_true',
                        help='print the figures as a table instead')
    result.add_argument('--write', action='store_true',
                        help=f'write what {PAGE} says of them instead')
    return result


def profile_of(options):
    return Profile(**{field.name: getattr(options, field.name)
                      for field in dataclasses.fields(Profile)})


def main(arguments=None):
    options = parser().parse_args(arguments)
    try:
        figures = read_figures(options.figures)
        if options.write:
            page = ROOT / PAGE
            page.write_text(fill_page(page.read_text(), figures))
            return 0
        profile = profile_of(options)
        lines = (table(figures) if options.table
                 else report(profile, needs_of(figures, profile)))
        print('\n'.join(lines))
    except BadInput as error:
        print(f'capacity: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
