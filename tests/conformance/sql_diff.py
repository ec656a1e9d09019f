#!/usr/bin/env python3
"""Runs sql_diff.py of the conformance suites, less what is no question: sql_diff.py FOLDER DB.sqlite [its options]

Only queries with an empty selection set are left out of its verdict. It prints `{  }` for a table all of whose columns are
of kinds that it does not ask for; that is not GraphQL, so a refusal is right.

Every other difference is printed, then its own summary and what was left out. Exit code: 0 no other difference, 1 there
is one, 2 it did not come to its end.
"""
import re
import subprocess
import sys

EMPTY = re.compile(r"\{ {2}\}")
TEXT = re.compile(r'"(?:\\.|[^"\\])*"')
NOT_SERVED = "not served: "


def main():
    folder, *arguments = sys.argv[1:]
    run = subprocess.run([sys.executable, f"{folder}/sql_diff.py", *arguments], stdout=subprocess.PIPE, text=True)
    lines = run.stdout.removesuffix("\n").split("\n")
    if not lines[-1].startswith("--- "):
        print(run.stdout)
        return 2
    left_out, kept = 0, 0
    index = 0
    while index < len(lines) - 1:
        if not lines[index].startswith("DIFF "):
            kept += lines[index].startswith(NOT_SERVED)
            print(lines[index])
            index += 1
            continue
        case = lines[index : index + 4]
        index += 4
        if EMPTY.search(TEXT.sub('""', case[1])):
            left_out += 1
        else:
            kept += 1
            print("\n".join(case))
    print(f"{lines[-1]}\n--- {left_out} left out, {kept} differ or are not served")
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main())
