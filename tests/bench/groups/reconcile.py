"""A day of a million fills against the venue's two million rows, in a process of its own: seconds, and memory.

From the journal and the venue's words to a statement that is clean.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.measure import Job, Row, row
from bench.reconciled import Reconciled
from bench.servers import folder
from bench.trades import Venue, day
from jtrader.domain.events import OrderFilled
from jtrader.store.journal.files import FileJournal

FILLS = 1_000_000
PROGRAM = Path(__file__).resolve().parents[1] / "reconciled.py"


def rows(job: Job) -> Iterator[Row]:
    fills = job.size(FILLS, 200)
    with folder() as place:
        _write(place, job.seed, fills)
        done = subprocess.run(
            [sys.executable, str(PROGRAM), str(place)], capture_output=True, text=True, check=True, timeout=900
        )
    found = msgspec.json.decode(done.stdout, type=Reconciled)
    assert (found.verdict, found.fills) == ("Clean", fills), f"{found.verdict}, {found.fills:,} of {fills:,} fills"
    note = f"{fills:,} fills, {found.matched:,} lines matched"
    yield row("reconcile.seconds", found.seconds, "s", note=f"at most 60; {found.cpu:.3g} s of CPU; {note}")
    yield row("reconcile.rss_mb", found.rss_mb, "MB", note=f"at most 1,074; {note}")


def _write(place: Path, seed: int, fills: int) -> None:
    """The journal, and the venue's words as JSON lines."""
    journal, venue, encode = FileJournal(place, fsync=lambda _: None), Venue(), msgspec.json.Encoder().encode_lines
    with (place / "fills").open("wb") as told, (place / "entries").open("wb") as ledger:
        for event in day(seed, fills):
            if isinstance(event, OrderFilled):
                fill, entries = venue.trade(event.fill)
                told.write(encode([fill]))
                ledger.write(encode(entries))
                event = msgspec.structs.replace(event, fill=fill)
            if journal.append(event) % 1_000 == 0:
                journal.commit()
    journal.commit()
    journal.close()
    (place / "balances").write_bytes(encode(venue.balances()))
    (place / "positions").write_bytes(encode(venue.positions()))
