"""Postings of fills on one core: in a batch, and live, where each fill's new P&L is told at once.

Four strategies trade three perpetual contracts of one account.
"""

import gc
import time
from collections.abc import Iterator, Sequence

from bench.measure import Job, Row, per_cpu_second, row
from bench.trades import ACCOUNT, INSTRUMENTS, NAMES, PRICE, STRATEGIES, day
from jtrader.domain.events import Event, OrderFilled
from jtrader.ledger.book import Ledger

FILLS, LIVE_FILLS = 100_000, 20_000
ROUNDS = 3


def rows(job: Job) -> Iterator[Row]:
    events = list(day(job.seed, job.size(FILLS, 100)))
    fills = sum(isinstance(event, OrderFilled) for event in events)
    lines = 0

    def batch() -> int:
        nonlocal lines
        ledger = Ledger(INSTRUMENTS.values())
        lines = sum(len(ledger.apply(event)) for event in events)
        return fills

    rate = per_cpu_second(batch, ROUNDS)
    yield row("ledger.fills", rate, "fills/s", note=f"at least 100,000; {lines / fills:.2f} lines a fill")
    live = events[: 2 * job.size(LIVE_FILLS, 100)]
    best = min(_live(live) for _ in range(ROUNDS))
    places = len(STRATEGIES) * len(NAMES)
    yield row("ledger.live_us", best * 1e6, "us", note=f"at most 50; a fill and the P&L of {places} positions after it")


def _live(events: Sequence[Event]) -> float:
    """Seconds of CPU a fill."""
    ledger, fills = Ledger(INSTRUMENTS.values()), 0
    marks = dict.fromkeys(NAMES, PRICE)
    gc.collect()
    began = time.process_time()
    for event in events:
        ledger.apply(event)
        if isinstance(event, OrderFilled):
            fills += 1
            ledger.pnl_points(event.ts, marks.get)
    seconds = time.process_time() - began
    assert ledger.balances(ACCOUNT)
    return seconds / fills
