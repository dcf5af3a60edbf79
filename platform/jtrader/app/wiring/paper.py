"""Paper accounts from settings: opened with their funds, or as they were left; other processes read them."""

import asyncio
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from jtrader.app.settings import AccountSettings, Settings
from jtrader.app.wiring.adapter import BrokerSpec, PublicRest
from jtrader.app.wiring.venues import venue_of
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market, split_instrument_id
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Funding
from jtrader.domain.order import ChildOrder, Fill, VenueOrder
from jtrader.exchange.common.session import Keys
from jtrader.ports.broker import Broker, NotOffered
from jtrader.store.paper.file import PaperFile, read_mark, read_paper
from jtrader.venue.account import Account
from jtrader.venue.bounds import listing_of
from jtrader.venue.broker import VenueBroker
from jtrader.venue.listing import Listing
from jtrader.venue.paper import PaperMarket
from jtrader.venue.terms import rules_of
from jtrader.venue.units import ATOM, atoms, text


def paper_file(settings: Settings, account: AccountSettings) -> Path:
    return settings.root / "paper" / f"{account.name}.db"


def open_paper(
    settings: Settings,
    account: AccountSettings,
    instruments: Iterable[InstrumentId],
    rules: Sequence[Instrument],
    market_time: int,
) -> tuple[PaperMarket, Account, PaperFile]:
    """The account as it was left, else opened with its funds; it is on disk when this returns. `rules` are those of the
    whole market as its REST tells them. Raises BadInput for funds that don't fit, Unavailable."""
    venue = venue_of(account.market, settings)
    if venue.closed and settings.simulator_uri is None:
        raise BadInput(
            f"account '{account.name}' is on {account.market}: {venue.closed}; only the simulator tells prices"
        )
    wanted = set(instruments)
    listings = [listing_of(one) for one in rules if one.id in wanted]
    funds = _funds(account, rules, wanted)
    market = PaperMarket(account.market, listings, rules_of(account.market))
    file = PaperFile(paper_file(settings, account))
    wallet = file.restore(market)
    if wallet is None:
        wallet = market.venue.open_account(account.name, funds)
    elif wallet.opening != funds:
        opened = ", ".join(f"{text(amount)} {asset}" for asset, amount in wallet.opening.items())
        raise BadInput(
            f"account '{account.name}' was opened with {opened}: its funds can't be others now; put them back, or give "
            "the account another name to begin anew"
        )
    known = market.known
    known.now = max(known.now, market_time)
    for listing in listings:
        _follow_rules(market, listing)
        known.funded.setdefault(listing.symbol, market_time)
    file.save(market, wallet, market.drain())
    return market, wallet, file


class RestHistory:
    """What a market's REST tells of the past: settled funding rates, marks of full minutes. No key is used. Use it
    within one event loop, and `close` it there."""

    def __init__(self, settings: Settings, market: Market) -> None:
        self._settings = settings
        self._market = market
        self._rest: PublicRest | None = None
        self._brokers: dict[InstrumentId, Broker] = {}

    async def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        return await asyncio.to_thread(self._funding, instrument, start, end)

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        """Raises BadInput where the venue doesn't tell it (any more)."""
        if instrument not in self._brokers:
            market, settings = self._market, self._settings
            spec = BrokerSpec(AccountId("paper"), market, (instrument,), Keys("", ""), settings, settings.simulator_uri)
            self._brokers[instrument] = venue_of(market, settings).broker(spec)
        return await self._brokers[instrument].mark_at(instrument, ts)

    async def close(self) -> None:
        for broker in self._brokers.values():
            await broker.close()
        if self._rest is not None:
            await asyncio.to_thread(self._rest.close)

    def _funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        """One call at a time."""
        if self._rest is None:
            self._rest = venue_of(self._market, self._settings).rest(self._market, self._settings, "")
        return self._rest.funding(instrument, start, end)


class PaperReader(VenueBroker):
    """A paper account as it stands on disk at this moment, read alone: its orders go through the oms."""

    def __init__(self, settings: Settings, account: AccountSettings) -> None:
        """Raises BadInput where the oms has not opened the account yet."""
        self._file = paper_file(settings, account)
        kept = read_paper(self._file)
        market = PaperMarket(kept.market, [], rules_of(kept.market), kept.product)
        market.load(kept.venue, kept.known, {kept.account: kept.past})
        wallet = market.venue.accounts[kept.account]
        super().__init__(AccountId(account.name), market.venue, wallet, lambda: market.now, settled=_nothing)
        self._history = RestHistory(settings, Market(account.market))

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        """None of what the account has never had to do with."""
        return await super().fills(instrument, start, end) if instrument in self._by_id else []

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        """As the venue's REST tells it; where that keeps none, as the feed told it."""
        try:
            return await self._history.mark_at(instrument, ts)
        except BadInput:
            mark = read_mark(self._file, split_instrument_id(instrument)[1], ts)
            if mark is None:
                raise
            return text(mark)

    async def submit(self, order: ChildOrder) -> VenueOrder:
        raise _read_alone(f"order {order.client_order_id} is not sent")

    async def amend(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, quantity: Decimal, price: Decimal
    ) -> VenueOrder:
        raise _read_alone(f"{client_order_id} on {instrument} is not changed to {quantity} at {price}")

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        raise _read_alone(f"{client_order_id} on {instrument} is not cancelled")

    async def cancel_all(self, instrument: InstrumentId) -> None:
        raise _read_alone(f"orders on {instrument} are not cancelled")

    async def close(self) -> None:
        await self._history.close()


def _funds(account: AccountSettings, rules: Iterable[Instrument], wanted: set[InstrumentId]) -> dict[str, int]:
    """In atoms. Raises BadInput for an asset that nothing on the market is paid in, one that the account trades, and
    amounts that can't be kept."""
    known = {asset for one in rules for asset in _assets(one)}
    unknown = [asset for asset in account.funds if asset not in known]
    if unknown:
        uses = {asset for one in rules if one.id in wanted for asset in _assets(one)}
        raise BadInput(
            f"account '{account.name}' has funds in {', '.join(unknown)}, which {account.market} does not know; "
            f"what it trades is paid in {', '.join(sorted(uses))}"
        )
    if held := [one.base for one in rules if one.id in wanted and one.is_spot and one.base in account.funds]:
        raise BadInput(
            f"account '{account.name}' has funds in {', '.join(held)}, which it trades: accounts are opened flat; "
            "give it what it buys with"
        )
    try:
        return {asset: atoms(amount) for asset, amount in account.funds.items()}
    except BadInput as error:
        raise BadInput(f"account '{account.name}': funds have at most 8 decimals ({error})") from error


def _assets(instrument: Instrument) -> tuple[str, ...]:
    """What a wallet on its market holds."""
    return (instrument.base, instrument.quote) if instrument.is_spot else (instrument.settle,)


def _follow_rules(market: PaperMarket, listing: Listing) -> None:
    """The venue may have changed its rules or halted the instrument meanwhile. Books count in the steps of old."""
    venue, old = market.venue, market.venue.listings[listing.symbol]
    steps = {"grid_tick": Decimal(old.tick) / ATOM, "grid_lot": Decimal(old.lot) / ATOM}
    if old.instrument != listing.instrument:
        venue.set_rules(msgspec.structs.replace(listing, **steps), market.now)
    venue.set_status(listing.symbol, listing.instrument.status, market.now)


def _read_alone(what: str) -> NotOffered:
    return NotOffered(f"{what}: a paper account's orders go through the oms")


def _nothing() -> None:
    """Nothing happens in an account that is read."""
