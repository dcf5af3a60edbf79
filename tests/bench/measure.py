"""What every benchmark returns, and how work is timed."""

import gc
import time
from collections.abc import Callable

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure. `limit` is what the machine, a library or a peer reaches in the same run, `ratio` = value / limit."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    ratio: float | None = None
    note: str = ""


class Job(msgspec.Struct, frozen=True):
    """`scale` is a share of the full size: figures of a scaled run show that it works, not how fast it is."""

    seed: int = 1
    seeds: int = 2_000
    scale: float = 1.0

    def size(self, full: int, least: int = 1) -> int:
        return max(least, int(full * self.scale))


def row(name: str, value: float, unit: str, limit: float | None = None, note: str = "") -> Row:
    ratio = value / limit if limit else None
    return Row(name=name, value=value, unit=unit, limit=limit, ratio=ratio, note=note)


def per_cpu_second(work: Callable[[], int], rounds: int = 3) -> float:
    """Things done per second of this process's CPU, the best of some rounds: what one core can do."""
    best = 0.0
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        done = work()
        best = max(best, done / (time.process_time() - began))
    return best


def percentile(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]
