"""The journal against a bare loop of write and fsync of as many bytes: what encoding, checksums and numbers cost.

Batches of 1, 16 and 256 records of about 200 B; the lowest ratio counts. Both sides write to the same disk in turns, so
that a slow moment of the disk meets both.
"""

import itertools
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from bench.measure import Job, Row, row
from bench.servers import folder
from jtrader.domain.events import CancelRequested, Event, OrderRejected, OrderUnknown, Sequenced
from jtrader.domain.ids import ClientOrderId
from jtrader.store.journal.files import FileJournal

BATCHES = {1: 3_000, 16: 1_500, 256: 400}
"""Commits by the number of records in each."""
TURNS = 20
"""How often the two sides change places."""
RECORD = 200
NOW = 1_767_225_600_000_000_000
KINDS: tuple[Callable[[ClientOrderId, str], Event], ...] = (
    lambda name, reason: CancelRequested(ts=NOW, client_order_id=name, reason=reason),
    lambda name, reason: OrderRejected(ts=NOW, client_order_id=name, code="rejected", reason=reason),
    lambda name, reason: OrderUnknown(ts=NOW, client_order_id=name, reason=reason),
)


def rows(job: Job) -> Iterator[Row]:
    events = _events(random.Random(job.seed))
    with folder() as place:
        found = {
            batch: _measure(place / str(batch), events, batch, job.size(commits, TURNS))
            for batch, commits in BATCHES.items()
        }
    worst = min(found, key=lambda batch: found[batch][0] / found[batch][1])
    each = ", ".join(f"{batch}: {mine:.3g} of {bare:.3g} MB/s" for batch, (mine, bare) in found.items())
    mine, bare = found[worst]
    note = f"at least 0.8; records of {RECORD} B a commit {each}; the lowest counts"
    yield row("journal.ratio", mine / bare, "of write+fsync", note=note)


def _measure(place: Path, events: Sequence[Event], batch: int, commits: int) -> tuple[float, float]:
    """(the journal's, the bare loop's) MB/s: each the median of the turns."""
    journal = FileJournal(place)
    bare = os.open(place / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    block = b"x" * (RECORD * batch)
    batches = itertools.cycle([events[first : first + batch] for first in range(0, len(events), batch)])

    def ours() -> None:
        for event in next(batches):
            journal.append(event)
        journal.commit()

    def theirs() -> None:
        os.write(bare, block)
        os.fdatasync(bare)

    taken: dict[Callable[[], None], list[float]] = {ours: [], theirs: []}
    for _ in range(TURNS):
        for act in (ours, theirs):
            began = time.perf_counter()
            for _ in range(commits // TURNS):
                act()
            taken[act].append(time.perf_counter() - began)
    written = RECORD * batch * (commits // TURNS) / 1e6
    journal.close()
    os.close(bare)
    return written / statistics.median(taken[ours]), written / statistics.median(taken[theirs])


def _events(rng: random.Random) -> list[Event]:
    """Cancels and rejects whose lines are RECORD bytes long."""
    return [_filled(rng.choice(KINDS), rng.randrange(1 << 40)) for _ in range(1_024)]


def _filled(kind: Callable[[ClientOrderId, str], Event], number: int) -> Event:
    def of(reason: str) -> Event:
        return kind(ClientOrderId(f"jt-{number:010x}-1"), reason)

    spare = RECORD - len(msgspec.json.encode(Sequenced(100_000, of("")))) - 1
    return of("x" * spare)
