"""A restart of the oms: its state and books from a journal of a million events on disk, in a process of its own.

The limit is reading and decoding the same journal alone.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.measure import Job, Row, row
from bench.order_flow import Flow
from bench.recovered import Recovered
from bench.servers import folder
from jtrader.store.journal.files import FileJournal

EVENTS = 1_000_000
PROGRAM = Path(__file__).resolve().parents[1] / "recovered.py"


def rows(job: Job) -> Iterator[Row]:
    with folder() as place:
        events, size = _write(place, job.size(EVENTS, 500), job.seed)
        done = subprocess.run(
            [sys.executable, str(PROGRAM), str(place)], capture_output=True, text=True, check=True, timeout=600
        )
        found = msgspec.json.decode(done.stdout, type=Recovered)
    assert found.events == events, f"{found.events:,} of {events:,} events were recovered"
    note = (
        f"at most 15; {found.cpu:.3g} s of CPU; {events:,} events, {found.orders:,} orders, {found.fills:,} fills,"
        f" {size / 1e6:,.0f} MB; limit: CPU of decoding alone"
    )
    yield row("recovery.seconds", found.seconds, "s", found.decoding, note)


def _write(place: Path, wanted: int, seed: int) -> tuple[int, int]:
    """(events, bytes) of a desk's journal, a commit for each second of its market time."""
    journal, flow = FileJournal(place, fsync=lambda _: None), Flow(seed)
    for second in flow.run(wanted):
        flow.given.clear()
        for event in second[: wanted - journal.committed]:
            journal.append(event)
        journal.commit()
        if journal.committed >= wanted:
            break
    journal.close()
    return journal.committed, sum(file.stat().st_size for file in place.glob("*.journal"))
