"""A process that reconciles a day from files, and tells its time and memory: `python reconciled.py FOLDER`.

It reads the oms's journal as the daily job does, and what the venue told as JSON lines in the place of its REST API.
"""

import resource
import sys
import time
from pathlib import Path
from typing import TypeVar

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "platform")]

import msgspec  # noqa: E402

from bench.trades import ACCOUNT, DATE, INSTRUMENTS, NAMES, PRICE  # noqa: E402
from jtrader.app.wiring.reading import MONEY  # noqa: E402
from jtrader.domain.account import Balance, VenueEntry, VenuePosition  # noqa: E402
from jtrader.domain.events import AccountOpened  # noqa: E402
from jtrader.domain.money import use_exact_context  # noqa: E402
from jtrader.domain.order import Fill  # noqa: E402
from jtrader.ledger.reconcile import reconcile  # noqa: E402
from jtrader.ledger.rollback import VenueNow, their_side  # noqa: E402
from jtrader.ledger.sides import our_side, window_of  # noqa: E402
from jtrader.store.journal.reader import read_journal  # noqa: E402

Row = TypeVar("Row")


class Reconciled(msgspec.Struct):
    """Seconds, those of the CPU, the most MB resident, and what the statement says."""

    seconds: float
    cpu: float
    rss_mb: float
    verdict: str
    fills: int
    matched: int


def lines(file: Path, kind: type[Row]) -> tuple[Row, ...]:
    decoder = msgspec.json.Decoder(kind)
    with file.open("rb") as handle:
        return tuple(decoder.decode(line) for line in handle)


def reconcile_files(folder: Path) -> Reconciled:
    began, worked = time.perf_counter(), time.process_time()
    events = [entry.event for entry in read_journal(folder) if isinstance(entry.event, MONEY)]
    venue = VenueNow(
        balances=lines(folder / "balances", Balance),
        positions=lines(folder / "positions", VenuePosition),
        fills=lines(folder / "fills", Fill),
        entries=lines(folder / "entries", VenueEntry),
    )
    opened = next(event for event in events if isinstance(event, AccountOpened))
    window = window_of(ACCOUNT, DATE, opened)
    prices = dict.fromkeys(NAMES, PRICE)
    marks = (prices.get, prices.get)
    ours = our_side(ACCOUNT, window, events, INSTRUMENTS, marks)
    theirs = their_side(window, venue, INSTRUMENTS, marks, ours.closing.holdings)
    told = reconcile(ACCOUNT, DATE, window, ours, theirs, INSTRUMENTS)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Reconciled(seconds, cpu, most, told.verdict, told.fills, told.matched)


if __name__ == "__main__":
    use_exact_context()
    sys.stdout.buffer.write(msgspec.json.encode(reconcile_files(Path(sys.argv[1]))))
