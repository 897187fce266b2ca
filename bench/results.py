#!/usr/bin/env python3
"""results.py BUILD_TREE: runs the benchmarks whose aims are written down and writes bench/RESULTS.md.

Takes 8 minutes to a quarter of an hour. MANDATE_BENCH_SCALE sizes the worlds (default 0.1); MANDATE_BENCH_QUICK=1 leaves out what
needs ten million relationships. Nothing else should run on the machine.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TREE = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/release").resolve()
BENCH = TREE / "bench"
SCALE = os.environ.get("MANDATE_BENCH_SCALE", "0.1")
QUICK = os.environ.get("MANDATE_BENCH_QUICK") == "1"
# As the package and the image have it.
os.environ["GLIBC_TUNABLES"] = "glibc.pthread.stack_cache_size=268435456"
ROWS = []  # (what, aim, measured, met or None)
ECHO = []  # Calls a second of the bare echo, in each world.

# What stands in the way of an aim that is missed; by the beginning of its row.
WHY = {
    "CheckBatch of 100 ": "A call costs both cores what the bare echo costs (above), whatever is in it; an item costs 4 us of both ends' time more, most of "
                         "it making, reading and freeing the parts of messages (profile in MEASURED.md). 5,000 calls a second is more than half of "
                         "what the echo alone makes here.",
    "CheckBatch of 1000 ": "4 us of both ends' time for each item; by hand, before malloc had one arena for each core, 362,000 to 518,000/s with four to eight clients.",
    "LookupResources over gRPC, drive: first": "Results come in the order of their ids, so that each folder that the subject reaches has to show its first "
                                               "document before the first is sent.",
    "LookupResources over gRPC, drive: streamed": "What the machine swings by; a third of the time goes to waking threads up for messages.",
    "durable writes": "Both cores are busy, and a write wakes two threads more than a check does: it waits, with a thread of gRPC's, for the commit that it "
                      "is a part of. gRPC keeps two threads that wait for calls and lets the others go; if it keeps 80, 64 callers make half as many "
                      "writes again, and checks lose an eighth (MEASURED.md).",
    "the same in batches": "Four fifths of a commit are RocksDB's: putting two to four keys for each relationship into its skip lists (60 %), and looking there "
                           "whether it is stored (19 %); one thread does that for all (profile in MEASURED.md).",
    "delegated check": "The chain of a session that was not asked about before is about 20 reads of RocksDB, whatever is asked about; the lists in memory "
                       "serve it from the second time on.",
}


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(*command, env=None):
    say("+ " + " ".join(str(part) for part in command))
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, env=dict(os.environ, **(env or {})))
    if done.returncode != 0:
        sys.exit(f"error: {command[0]} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def load(*options):
    return json.loads(run(BENCH / "load", *options).strip().splitlines()[-1])


def google(pattern, scale=SCALE):
    out = run(BENCH / "mandate_bench", f"--benchmark_filter={pattern}", "--benchmark_format=json", "--benchmark_min_time=1",
              env={"MANDATE_BENCH_SCALE": scale})
    found = {each["name"]: each for each in json.loads(out)["benchmarks"]}
    for each in found.values():
        if each.get("error_occurred"):
            sys.exit(f"error: {each['name']}: {each['error_message']}")
    return found


def row(what, aim, measured, met=None):
    ROWS.append((what, aim, measured, met))
    say(f"  {what}: {measured} (aim: {aim})")


def ceiling():
    with tempfile.NamedTemporaryFile() as file:
        run(BENCH / "grpc_ceiling", "--json", file.name, "--scale", SCALE)
        for each in json.load(open(file.name)):
            ECHO.append(each["echo_per_second"])
            aim = {"direct": 0.85, "rbac": 0.85, "teams": 0.85, "drive": 0.7, "wide": 0.7, "exclusion": 0.7}.get(each["world"])
            row(f"Check over gRPC beside a bare echo, {each['world']}", f"at least {aim}" if aim else "none",
                f"{each['ratio']:.2f} ({each['ratio_least']:.2f} to {each['ratio_most']:.2f}): {each['check_per_second']:,.0f}/s of "
                f"{each['echo_per_second']:,.0f}/s", each["ratio"] >= aim if aim else None)
            if "export_per_second" in each:
                row("export, drive", "none", f"{each['export_per_second']:,.0f} relationships/s")


def in_process():
    found = google("check/(drive|deep30|deep1000|direct|rbac|wide|teams|exclusion|agents)/(warm|new)|check/agents|lookup")
    for world, aim in {"direct": None, "rbac": None, "drive": 2, "deep30": 3, "deep1000": 50, "wide": None, "teams": None,
                       "exclusion": None, "agents": None}.items():
        warm, new = found[f"check/{world}/warm"], found[f"check/{world}/new"]
        row(f"in process, {world}", f"warm p50 under {aim} us" if aim else "none",
            f"warm p50 {warm['p50_us']:.2f} us, p99 {warm['p99_us']:.2f}; new p50 {new['p50_us']:.1f} us, p99 {new['p99_us']:.1f}",
            warm["p50_us"] < aim if aim else None)
    own = found["check/agents/principal"]["real_time"]
    for kind in ("session", "sub-agent"):
        ratio = found[f"check/agents/{kind}"]["real_time"] / own
        row(f"delegated check never asked before, {kind}", "under 2 times the principal's own", f"{ratio:.2f} times", ratio < 2)
    ratio = found["check/agents/warm"]["p50_us"] / found["check/drive/warm"]["p50_us"]
    row("delegated check asked before, of sessions and sub-agents", "under 2 times the principal's own", f"{ratio:.2f} times", ratio < 2)
    rate = found["lookup/subjects/wide"]["items_per_second"]
    row("LookupSubjects in process, wide", "at least 1,000,000/s", f"{rate:,.0f}/s", rate >= 1e6)


def wire():
    for batch in (100, 1000):
        got = load("--world", "drive", "--scale", SCALE, "--batch", batch, "--clients", 6, "--seconds", 5)
        row(f"CheckBatch of {batch} over gRPC, drive", "at least 500,000 items/s", f"{got['answers_per_second']:,}/s",
            got["answers_per_second"] >= 500_000)
    got = load("--world", "drive", "--scale", SCALE, "--lookups", "--seconds", 5)
    row("LookupResources over gRPC, drive: first result", "under 1 ms", f"{got['first_result_p50_ms']:.2f} ms", got["first_result_p50_ms"] < 1)
    row("LookupResources over gRPC, drive: streamed", "at least 500,000 results/s", f"{got['results_per_second']:,}/s",
        got["results_per_second"] >= 500_000)
    got = load("--world", "direct", "--scale", SCALE, "--write-share", 1, "--clients", 64, "--seconds", 5)
    row("durable writes over gRPC, 64 callers", "at least 12,000/s", f"{got['writes_per_second']:,}/s, {got['writes_per_second'] / max(ECHO):.0%} of the bare echo",
        got["writes_per_second"] >= 12_000)
    got = load("--world", "direct", "--scale", SCALE, "--write-share", 1, "--write-batch", 1000, "--clients", 8, "--seconds", 5)
    row("the same in batches of 1,000", "at least 150,000 relationships/s", f"{got['relationships_written_per_second']:,}/s",
        got["relationships_written_per_second"] >= 150_000)
    reads = load("--world", "drive", "--scale", SCALE, "--zipf", "--seconds", 5)
    mixed = load("--world", "drive", "--scale", SCALE, "--zipf", "--seconds", 5, "--write-share", 0.01, "--watch")
    ratio = mixed["rate"] / reads["rate"]
    row("99 checks to 1 write, Zipf, with a watcher", "at least 80 % of the rate of checks alone", f"{ratio:.0%}: {mixed['rate']:,}/s of {reads['rate']:,}/s",
        ratio >= 0.8)
    row("answers that did not see the write before them", "none", f"{mixed['stale']} of {mixed['writes_per_second'] * 5:,}", mixed["stale"] == 0)
    facade = load("--world", "drive", "--scale", SCALE, "--api", "authzed", "--seconds", 5)
    plain = load("--world", "drive", "--scale", SCALE, "--seconds", 5)
    row("CheckPermission of authzed.api.v1, drive", "none", f"{facade['rate']:,}/s, p99 {facade['p99_us']:,} us (mandate.v1: {plain['rate']:,}/s, {plain['p99_us']:,} us)")


def serve(data):
    began = time.monotonic()
    server = subprocess.Popen([TREE / "mandate", "serve", "--data", data, "--listen", "127.0.0.1:0", "--http", ""],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in server.stdout:
        if port := re.search(r" on 127\.0\.0\.1:(\d+),", line):
            return server, f"127.0.0.1:{port[1]}", time.monotonic() - began
    sys.exit("error: the server did not start")


def large():
    with tempfile.TemporaryDirectory() as scratch:
        data = scratch + "/db"
        server, address, _ = serve(data)
        load("--server", address, "--fill", "--world", "direct", "--scale", 1, "--seconds", 1, "--warmup", 0)
        server.terminate(), server.wait()
        server, address, took = serve(data)
        row("from start to serving, 10,000,000 relationships", "within 1 s", f"{took:.2f} s", took <= 1)
        resident = int(re.search(r"VmRSS:\s*(\d+)", pathlib.Path(f"/proc/{server.pid}/status").read_text())[1]) >> 10
        row("resident memory then", "none", f"{resident:,} MiB")
        server.terminate(), server.wait()
    small, big = (google("check/direct/warm", scale)["check/direct/warm"]["p50_us"] for scale in ("0.01", "1"))
    row("warm check at 10,000,000 relationships beside 100,000", "at most 1.3 times", f"{big / small:.2f} times: {big:.2f} us beside {small:.2f}",
        big / small <= 1.3)


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) // (1 << 20)
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    return f"{os.cpu_count()} cores ({cpu[1] if cpu else 'unknown'}), {memory} GiB, {system[1] if system else 'unknown'}"


def main():
    missing = [name for name in ("mandate", "bench/grpc_ceiling", "bench/load", "bench/mandate_bench") if not (TREE / name).exists()]
    if missing:
        sys.exit(f"error: {TREE} has no {', '.join(missing)}; `./run bench` builds them and calls this")
    ceiling()
    in_process()
    wire()
    if not QUICK:
        large()
    misses = [each for each in ROWS if each[3] is False]
    lines = ["# Results", "", f"Made by `./run bench` on {machine()}; client and server share the cores. Worlds at {SCALE} of their full size",
             "(bench/world.h), the environment as the package sets it. Ratios are of one run; other figures move with the machine. `bench/MEASURED.md` has",
             "what was measured by hand, and why what is missed is missed.", "", "| what | aim | measured | |", "| --- | --- | --- | --- |"]
    for what, aim, measured, met in ROWS:
        lines.append(f"| {what} | {aim} | {measured} | {'' if met is None else 'met' if met else 'missed'} |")
    if misses:
        lines += ["", "## What stands in the way", ""]
        for what, aim, measured, _ in misses:
            why = next((text for start, text in WHY.items() if what.startswith(start)), "Not looked into.")
            lines.append(f"- *{what}* ({measured}; aim: {aim}). {why}")
    lines += ["", f"{len(misses)} of {sum(each[3] is not None for each in ROWS)} aims missed."]
    (ROOT / "bench/RESULTS.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


main()
