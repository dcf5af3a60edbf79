"""How whole the stored market data is: judged, and kept in Postgres for the dashboards."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.crawling import open_interest_step, open_places
from jtrader.crawl.quality import JUDGED, Judge
from jtrader.crawl.work import Places
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import MINUTE, to_datetime
from jtrader.ports.stores import DayQuality, QualityStore


def judge_days(days: int, settings: Settings | None = None) -> list[DayQuality]:
    """The last `days` UTC days up to the newest stored minute, of all crawled instruments and kinds, newest day first;
    stored where the settings name a Postgres. Raises BadInput where no candle is stored, Unavailable."""
    settings = settings or load_settings()
    with open_places(settings) as places:
        rows = _judged(places, [InstrumentId(name) for name in settings.crawl_instruments], days)
    if settings.postgres_uri is not None:
        with open_quality(settings) as store:
            store.save(rows)
    return rows


def summary(rows: Sequence[DayQuality], link: str | None = None) -> str:
    """One line of what was judged, with where to look."""
    worst = min(rows, key=lambda row: row.coverage, default=None)
    holes = sum(sum(row.gaps.values()) for row in rows)
    line = f"{len(rows):,} days of instruments and kinds judged, {holes:,} missing, each with its cause"
    if worst is not None:
        line += f"; the least covered is {worst.instrument} {worst.kind} on {worst.date} with {worst.coverage:.2%}"
    return f"{line}; see {link}/dashboards/data" if link else line


def as_json(row: DayQuality) -> dict[str, Any]:
    return {
        "date": row.date.isoformat(),
        "instrument": row.instrument,
        "kind": str(row.kind),
        "expected": row.expected,
        "stored": row.stored,
        "coverage": round(row.coverage, 6),
        "gaps": row.gaps,
        "quarantined": row.quarantined,
    }


@contextmanager
def open_quality(settings: Settings) -> Iterator[QualityStore]:
    """Raises Unavailable."""
    from jtrader.store.postgres.connection import connect
    from jtrader.store.postgres.quality import PostgresQuality
    from jtrader.store.postgres.schema import upgrade

    uri = settings.need("postgres_uri")
    upgrade(uri)
    engine = connect(uri, "jtrader-quality")
    try:
        yield PostgresQuality(engine)
    finally:
        engine.dispose()


def _judged(places: Places, names: Sequence[InstrumentId], days: int) -> list[DayQuality]:
    newest = [ts for name in names if (ts := places.candles.newest(name)) is not None]
    if not newest:
        raise BadInput(f"no candle of {', '.join(names)} is stored: run 'jtrader crawl' first")
    judge, last = Judge(places, max(newest) + MINUTE, open_interest_step), to_datetime(max(newest)).date()
    known = {one.id: one for one in places.instruments.load()}
    dates = [last - dt.timedelta(days=back) for back in range(days)]
    return [
        row
        for date in dates
        for name in names
        for kind in JUDGED
        if name in known and (row := judge.day(known[name], kind, date)) is not None
    ]
