#!/usr/bin/env python3
"""Runs the judge over SQL and leaves out what is no question: sql_diff.py FOLDER DB.sqlite [options of the judge]

The judge sometimes prints a query with an empty selection set, for a table all of whose columns are of kinds it does
not ask for. `{  }` is not GraphQL, so a refusal of it is right. Those differences, and only those, are left out; every
other one is printed. Ends with the judge's own summary. Exit code: 0 no other difference, 1 there is one, 2 the judge
did not come to its end.
"""
import re
import subprocess
import sys

EMPTY = re.compile(r"\{ {2}\}")
TEXT = re.compile(r'"(?:\\.|[^"\\])*"')


def main():
    folder, *arguments = sys.argv[1:]
    judge = subprocess.run([sys.executable, f"{folder}/sql_diff.py", *arguments], stdout=subprocess.PIPE, text=True)
    lines = judge.stdout.removesuffix("\n").split("\n")
    if not lines[-1].startswith("--- "):
        print(judge.stdout)
        return 2
    left_out, kept, others = 0, 0, []
    index = 0
    while index < len(lines) - 1:
        if lines[index].startswith("DIFF "):
            case = lines[index : index + 4]
            if EMPTY.search(TEXT.sub('""', case[1])):
                left_out += 1
            else:
                kept += 1
                print("\n".join(case))
            index += 4
        else:
            others.append(lines[index])
            index += 1
    print("\n".join(others + [lines[-1], f"--- {left_out} left out, {kept} differ"]))
    return 1 if kept or any(line.startswith("not served: ") for line in others) else 0


if __name__ == "__main__":
    sys.exit(main())
