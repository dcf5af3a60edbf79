"""The upkeep of what is stored: packing, deleting what is old by the settings, judging how whole the rest is."""

import datetime as dt
from typing import Any

import msgspec

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.crawling import open_places
from jtrader.app.wiring.learning import model_store
from jtrader.crawl.retention import remove_old
from jtrader.crawl.work import Places
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import MINUTE
from jtrader.store.lake.pruning import prune

AFTER = 5 * MINUTE
"""Market time after the end of an hour until it is packed."""


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """`packed` hours, `removed` rows (of ticks: documents) by kind, `pruned` data sets of the lake."""

    packed: int
    removed: dict[str, int]
    pruned: int


def tidy(settings: Settings | None = None) -> Upkeep:
    """Packs the hours that are over, and removes what `keep_days` lets go. Safe to run at any time. Raises
    Unavailable."""
    settings = settings or load_settings()
    keep: dict[str, Any] = settings.keep_days.model_dump(exclude={"lake"})
    with open_places(settings) as places:
        until = _newest(places, settings)
        packed = places.trades.compact(until - AFTER)
        removed = remove_old(places, keep, until)
    return Upkeep(packed=packed, removed=removed, pruned=_prune(settings))


def summary(done: Upkeep) -> str:
    removed = ", ".join(f"{count:,} of {kind}" for kind, count in done.removed.items()) or "nothing (no keep_days set)"
    return f"{done.packed:,} hours packed; removed: {removed}; {done.pruned:,} unnamed data sets of the lake pruned"


def _newest(places: Places, settings: Settings) -> int:
    """The newest stored minute's end, as market time: what was recorded later waits for the next run."""
    newest = (places.candles.newest(InstrumentId(name)) for name in settings.crawl_instruments)
    return max((ts + MINUTE for ts in newest if ts is not None), default=0)


def _prune(settings: Settings) -> int:
    """Without a registry nobody knows what is named: nothing goes."""
    lake = settings.root / "lake" / "features"
    if settings.keep_days.lake is None or settings.mlflow_uri is None or not lake.is_dir():
        return 0
    before = dt.datetime.now(dt.UTC) - dt.timedelta(days=settings.keep_days.lake)
    return len(prune(lake, model_store(settings).manifests(), before))
