#!/usr/bin/env python3
"""instructions.py PROGRAM [--update] [--profile DIRECTORY]: counts the instructions of each operation of bench/instructions.cc under
callgrind, and fails when one takes over 10 % more than bench/instructions.txt says.

Counts do not depend on what else the machine does; on the compiler and the libraries they do, so the file says which. --update
writes it anew. --profile keeps callgrind's files there, for callgrind_annotate --inclusive=yes.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BASELINE = pathlib.Path(__file__).resolve().parent / "instructions.txt"
TOLERANCE = 0.10
HEADER = "# Instructions an operation, by bench/instructions.py; `bench/instructions.py PROGRAM --update` writes it anew.\n"


def count(program, scratch):
    done = subprocess.run(["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes",
                           f"--callgrind-out-file={scratch}/out", program],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"error: {program} ended with {done.returncode}:\n{done.stdout}")
    counts = {}
    for path in scratch.glob("out.*-01"):  # Of the main thread alone: what RocksDB does in the background comes when it comes.
        text = path.read_text(errors="replace")
        name = re.search(r"^desc: Trigger: Client Request: (\S+) (\d+)$", text, re.M)
        total = re.search(r"^totals: (\d+)", text, re.M)
        if name and total:
            counts[name[1]] = round(int(total[1]) / int(name[2]))
            path.rename(scratch / name[1].replace("/", "-"))
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--profile")
    given = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("error: valgrind is not installed (Debian: valgrind)")
    with tempfile.TemporaryDirectory() as temporary:
        scratch = pathlib.Path(given.profile or temporary).resolve()
        scratch.mkdir(parents=True, exist_ok=True)
        counts = count(given.program, scratch)
    if not counts:
        sys.exit("error: callgrind counted nothing")
    if given.update:
        BASELINE.write_text(HEADER + "".join(f"{name} {counts[name]}\n" for name in sorted(counts)))
    known = dict(line.split() for line in BASELINE.read_text().splitlines() if not line.startswith("#"))
    worse = []
    for name in sorted(counts.keys() | known.keys()):
        if name not in known or name not in counts:
            worse.append(f"{name} is {'not in instructions.txt' if name in counts else 'no longer counted'}")
            continue
        ratio = counts[name] / int(known[name])
        print(f"{name:28} {counts[name]:>12,}  {ratio:5.2f} times the {int(known[name]):,} of instructions.txt")
        if ratio > 1 + TOLERANCE:
            worse.append(f"{name} takes {ratio:.2f} times as many instructions as instructions.txt says")
        elif ratio < 1 - TOLERANCE:
            print(f"  fewer than before: write it down with --update")
    if worse:
        sys.exit("error: " + "\nerror: ".join(worse) + "\nif that is what the change is worth, say so in DECISIONS.md and write the file anew with --update")


main()
