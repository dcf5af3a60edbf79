"""Instruments as the commands and jobs see them: refreshed from the venues, effective-dated, with alerts on change."""

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.data import markets_in_use, open_sources, open_stores
from jtrader.crawl.listings import ListingChange, compare, gone
from jtrader.domain.errors import BadInput, Broken, Unavailable
from jtrader.domain.ids import Market, split_instrument_id
from jtrader.domain.instrument import Instrument, InstrumentStatus
from jtrader.domain.money import use_exact_context
from jtrader.ops.alerts import LogAlerts
from jtrader.ports.alerts import Alerts
from jtrader.ports.market_data import InstrumentSource
from jtrader.ports.stores import InstrumentStore

log = logging.getLogger(__name__)

_LOUD = ("halted", "settling", "delisted", "rules")


class ListingSource(InstrumentSource, Protocol):
    def market_time(self) -> int: ...


class Reached(NamedTuple):
    """Market time of each market that told its rules, ns, and the failure of each that did not."""

    newest: dict[Market, int]
    away: dict[Market, Unavailable | Broken]

    def of_all(self, fallback: int | None = None) -> dict[Market, int]:
        """Of those that are away: as far as the others are, `fallback` where all are. What has broken is left out.
        Raises Unavailable, Broken where nothing is left."""
        others = max(self.newest.values(), default=fallback)
        away = [market for market, error in self.away.items() if isinstance(error, Unavailable)]
        if others is None or not (self.newest or away):
            self.raise_away()
        return self.newest | dict.fromkeys(away, others or 0)

    def raise_away(self) -> None:
        for error in self.away.values():
            raise error


def refresh(
    sources: Mapping[Market, ListingSource], store: InstrumentStore, alerts: Alerts | None = None
) -> list[ListingChange]:
    """Asks each market, stores what changed as new versions, and alerts where what is traded may be concerned.

    Raises Unavailable and Broken when all were asked, BadInput at once; what the others answered is stored.
    """
    told: list[ListingChange] = []
    reached = reach(sources, store, alerts, told)
    reached.raise_away()
    return told


def reach(
    sources: Mapping[Market, ListingSource],
    store: InstrumentStore,
    alerts: Alerts | None = None,
    told: list[ListingChange] | None = None,
) -> Reached:
    """`refresh` that goes on where a market is away; `told` gets the changes. Raises BadInput."""
    reached = Reached({}, {})
    for market, source in sources.items():
        try:
            at, changes = _refresh(market, source, store, alerts or LogAlerts())
        except (Unavailable, Broken) as error:
            log.warning("%s: the rules of its instruments could not be read: %s", market, error)
            reached.away[market] = error
        else:
            reached.newest[market] = at
            if told is not None:
                told += changes
    return reached


def _refresh(
    market: Market, source: ListingSource, store: InstrumentStore, alerts: Alerts
) -> tuple[int, list[ListingChange]]:
    """The time before the answer, and what it changed. What is not in it is asked for once more."""
    at, offered, known = source.market_time(), source.instruments(), store.load()
    again = source.instruments() if gone(known, offered, {market}) else None
    found = compare(known, offered, {market}, at, again)
    store.save(found.versions)
    if found.doubt:
        alerts.send("warning", f"listing/{market}", f"{market}: {found.doubt}")
    for change in found.changes:
        if change.kind in _LOUD:
            alerts.send("warning", f"listing/{change.instrument}", str(change))
    return at, found.changes


def known_instruments(
    markets: Sequence[Market] | None = None,
    ask: bool = False,
    settings: Settings | None = None,
    at: int | None = None,
) -> Sequence[Instrument]:
    """The stored instruments of the markets (none = those in use), by id, as of `at` (none = now); a market that has
    none yet is asked, with `ask` all of them."""
    use_exact_context()
    settings = settings or load_settings()
    markets = markets_in_use(settings) if markets is None else markets
    with open_stores(settings) as stores:
        stored = {instrument.market for instrument in stores.instruments.load()}
        to_ask = [market for market in markets if ask or market not in stored]
        if to_ask:
            with open_sources(settings, to_ask) as sources:
                refresh(sources, stores.instruments)
        return [instrument for instrument in stores.instruments.load(at) if instrument.market in markets]


def check_known(names: Sequence[str], listed: Sequence[Instrument], away: Collection[Market] = ()) -> None:
    """Raises BadInput for names that no market lists or listed; those of markets that are `away` may be anything."""
    known = {one.id for one in listed}
    unknown = [name for name in names if name not in known and split_instrument_id(name)[0] not in away]
    if unknown:
        offered = sorted(one.id for one in listed if one.status is not InstrumentStatus.DELISTED)
        raise BadInput(
            f"unknown instrument {', '.join(unknown)}: the venue offers {len(offered):,}, for example "
            f"{', '.join(offered[:6])}; 'jtrader instruments --refresh' lists them"
        )
