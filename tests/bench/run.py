"""Runs groups of benchmarks: `python tests/bench/run.py decode crawl --seed 1`; `jtrader bench` calls it.

A group is a module of `groups/` with `rows(job: Job) -> Iterator[Row]`. The rows go to standard output as one JSON
list, progress to standard error.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "platform")]

from bench.measure import Job, Row  # noqa: E402
from jtrader.domain.money import use_exact_context  # noqa: E402


def known() -> list[str]:
    return sorted(file.stem for file in (HERE / "groups").glob("*.py"))


def run(groups: list[str], job: Job, tell: Callable[[str], None]) -> Iterator[Row]:
    for number, group in enumerate(groups, 1):
        tell(f"[{number}/{len(groups)}] {group} …")
        began = time.monotonic()
        for row in importlib.import_module(f"bench.groups.{group}").rows(job):
            tell(f"    {row.name:28} {row.value:>16,.6g} {row.unit}" + (f"   {row.note}" if row.note else ""))
            yield row
        tell(f"    {group}: {time.monotonic() - began:.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/bench/run.py", description="Measure; the rows go to standard output.")
    parser.add_argument("groups", nargs="*", help=f"any of: {', '.join(known())}; none = all")
    parser.add_argument("--seed", type=int, default=1, help="makes the workload's data")
    parser.add_argument("--seeds", type=int, default=2_000, help="how many seeds a simulation runs")
    parser.add_argument("--scale", type=float, default=1.0, help="a share of the full size, for a look or a test")
    asked = parser.parse_args()
    use_exact_context()
    wrong = [group for group in asked.groups if group not in known()]
    if wrong:
        parser.error(f"no group {', '.join(wrong)}; there are {', '.join(known())}")
    job = Job(seed=asked.seed, seeds=asked.seeds, scale=asked.scale)
    found = list(run(asked.groups or known(), job, lambda line: print(line, file=sys.stderr, flush=True)))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
