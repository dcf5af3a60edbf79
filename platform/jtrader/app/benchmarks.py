"""Runs the benchmarks of a checkout (tests/bench) in a process of their own and keeps what they measured."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jtrader.app.settings import CHECKOUT
from jtrader.domain.errors import BadInput, Broken

RUNNER = CHECKOUT / "tests" / "bench" / "run.py"

Figures = dict[str, Any]


def measure(root: Path, groups: Sequence[str], seed: int, seeds: int, scale: float) -> list[Figures]:
    """The rows, also merged by name into `<root>/bench/results.json`. Raises BadInput for a group that isn't there and
    where the program runs without its checkout, Broken when a benchmark fails."""
    if not RUNNER.exists():
        raise BadInput(f"the benchmarks stand in a checkout's tests/bench; there is none at {RUNNER.parent}")
    options = ["--seed", str(seed), "--seeds", str(seeds), "--scale", str(scale)]
    done = subprocess.run(
        [sys.executable, str(RUNNER), *groups, *options], stdout=subprocess.PIPE, env=dict(os.environ), check=False
    )
    if done.returncode == 2:
        raise BadInput("the benchmarks were asked for something they don't have; the line above says what there is")
    if done.returncode != 0:
        raise Broken(f"a benchmark failed (code {done.returncode}); the lines above say where")
    rows: list[Figures] = json.loads(done.stdout)
    _keep(root / "bench" / "results.json", rows)
    return rows


def shown(rows: Sequence[Mapping[str, Any]]) -> list[Figures]:
    """Figures for people: four digits that matter."""
    return [{name: _short(value) for name, value in row.items()} for row in rows]


def _short(value: Any) -> Any:
    return f"{value:,.4g}" if isinstance(value, float) and abs(value) < 1_000 else _thousands(value)


def _thousands(value: Any) -> Any:
    return f"{value:,.0f}" if isinstance(value, float) else value


def _keep(file: Path, rows: Sequence[Figures]) -> None:
    """Figures of an earlier run stay until they are measured again."""
    file.parent.mkdir(parents=True, exist_ok=True)
    earlier: list[Figures] = json.loads(file.read_text()) if file.exists() else []
    merged = {row["name"]: row for row in [*earlier, *rows]}
    fresh = file.with_suffix(".tmp")
    fresh.write_text(json.dumps(list(merged.values()), indent=1) + "\n")
    fresh.replace(file)
