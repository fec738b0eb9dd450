#!/usr/bin/env python3
"""Writes docs/conformance.md: each rule of the checklist with its code and tests.

A test names the rules that it shows in a comment directly above it (or above a row
of its table):  // Conformance: SEC-01, SEC-02      (# in Python)
Code names the clause that it exists for:  // Source: RFC 3261 16.6

The page's column "code" has, for each rule: the file that a unit test which names
it stands beside (rewrite_trust_test.cc: rewrite.cc), and every file that names it
itself (// Conformance: TLS-17, not in a test); where there is neither, the files
that name its clause.

  tools/conformance/conformance.py          write docs/conformance.md
  tools/conformance/conformance.py --check  fail when it is not up to date, or when
                                            a test names a rule that does not exist
"""
import argparse
import collections
import csv
import pathlib
import re
import sys

IDS = re.compile(r'(?:REG|SEC|TLS|ASSOC|DEREG|POL|ORIG|TERM|PROXY|PARSE|TRUST|ERR)'
                 r'-\d\d')
MARKED = re.compile(r'(?://|#)\s*Conformance:\s*(.*)')
CONTINUED = re.compile(r'^\s*(?://|#)\s*((?:[A-Z]+-\d\d[, ]*)+)\s*$')
CPP_TEST = re.compile(r'\bTEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)')
PY_TEST = re.compile(r'def (test_\w+)')
SOURCES = re.compile(r'(?:RFC (\d+)|(\d\d\.\d{3})) ((?:[\w.]+(?:, | to )?)+)')
SOURCE = re.compile(r'Source:\s*((?:RFC|TS)\s?[\d.]+ [\w.]+|Sallyport \d[\d.]*)')
MARKS = {'C': 'checked', 'S': 'secondary', 'K': 'knowledge', 'D': 'design'}
ROOMS = ('core', 'net', 'proxy', 'tests', 'tools', 'bench')


def files(root):
    for room in ROOMS:
        for path in sorted((root / room).rglob('*')):
            if path.suffix in ('.h', '.cc', '.py'):
                yield path


def is_test(name):
    return re.search(r'_test\.(?:cc|py)$', name) or name.startswith('tests/')


def beside(root, name):
    """The source that a unit test stands beside, or None."""
    path = pathlib.Path(name)
    words = path.stem.split('_')[:-1]
    # edge.cc says how the Edge looks from outside; none of its tests is of that.
    while words and words != ['edge']:
        for suffix in ('.cc', '.h', '.py'):
            source = path.with_name('_'.join(words) + suffix)
            if (root / source).exists():
                return str(source)
        words.pop()
    return None


def clauses_of(source):
    """{"RFC 3261 10.3", ...} of a cell such as `SEED; RFC 3261 10.2.3, 19.1.4`."""
    for rfc, ts, numbers in SOURCES.findall(source):
        for number in re.split(', | to ', numbers):
            yield f'RFC {rfc} {number}' if rfc else f'TS {ts} {number}'


def code_of(root, rule, tests, code, clauses):
    found = set(code.get(rule['id'], ()))
    found |= {beside(root, name) for name, _ in tests.get(rule['id'], ())
              if not name.startswith(('tests/', 'tools/'))} - {None}
    if not found:
        for clause in clauses_of(rule['source']):
            found |= {name for cited, names in clauses.items()
                      if (cited + '.').startswith(clause + '.')
                      for name in names if not is_test(name)}
    return sorted(found)


def test_name(lines, start):
    """The test that a mark at lines[start] belongs to: the next one, else the last."""
    for line in lines[start:] + lines[start::-1]:
        found = CPP_TEST.search(line)
        if found:
            return f'{found[1]}.{found[2]}'
        found = PY_TEST.search(line)
        if found:
            return found[1]
    return None


