"""Instruments as the commands and jobs see them: refreshed from the venues, effective-dated, with alerts on change."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.data import markets_in_use, open_sources, open_stores
from jtrader.crawl.listings import ListingChange, compare
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import Market
from jtrader.domain.instrument import Instrument, InstrumentStatus
from jtrader.domain.money import use_exact_context
from jtrader.ops.alerts import LogAlerts
from jtrader.ports.alerts import Alerts
from jtrader.ports.market_data import InstrumentSource
from jtrader.ports.stores import InstrumentStore

_LOUD = ("halted", "settling", "delisted", "rules")


class ListingSource(InstrumentSource, Protocol):
    def market_time(self) -> int: ...


def refresh(
    sources: Mapping[Market, ListingSource], store: InstrumentStore, alerts: Alerts | None = None
) -> list[ListingChange]:
    """Asks each market, stores what changed as new versions, and alerts where what is traded may be concerned.

    Raises Unavailable, BadInput; a market that answered before the failure is stored.
    """
    told: list[ListingChange] = []
    for market, source in sources.items():
        offered, at = source.instruments(), source.market_time()
        found = compare(store.load(), offered, {market}, at)
        store.save(found.versions)
        told += found.changes
    for change in told:
        if change.kind in _LOUD:
            (alerts or LogAlerts()).send("warning", f"listing/{change.instrument}", str(change))
    return told


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


def check_known(names: Sequence[str], offered: Sequence[Instrument]) -> None:
    """Raises BadInput for names that no market offers."""
    known = {one.id for one in offered if one.status is not InstrumentStatus.DELISTED}
    unknown = [name for name in names if name not in known]
    if unknown:
        some = ", ".join(sorted(known)[:6])
        raise BadInput(
            f"unknown instrument {', '.join(unknown)}: the venue offers {len(known):,}, for example {some}; "
            "'jtrader instruments --refresh' lists them"
        )
