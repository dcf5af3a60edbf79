"""The upkeep of what is stored: packing, deleting what is old by the settings, judging how whole the rest is."""

import datetime as dt
import time
from typing import Any

import msgspec

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.crawling import open_places
from jtrader.app.wiring.learning import model_store
from jtrader.crawl.retention import newest, remove_old
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import MINUTE
from jtrader.store.lake.pruning import prune

AFTER = 5 * MINUTE
"""Market time after the end of an hour until it is packed."""


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """`packed` hours, `removed` rows (of ticks: documents) by kind, `pinned` minutes of old candles under snapshots,
    `pruned` data sets of the lake."""

    packed: int
    removed: dict[str, int]
    pinned: int
    pruned: int


def tidy(settings: Settings | None = None) -> Upkeep:
    """Packs the hours that are over, and removes what `keep_days` lets go. Safe to run at any time. Raises
    Unavailable."""
    settings = settings or load_settings()
    keep: dict[str, Any] = settings.keep_days.model_dump(exclude={"lake"})
    traded = (name for strategy in settings.strategies for name in strategy.instruments)
    names = [InstrumentId(name) for name in dict.fromkeys((*settings.crawl_instruments, *traded))]
    with open_places(settings) as places:
        until = min(newest(places, names), time.time_ns())  # no stray time of a row lets everything go
        packed = places.trades.compact(until - AFTER)
        removed = remove_old(places, keep, until)
    return Upkeep(packed=packed, removed=removed.rows, pinned=removed.pinned, pruned=_prune(settings))


def summary(done: Upkeep) -> str:
    removed = ", ".join(f"{count:,} of {kind}" for kind, count in done.removed.items()) or "nothing (no keep_days set)"
    kept = f"; {done.pinned:,} minutes of old candles stay under snapshots" if done.pinned else ""
    return (
        f"{done.packed:,} hours packed; removed: {removed}{kept}; {done.pruned:,} unnamed data sets of the lake pruned"
    )


def _prune(settings: Settings) -> int:
    """Without a registry nobody knows what is named: nothing goes."""
    lake = settings.root / "lake" / "features"
    if settings.keep_days.lake is None or settings.mlflow_uri is None or not lake.is_dir():
        return 0
    before = dt.datetime.now(dt.UTC) - dt.timedelta(days=settings.keep_days.lake)
    return len(prune(lake, model_store(settings).manifests(), before))
