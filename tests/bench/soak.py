"""The long runs: `python tests/bench/soak.py feed recorder --minutes 30`; `make soak` calls it.

A run is a module of `long/` with `run(seconds, seed) -> Outcome`. What was found is written to `soak/report.json` below
the home after each, and stays there until the run is done again; the exit code is 1 where one showed trouble.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "platform")]

from bench.long.outcome import Outcome  # noqa: E402
from jtrader.app.settings import load_settings  # noqa: E402

RUNS = ("crawl", "feed", "recorder")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/bench/soak.py", description="Long runs, one after the other.")
    parser.add_argument("runs", nargs="*", help=f"any of: {', '.join(RUNS)}; none = all")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long each lasts at most")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wrong = [name for name in asked.runs if name not in RUNS]
    if wrong:
        parser.error(f"no run {', '.join(wrong)}; there are {', '.join(RUNS)}")
    report = load_settings().root / "soak" / "report.json"
    found = []
    for name in asked.runs or RUNS:
        print(f"{name}: up to {asked.minutes:g} minutes …", file=sys.stderr, flush=True)
        began = time.monotonic()
        outcome = importlib.import_module(f"bench.long.{name}").run(60 * asked.minutes, asked.seed)
        outcome = msgspec.structs.replace(outcome, seconds=round(time.monotonic() - began, 1))
        print(f"    {outcome.trouble or 'good'}; {outcome.figures}", file=sys.stderr, flush=True)
        _keep(report, outcome)
        found.append(outcome)
    print(f"see {report}", file=sys.stderr)
    return 0 if all(one.is_good for one in found) else 1


def _keep(report: Path, outcome: Outcome) -> None:
    """Takes the place of what the same run found before."""
    report.parent.mkdir(parents=True, exist_ok=True)
    kept = msgspec.json.decode(report.read_bytes(), type=list[Outcome]) if report.exists() else []
    kept = [*(one for one in kept if one.name != outcome.name), outcome]
    fresh = report.with_suffix(".tmp")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    fresh.replace(report)


if __name__ == "__main__":
    sys.exit(main())
