"""The engine alone: events of orders a second, with risk, books and a journal in memory, on one core.

What it is given was made before and is given again: its making costs nothing here.
"""

import gc
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from bench.measure import Job, Row, row
from bench.order_flow import Flow, Given, engine
from jtrader.domain.market import Quote
from jtrader.store.journal.memory import MemoryJournal

ORDERS = 20_000
ROUNDS = 3


def rows(job: Job) -> Iterator[Row]:
    flow = Flow(job.seed)
    orders = job.size(ORDERS, 20)
    kinds = Counter(type(event).__name__ for second in flow.run(orders) for event in second)
    found = [_run(flow.given) for _ in range(ROUNDS)]
    assert {events for events, _ in found} == {kinds.total()}, "the same inputs gave other events"
    best = max(events / seconds for events, seconds in found)
    each = ", ".join(f"{count / orders:.2f} {kind}" for kind, count in kinds.most_common(6))
    note = f"at least 250,000; {orders / kinds.total() * best:,.0f} orders/s, of each {each}"
    yield row("engine.events", best, "events/s", note=note)


def _run(given: Sequence[Given]) -> tuple[int, float]:
    """(events, seconds of CPU)."""
    desk, journal = engine(), MemoryJournal()
    gc.collect()
    began = time.process_time()
    for one, now in given:
        if isinstance(one, Quote):
            desk.see(one, now.wall)
            continue
        for event in desk.handle(one, now).events:
            journal.append(event)
        journal.commit()
    return journal.committed, time.process_time() - began
