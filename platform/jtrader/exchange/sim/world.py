"""The simulated world: one market time, the market's flow, and a venue a market in which accounts take part.

Three stretches of time: history ends at `live_start`, where the world begins; until `live_end` the books live, step by
step; after it time only jumps over generated minutes. Funding is settled at each instant that time passes.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Product
from jtrader.domain.times import HOUR, MILLISECOND
from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.market.flow import LiveFlow
from jtrader.exchange.sim.market.market import SimMarket
from jtrader.exchange.sim.market.tape import FlowEvent, FlowKind, Print
from jtrader.matching.book import BUY, SELL
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.records import Happened, TradePrinted
from jtrader.venue.units import atoms
from jtrader.venue.venue import Venue

STEP = 250 * MILLISECOND
"""Market time moves at most this far at once while live: what happens within a step is told together."""
FUNDING = 8 * HOUR


class Told(msgspec.Struct, frozen=True, gc=False):
    """What happened at one market of the world up to `now`, in order."""

    now: int
    market: str
    happened: list[Happened]


class World:
    """`venues` are the markets by name, each of one product; one without an instrument still keeps wallets."""

    def __init__(
        self, market: SimMarket, listings: Mapping[InstrumentId, Listing], venues: Mapping[str, Product]
    ) -> None:
        self.market = market
        self.now = market.live_start
        self.live_start, self.live_end = market.live_start, market.live_end
        self.listings = dict(listings)
        self.histories = {instrument: History(market, instrument) for instrument in listings}
        self.venues = {name: self._venue(name, product) for name, product in venues.items()}
        self._pending: dict[str, list[Happened]] = {name: [] for name in self.venues}
        self._flows: list[tuple[InstrumentId, Venue, str, LiveFlow]] = []
        self._marks: dict[InstrumentId, tuple[int, int]] = {}
        self._open_books()

    @property
    def is_live(self) -> bool:
        return self.now < self.live_end

    def instrument(self, market: str, symbol: str) -> InstrumentId:
        """Raises Refused for a symbol that the market doesn't list."""
        return self.venues[market].listing(symbol).instrument.id

    def mark(self, instrument: InstrumentId) -> int:
        """The mark price now, in atoms."""
        known = self._marks.get(instrument)
        if known is None or known[0] != self.now:
            known = self._marks[instrument] = (self.now, atoms(self.market.mark(instrument, self.now)))
        return known[1]

    def last_funding_rate(self, instrument: InstrumentId) -> str:
        """The rate of the last instant that has passed: what the venue predicts for the next one."""
        return f"{self.market.funding_rate(instrument, self.now // FUNDING * FUNDING):.8f}"

    def next_funding(self) -> int:
        return (self.now // FUNDING + 1) * FUNDING

    def open_account(self, name: str, funds: Mapping[str, Mapping[str, str]]) -> dict[str, Account]:
        """A wallet on every market; `funds` by market and asset, as exact strings."""
        unknown = set(funds) - set(self.venues)
        if unknown:
            raise BadInput(f"no market {', '.join(sorted(unknown))} here; known are {', '.join(self.venues)}")
        checked = {
            market: {asset: atoms(amount) for asset, amount in funds.get(market, {}).items()} for market in self.venues
        }
        return {market: venue.open_account(name, checked[market]) for market, venue in self.venues.items()}

    def steps(self, to: int) -> Iterator[list[Told]]:
        """Moves to `to` while live, one step a turn, telling what happened. It stops at `live_end`, which closes."""
        while self.now < min(to, self.live_end):
            yield self._step(min(to, self.live_end, (self.now // STEP + 1) * STEP))

    def jump(self, to: int) -> list[Told]:
        """Moves over generated minutes, after the live window."""
        while self.now < to:
            self._arrive(min(to, self.next_funding()))
        return self._told()

    def told(self) -> list[Told]:
        """What happened since it was last told, without moving: after an account's request."""
        return self._told()

    def _step(self, to: int) -> list[Told]:
        for venue, symbol, event in self._flow_events(to):
            self.now = event.ts
            _apply(venue, symbol, event)
        self._record()
        self._arrive(to)
        if to == self.live_end:
            self._close()
        return self._told()

    def _flow_events(self, to: int) -> Sequence[tuple[Venue, str, FlowEvent]]:
        events: list[tuple[Venue, str, FlowEvent]] = []
        for _, venue, symbol, flow in self._flows:
            book = venue.books[symbol]
            others = flow.advance(to, book.best(BUY), book.best(SELL))
            events.extend((venue, symbol, event) for event in others)
        events.sort(key=lambda item: item[2].ts)
        return events

    def _arrive(self, now: int) -> None:
        self.now = now
        for history in self.histories.values():
            history.now = now
            if now <= self.live_end:
                history.tape.roll(now)
        if now % FUNDING == 0:
            self._settle_funding(now)

    def _settle_funding(self, instant: int) -> None:
        for instrument, listing in self.listings.items():
            if not listing.instrument.is_spot:
                rate = atoms(self.market.funding_rate(instrument, instant))
                venue = self.venues[str(listing.instrument.market)]
                venue.pay_funding(listing.symbol, self.mark(instrument), rate, instant)

    def _close(self) -> None:
        """The live window is over: resting orders expire, and the generated minutes go on from the last prices."""
        for venue in self.venues.values():
            venue.close(self.now)
        last = {instrument: history.tape.last_price for instrument, history in self.histories.items()}
        next_ids = {
            instrument: self.venues[str(listing.instrument.market)].next_trade_id[listing.symbol]
            for instrument, listing in self.listings.items()
        }
        self.market.resume(last, next_ids)

    def _told(self) -> list[Told]:
        self._record()
        pending, self._pending = self._pending, {name: [] for name in self.venues}
        return [Told(self.now, name, happened) for name, happened in pending.items()]

    def _record(self) -> None:
        """Puts trades on the tapes, before time moves on and minutes close."""
        for name, venue in self.venues.items():
            happened = venue.drain()
            self._pending[name] += happened
            for one in happened:
                if isinstance(one, TradePrinted):
                    history = self.histories[self.instrument(name, one.symbol)]
                    history.tape.trade(Print(one.id, one.ts, one.ticks, one.lots, one.side == BUY))

    def _venue(self, name: str, product: Product) -> Venue:
        listings = [listing for listing in self.listings.values() if listing.instrument.market == name]
        by_symbol = {listing.symbol: listing.instrument.id for listing in listings}
        return Venue(name, product, listings, lambda symbol: self.mark(by_symbol[symbol]))

    def _open_books(self) -> None:
        for instrument, listing in self.listings.items():
            venue, flow = self.venues[str(listing.instrument.market)], self.market.flow(instrument)
            for side, price, lots in flow.opening_book():
                venue.foreign_limit(listing.symbol, side.sign, price, lots, self.now)
            venue.next_trade_id[listing.symbol] = self.market.first_trade_id(instrument, self.live_start)
            venue.books[listing.symbol].drain_changes()
            self._flows.append((instrument, venue, listing.symbol, flow))


def _apply(venue: Venue, symbol: str, event: FlowEvent) -> None:
    side = event.side.sign
    if event.kind is FlowKind.ADD:
        venue.foreign_limit(symbol, side, event.price, event.lots, event.ts)
    elif event.kind is FlowKind.REDUCE:
        venue.foreign_reduce(symbol, side, event.price, event.lots)
    else:
        venue.foreign_take(symbol, side, event.price, event.lots, event.ts)
