"""A tick's whole way: sender process → feed process → bus → 8 strategies in 2 processes, at 10,000 a second for a
minute; then the highest rate at which nothing is lost, in short steps.

All of it shares the cores with the sender, whose CPU is told apart. A step counts if every callback came and the
sender kept its pace.
"""

from collections.abc import Iterator
from typing import Any

from bench.market_path import measure
from bench.measure import Job, Row, row

RATE, SECONDS = 10_000, 60.0
STEPS = (20_000, 30_000, 40_000, 50_000, 60_000, 70_000, 80_000, 100_000, 120_000)
STEP_SECONDS = 4.0
PACE = 0.98
"""Share of the asked rate that the sender must reach."""


def rows(job: Job) -> Iterator[Row]:
    at = measure(RATE, max(0.2, SECONDS * job.scale), seed=job.seed)
    cores = f"cores used: feed {at['cpu_feed']}, strategies {at['cpu_hosts']}, sender {at['cpu_sender']}"
    yield row("pipeline.rate", at["sent_per_s"] * at["callbacks"] / at["wanted"], "ticks/s", RATE, cores)
    yield row("pipeline.p50_ms", at["p50_ms"], "ms", None, "sending to callback, all 8")
    yield row("pipeline.p99_ms", at["p99_ms"], "ms", None, f"at most 5; the longest {at['max_ms']:.1f}")
    yield row("pipeline.lost", at["lost"], "callbacks", None, f"of {at['wanted']:,}")
    yield _highest(job)


def _highest(job: Job) -> Row:
    best: dict[str, Any] | None = None
    failed = "no step failed"
    for rate in STEPS[: max(1, int(len(STEPS) * min(1.0, job.scale)))]:
        at = measure(rate, max(0.2, STEP_SECONDS * min(1.0, job.scale)), seed=job.seed)
        if at["lost"] or at["sent_per_s"] < PACE * rate:
            failed = (
                f"at {rate:,}: {at['lost']:,} of {at['wanted']:,} callbacks lost, sent {at['sent_per_s']:,} a second"
            )
            break
        best = at
    if best is None:
        return row("pipeline.max_rate", 0, "ticks/s", None, failed)
    note = f"goal 100,000; p99 {best['p99_ms']:.1f} ms; feed {best['cpu_feed']} of a core; {failed}"
    return row("pipeline.max_rate", best["rate"], "ticks/s", None, note)
