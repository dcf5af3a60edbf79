"""The simulated world: one market time, the market's flow, and a venue a market in which accounts take part.

Three stretches of time: history ends at `live_start`, where the world begins; until `live_end` the books live, step by
step; after it time only jumps over generated minutes. Funding is settled at each instant that time passes.
"""

from collections.abc import Iterator, Mapping

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import InstrumentStatus, Product
from jtrader.domain.times import MILLISECOND
from jtrader.exchange.sim.crowd import Crowd
from jtrader.exchange.sim.duties import Duties
from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.kept.rows import Kept
from jtrader.exchange.sim.market.funding import last_funding, next_funding
from jtrader.exchange.sim.market.market import SimMarket
from jtrader.exchange.sim.market.tape import Print
from jtrader.exchange.sim.others import apply
from jtrader.exchange.sim.watch import Watch
from jtrader.matching.book import BUY
from jtrader.venue.account import Account
from jtrader.venue.bounds import listing_of
from jtrader.venue.listing import Listing
from jtrader.venue.past import load_with_past
from jtrader.venue.records import Happened, RulesChanged, StatusChanged, TradePrinted
from jtrader.venue.terms import rules_of
from jtrader.venue.units import atoms
from jtrader.venue.venue import Venue

STEP = 250 * MILLISECOND
"""Market time moves at most this far at once while live: what happens within a step is told together."""
WALLETS: dict[str, Product] = {"binance_spot": Product.SPOT, "binance_usdm": Product.LINEAR}
"""Markets that keep wallets also without an instrument."""
NATIVE_PRICES = {"USDT": 65_000_000_000, "BTC": 620_000, "ETH": 25_000_000}
"""One BNB in atoms of what fees are due in: a given rate, the same at all times."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """What happened at one market of the world up to `now`, in order."""

    now: int
    market: str
    happened: list[Happened]


class World:
    """One venue a market that has an instrument; `venues` are by market name."""

    def __init__(self, market: SimMarket) -> None:
        self.market = market
        self.now = market.live_start
        self.live_start, self.live_end = market.live_start, market.live_end
        self.listings: dict[InstrumentId, Listing] = {rules.id: listing_of(rules) for rules in market.instruments}
        self.histories = {rules.id: History(market, rules.id, rules.expiry) for rules in market.instruments}
        products = WALLETS | {str(rules.market): rules.product for rules in market.instruments}
        self.venues = {name: self._venue(name, product) for name, product in products.items()}
        self.duties = Duties(market, self.venues, self.histories)
        self._next_duty = self.duties.next_after(self.now)
        self._crowd = Crowd(market, self.venues)
        self._watches = {name: Watch(market, venue) for name, venue in self.venues.items()}
        self._pending: dict[str, list[Happened]] = {name: [] for name in self.venues}
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
            known = self._marks[instrument] = (self.now, self.market.mark_atoms(instrument, self.now))
        return known[1]

    def last_funding_rate(self, instrument: InstrumentId) -> str:
        """The rate of the last instant that has passed: what the venue predicts for the next one."""
        instant = last_funding(self.listings[instrument].instrument, self.now)
        return f"{self.market.funding_rate(instrument, instant):.8f}"

    def next_funding(self, instrument: InstrumentId) -> int:
        return next_funding(self.listings[instrument].instrument, self.now)

    def open_account(self, name: str, funds: Mapping[str, Mapping[str, str]]) -> dict[str, Account]:
        """A wallet on every market; `funds` by market and asset, as exact strings."""
        unknown = set(funds) - set(self.venues)
        if unknown:
            raise BadInput(f"no market {', '.join(sorted(unknown))} here; known are {', '.join(self.venues)}")
        checked = {
            market: {asset: atoms(amount) for asset, amount in funds.get(market, {}).items()} for market in self.venues
        }
        opened = {market: venue.open_account(name, checked[market]) for market, venue in self.venues.items()}
        if self.is_live:
            for watch in self._watches.values():
                watch.look(self.now)
        return opened

    def steps(self, to: int) -> Iterator[list[Told]]:
        """Moves to `to` while live, one step a turn, telling what happened. It stops at `live_end`, which closes."""
        while self.now < min(to, self.live_end):
            yield self._step(self._until_duty(min(to, self.live_end, (self.now // STEP + 1) * STEP)))

    def jump(self, to: int) -> list[Told]:
        """Moves over generated minutes, after the live window."""
        while self.now < to:
            self._arrive(self._until_duty(to))
        return self._told()

    def restore(self, kept: Kept) -> None:
        """Goes on from what was written down, before anything has happened here. Others gather anew."""
        moment = kept.moment
        self.now = moment.now
        self._next_duty = self.duties.next_after(moment.now)
        for name, dump in kept.venues.items():
            load_with_past(self.venues[name], dump, kept.pasts(name))
        for rules in self.market.instruments:
            venue, symbol = self.venues[str(rules.market)], str(rules.venue_symbol)
            self.listings[rules.id] = venue.listing(symbol)
            for deal in kept.prints(rules.id):
                self.histories[rules.id].tape.trade(deal)
                venue.next_trade_id[symbol] = deal.id + 1
            self.histories[rules.id].move(min(moment.now, self.live_end))
            self.histories[rules.id].move(moment.now)
            book = venue.books[symbol]
            book.version = max(book.version, moment.versions.get(rules.id, 0))
            self._crowd.leave(rules.id)
            if self.is_live and venue.status[symbol] is InstrumentStatus.TRADING:
                self._crowd.gather(rules, moment.now)
            book.drain_changes()
        if not self.is_live:
            self._go_on()
        self._told()

    def told(self) -> list[Told]:
        """What happened since it was last told, without moving: after an account's request."""
        return self._told()

    def _step(self, to: int) -> list[Told]:
        for venue, symbol, event in self._crowd.acts(to):
            self.now = event.ts
            apply(event, venue, symbol)
            self._watches[venue.market].traded(symbol, event.ts)
        self._record()
        self._arrive(to)
        if to == self.live_end:
            self._close()
        return self._told()

    def _arrive(self, now: int) -> None:
        self.now = now
        for history in self.histories.values():
            history.move(now)
        if now == self._next_duty:
            self.duties.perform(now)
            self._next_duty = self.duties.next_after(now)
        if now <= self.live_end:
            for watch in self._watches.values():
                watch.passed(now)

    def _until_duty(self, to: int) -> int:
        return to if self._next_duty is None else min(to, self._next_duty)

    def _close(self) -> None:
        """The live window is over: resting orders expire, and the generated minutes go on from the last prices."""
        for venue in self.venues.values():
            venue.close(self.now)
        self._go_on()

    def _go_on(self) -> None:
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
                elif isinstance(one, StatusChanged):
                    self._follow(name, one)
                elif isinstance(one, RulesChanged):
                    listing = venue.listing(one.symbol)
                    self.listings[listing.instrument.id] = listing

    def _follow(self, market: str, change: StatusChanged) -> None:
        """Others come back to what trades again, and leave what doesn't trade any more."""
        rules = self.venues[market].listing(change.symbol).instrument
        if change.status is InstrumentStatus.TRADING and self.is_live:
            self._crowd.gather(rules, self.now)
        elif change.status is InstrumentStatus.DELISTED:
            self._crowd.leave(rules.id)

    def _venue(self, name: str, product: Product) -> Venue:
        listings = [listing for listing in self.listings.values() if listing.instrument.market == name]
        by_symbol = {listing.symbol: listing.instrument.id for listing in listings}
        venue = Venue(name, product, listings, lambda symbol: self.mark(by_symbol[symbol]), rules_of(name))
        venue.native_prices.update(NATIVE_PRICES)
        return venue

    def _open_books(self) -> None:
        for rules in self.market.instruments:
            venue, symbol = self.venues[str(rules.market)], str(rules.venue_symbol)
            self._crowd.gather(rules, self.now)
            venue.next_trade_id[symbol] = self.market.first_trade_id(rules.id, self.live_start)
            venue.books[symbol].drain_changes()
