"""Holds the tree to the rules. From a shell: python3 source_text_test.py ROOT."""

import os
import sys

import build_files
import rules
import sizes
import tree as trees


def main():
    marker = os.path.realpath(
        os.path.join(sys.argv[1], "WORKSPACE") if len(sys.argv) > 1
        else "WORKSPACE")
    tree = trees.read(os.path.dirname(marker))
    assert "tools/tidy/rules.py" in tree, f"no sources beside {marker}"
    faults = sorted(set(fault for rule in rules.ALL + build_files.ALL
                        for fault in rule(tree)))
    sizes.report(tree)
    for path, number, message in faults:
        print(f"{path}:{number}: {message}")
    print(f"{len(tree)} files read, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