def marks(lines):
    """Yields (line number, ids) for each mark, its continuation lines included."""
    for number, line in enumerate(lines):
        found = MARKED.search(line)
        if not found:
            continue
        ids = IDS.findall(found[1])
        following = number + 1
        while following < len(lines) and CONTINUED.match(lines[following]):
            ids += IDS.findall(lines[following])
            following += 1
        yield number, ids


def collect(root):
    tests = collections.defaultdict(list)
    code = collections.defaultdict(set)
    clauses = collections.defaultdict(set)
    problems = []
    for path in files(root):
        if path.parts[-2] == 'conformance':
            continue
        name = str(path.relative_to(root))
        lines = path.read_text(errors='replace').splitlines()
        for number, ids in marks(lines):
            if not is_test(name):
                for rule in ids:
                    code[rule].add(name)
                continue
            test = test_name(lines, number)
            if test is None:
                problems.append(f'{name}:{number + 1}: a mark without a test')
            for rule in ids:
                entry = (name, test)
                if entry not in tests[rule]:
                    tests[rule].append(entry)
        for clause in SOURCE.findall('\n'.join(lines)):
            clauses[clause.rstrip('.')].add(name)
    return tests, code, clauses, problems


def page(root, rules, tests, code, clauses):
    shown = sum(1 for rule in rules if tests.get(rule['id']))
    yield '# Conformance'
    yield ''
    yield ('Generated by `tools/conformance/conformance.py` from the marks in the '
           'tests; a test fails when this page is out of date.')
    yield ''
    yield (f'{shown} of {len(rules)} rules have tests that name them; the others '
           'are **open**. Releases: TS 24.229 v16.6.0, TS 33.203 v14.1.0; RFCs as '
           'published. "SEED" is the change request text on TS 24.229 Annex L, '
           'L.3.2.2. Mark: how well the source could be confirmed.')
    group = None
    for rule in rules:
        if rule['id'].split('-')[0] != group:
            group = rule['id'].split('-')[0]
            yield ''
            yield f'## {group}'
            yield ''
            yield '| id | requirement | source | mark | code | tests |'
            yield '| --- | --- | --- | --- | --- | --- |'
        named = '<br>'.join(f'`{test}` ({name})'
                            for name, test in tests.get(rule['id'], []))
        written = '<br>'.join(code_of(root, rule, tests, code, clauses)
                              if named else ())
        yield (f"| {rule['id']} | {rule['requirement']} | {rule['source']} | "
               f"{MARKS[rule['mark']]} | {written} | {named or '**open**'} |")
    yield ''
    yield '## Clauses in the code'
    yield ''
    yield '| clause | code |'
    yield '| --- | --- |'
    for clause in sorted(clauses, key=clause_order):
        yield f"| {clause} | {', '.join(sorted(clauses[clause]))} |"


def clause_order(clause):
    return [int(part) if part.isdigit() else part
            for part in re.split(r'(\d+)', clause)]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--root', type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    options = parser.parse_args()
    with open(options.root / 'docs/checklist.tsv', newline='') as table:
        rules = list(csv.DictReader(table, delimiter='\t',
                                    quoting=csv.QUOTE_NONE))
    tests, code, clauses, problems = collect(options.root)
    known = {rule['id'] for rule in rules}
    problems += [f'{entries[0][0]}: no such rule: {rule}'
                 for rule, entries in sorted(tests.items()) if rule not in known]
    problems += [f'{min(names)}: no such rule: {rule}'
                 for rule, names in sorted(code.items()) if rule not in known]
    problems += [f'docs/checklist.tsv: {rule["id"]} has a test and no code'
                 for rule in rules if tests.get(rule['id']) and
                 not code_of(options.root, rule, tests, code, clauses)]
    text = '\n'.join(page(options.root, rules, tests, code, clauses)) + '\n'
    target = options.root / 'docs/conformance.md'
    if options.check and (not target.exists() or target.read_text() != text):
        problems.append('docs/conformance.md is out of date: run '
                        'tools/conformance/conformance.py')
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 1
    if not options.check:
        target.write_text(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
