"""Pinning candles by hand: what `jtrader crawl snapshot` does."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jtrader.app.commit import head_commit
from jtrader.app.settings import Settings
from jtrader.crawl.snapshot import check_unchanged, pin
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, MINUTE, Span, iso, parse_time
from jtrader.ports.stores import CandleStore, Snapshot, SnapshotStore


def pin_candles(
    instruments: Sequence[str] | None, days: int | None, start: str | None, end: str | None, settings: Settings
) -> Snapshot:
    """What is stored of the instruments (default: the settings') from `start`, or of `days` days, up to `end` (default:
    the newest minute that all have). Raises BadInput, Unavailable."""
    names = [InstrumentId(name) for name in instruments or settings.crawl_instruments]
    with _stores(settings) as (candles, snapshots):
        until = parse_time(end) if end else common_end(candles, names)
        since = parse_time(start) if start else until - (days or settings.crawl_days) * DAY
        return pin_now(candles, snapshots, names, Span(since, until))


def pin_now(candles: CandleStore, snapshots: SnapshotStore, instruments: Sequence[str], span: Span) -> Snapshot:
    """Raises BadInput where an instrument has nothing stored there."""
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return snapshots.save(pin(candles, instruments, span, created, head_commit()))


def common_end(candles: CandleStore, instruments: Sequence[InstrumentId]) -> int:
    """After the newest minute that all instruments have. Raises BadInput where one has none."""
    newest = [candles.newest(name) for name in instruments]
    known = [ts for ts in newest if ts is not None]
    if len(known) < len(newest):
        raise BadInput(f"not all of {', '.join(instruments)} have candles in MongoDB: run 'jtrader crawl' first")
    return min(known) + MINUTE


def newest(settings: Settings) -> list[Snapshot]:
    with _stores(settings) as (_, snapshots):
        return list(snapshots.newest())


def verified(name: str, settings: Settings) -> Snapshot:
    """Raises BadInput that names instrument and day where what is stored is not what was pinned."""
    with _stores(settings) as (candles, snapshots):
        found = snapshots.load(name)
        check_unchanged(candles, found)
        return found


def unpinned(name: str, settings: Settings) -> Snapshot:
    """Its candles may go by `keep_days` from now on. Raises BadInput for none, or for several."""
    with _stores(settings) as (_, snapshots):
        return snapshots.forget(name)


def summary(snapshot: Snapshot) -> str:
    rows = sum(one.count for one in snapshot.instruments)
    holes = sum(len(one.gaps) for one in snapshot.instruments)
    names = ", ".join(one.instrument for one in snapshot.instruments)
    return (
        f"{snapshot.id}: {rows:,} candles of {names}, {iso(snapshot.start)} to {iso(snapshot.end)}, {holes:,} gaps, "
        f"pinned {snapshot.created} by {snapshot.commit[:12]}"
    )


@contextmanager
def _stores(settings: Settings) -> Iterator[tuple[CandleStore, SnapshotStore]]:
    from jtrader.store.mongo.candles import MongoCandleStore
    from jtrader.store.mongo.connection import Mongo
    from jtrader.store.mongo.snapshots import MongoSnapshots

    with Mongo(settings.need("mongo_uri"), settings.mongo_database) as mongo:
        mongo.greet()
        yield MongoCandleStore(mongo), MongoSnapshots(mongo)
