"""A venue for paper trading: its other participants are what a live feed tells of them.

Books follow the feed level by level, own orders stand in the same queues: what the feed's trades take is taken from a
price's queue in order of arrival, so that an order is reached when everything before it is gone. What an own order
takes is there again with the feed's next word on that level. Marks, funding, halts come from the feed as well; market
time is that of its events. Feed numbers are floats: they become ticks, lots and atoms here, to the nearest.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import InstrumentStatus, Product
from jtrader.domain.market import Depth, Event, FeedStatus, Funding, Level, Mark, Quote, Trade, TradingStatus
from jtrader.domain.times import MINUTE
from jtrader.matching.book import BUY, FOREIGN, SELL
from jtrader.venue.feed_trust import FeedTrust
from jtrader.venue.listing import Listing
from jtrader.venue.market_rules import PLAIN, MarketRules
from jtrader.venue.past import Past, load_with_past
from jtrader.venue.records import Happened, Order, TradePrinted
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import ATOM
from jtrader.venue.venue import Venue

Wanted = list[tuple[int, int, int]]
"""(side, ticks, lots) that shall stand at levels."""
MinuteMark = tuple[str, int, int]
"""(symbol, full minute in ns, mark in atoms)."""


class Known(msgspec.Struct):
    """What a market knows beside its venue's state; all by symbol, prices and rates in atoms, times in ns."""

    now: int = 0
    """The newest event's time."""
    marks: dict[str, int] = {}
    predicted: dict[str, int] = {}
    """The funding rate for the next instant."""
    due: dict[str, int] = {}
    """The next funding instant."""
    funded: dict[str, int] = {}
    """The last funding instant that was settled; older ones are not looked at."""
    heard: dict[str, tuple[int, tuple[int | str, ...]]] = {}
    """The last trade: its time, and the ids of that time."""


class PaperMarket:
    """One market. `apply` every event of its instruments in order; others are not looked at."""

    def __init__(
        self, market: str, listings: Sequence[Listing], rules: MarketRules = PLAIN, product: Product | None = None
    ) -> None:
        """`product` says what kind of market it is where nothing is listed yet."""
        kind = listings[0].instrument.product if listings else product or Product.SPOT
        self.venue = Venue(market, kind, listings, self._mark_of, rules)
        self.product = kind
        self.known = Known()
        self.trust = FeedTrust(self.venue.listings)
        self.minutes: list[MinuteMark] = []
        """Marks of full minutes that nobody has fetched yet (see `fresh_minutes`)."""
        self._marked: dict[str, tuple[int, int]] = {}
        self._has_books: set[str] = set()
        self._quoted: dict[str, Wanted] = {}
        self._look_up()

    @property
    def now(self) -> int:
        return self.known.now

    def load(self, dump: bytes, known: Known, pasts: Mapping[str, Past]) -> None:
        """Goes on from a dump without past, and the accounts' pasts. Others' orders stand as they stood then, so that
        own orders keep their places in the queues; what of them is gone goes with the feed's first word. Raises
        BadInput."""
        load_with_past(self.venue, dump, pasts, with_others=True)
        self.known = known
        self.trust = FeedTrust(self.venue.listings)
        self._look_up()
        for symbol in self.venue.listings:
            self._void(symbol)

    def lost(self, instrument: InstrumentId) -> None:
        """Some of what the feed told of its book did not arrive."""
        if (listing := self._by_id.get(instrument)) is not None:
            self._void(listing.symbol)

    def funding_due(self, ts: int) -> list[tuple[str, int]]:
        """(symbol, instant) of each funding that is to be settled before anything of `ts` happens."""
        return [(symbol, instant) for symbol, instant in self.known.due.items() if instant <= ts]

    def settle_funding(self, symbol: str, instant: int, rate: int, mark: int | None = None) -> None:
        """Once an instant; `mark` is the newest one by default. Both in atoms."""
        known = self.known
        if self.venue.margin is None or instant <= known.funded.get(symbol, 0):
            return
        known.funded[symbol] = instant
        if known.due.get(symbol, 0) <= instant:
            known.due.pop(symbol, None)
        self.venue.pay_funding(symbol, self._mark_of(symbol) if mark is None else mark, rate, instant)

    def drain(self) -> list[Happened]:
        """What happened to accounts and instruments since the last call."""
        for book in self.venue.books.values():
            book.drain_changes()
        return [one for one in self.venue.drain() if not isinstance(one, TradePrinted)]

    def fresh_minutes(self) -> list[MinuteMark]:
        """The marks of full minutes since the last call."""
        found, self.minutes = self.minutes, []
        return found

    def apply(self, event: Event) -> None:
        listing = self._by_id.get(event.instrument)
        if listing is None:
            return
        if isinstance(event, FeedStatus):
            self._heed(listing.symbol, event.state)
            return
        self.known.now = max(self.now, event.ts)
        match event:
            case Trade():
                self._traded(listing, event)
            case Depth():
                self._depth(listing, event)
            case Quote():
                self._quote(listing, event)
            case Mark():
                self._mark(listing, event)
            case Funding() if listing.symbol in self.known.marks:
                self.settle_funding(listing.symbol, event.ts, _atoms(event.rate))
            case TradingStatus() if event.state in set(InstrumentStatus):
                self.venue.set_status(listing.symbol, InstrumentStatus(event.state), self.now)
        self._deliver()

    def meets_newer(self, trade: Trade) -> bool:
        """Whether a trade that is told late would meet an own order that was placed, or changed, only after it."""
        listing = self._by_id.get(trade.instrument)
        if listing is None:
            return False
        ticks = _ticks(listing, trade.price)
        own = (order for account in self.venue.accounts.values() for order in account.open_orders.values())
        reached = (
            order
            for order in own
            if order.symbol == listing.symbol
            and order.side != trade.side
            and order.price is not None
            and (order.price - ticks) * trade.side <= 0
        )
        return any(_standing_since(order) > trade.ts for order in reached)

    def _traded(self, listing: Listing, trade: Trade) -> None:
        ticks, lots = _ticks(listing, trade.price), _lots(listing, trade.quantity)
        if lots > 0:
            self.venue.foreign_take(listing.symbol, trade.side, ticks, lots, self.now)
        if self.venue.margin is None:
            self.known.marks[listing.symbol] = ticks * listing.tick
        if listing.symbol in self.known.marks:
            self._look(listing, ticks * listing.tick, 0)

    def _depth(self, listing: Listing, depth: Depth) -> None:
        """Changes mean nothing before the whole book was told."""
        if not depth.snapshot and listing.symbol not in self._has_books:
            return
        self._has_books.add(listing.symbol)
        self.trust.price(listing.symbol)
        wanted = _levels(listing, BUY, depth.bids) + _levels(listing, SELL, depth.asks)
        if depth.snapshot:
            wanted = _gone(self._standing(listing.symbol), wanted) + wanted
        self._set(listing, wanted)

    def _quote(self, listing: Listing, quote: Quote) -> None:
        """Without a book the best bid and ask are all that stands."""
        if listing.symbol in self._has_books:
            return
        self.trust.price(listing.symbol)
        wanted = [
            *_levels(listing, BUY, [(quote.bid, quote.bid_quantity)]),
            *_levels(listing, SELL, [(quote.ask, quote.ask_quantity)]),
        ]
        gone = _gone(self._quoted.get(listing.symbol, []), wanted)
        self._quoted[listing.symbol] = wanted
        self._set(listing, gone + wanted)
        if self.venue.margin is None:
            self.known.marks.setdefault(listing.symbol, _atoms(quote.mid))

    def _mark(self, listing: Listing, mark: Mark) -> None:
        symbol, price = listing.symbol, _atoms(mark.mark)
        minute = mark.ts - mark.ts % MINUTE
        before, was = self._marked.get(symbol, (0, 0))
        if mark.ts == minute:
            self.minutes.append((symbol, minute, price))
        elif minute - MINUTE <= before < minute:
            self.minutes.append((symbol, minute, was))
        self._marked[symbol] = mark.ts, price
        self.known.marks[symbol] = price
        if mark.next_funding > self.known.funded.get(symbol, 0):
            self.known.due[symbol] = mark.next_funding
            self.known.predicted[symbol] = _atoms(mark.funding_rate)
        self._look(listing, 0, _atoms(mark.index))

    def _heed(self, symbol: str, state: str) -> None:
        self.trust.status(symbol, state)
        if state in ("down", "quarantined"):
            self._void(symbol)

    def _void(self, symbol: str) -> None:
        """What stands is told anew: by the next snapshot, or by the next quote until then."""
        self._has_books.discard(symbol)
        self._quoted[symbol] = self._standing(symbol)
        self.trust.lost(symbol)

    def _standing(self, symbol: str) -> Wanted:
        """Levels at which others stand, without their lots."""
        found = {(order.side, order.ticks) for order in self.venue.books[symbol].orders() if order.owner == FOREIGN}
        return [(side, ticks, 0) for side, ticks in found]

    def _set(self, listing: Listing, wanted: Wanted) -> None:
        """First whatever shrinks, so that what grows meets nobody but own orders. At a level the others stand as one
        order before each own one and one after them."""
        book, grows = self.venue.books[listing.symbol], []
        for side, ticks, lots in wanted:
            queue = book.queue(side, ticks)
            there = sum(order.lots for order in queue if order.owner == FOREIGN)
            if lots < there:
                self.venue.foreign_reduce(listing.symbol, side, ticks, there - lots)
            elif lots > there:
                joins = queue[-1] if queue and queue[-1].owner == FOREIGN else None
                grows.append((side, ticks, lots - there + (0 if joins is None else book.cancel(joins.order_id))))
        for side, ticks, more in grows:
            self.venue.foreign_limit(listing.symbol, side, ticks, more, self.now)

    def _look(self, listing: Listing, last: int, index: int) -> None:
        """Prices moved: orders may trigger, margins may be gone."""
        self.venue.trigger(listing.symbol, last, self.known.marks[listing.symbol], index, self.now)
        self.venue.check_liquidations(self.now)

    def _deliver(self) -> None:
        """A dated contract ends at its last mark."""
        for symbol in [symbol for symbol, expiry in self._expiries.items() if expiry <= self.now]:
            del self._expiries[symbol]
            if self.venue.status[symbol] is not InstrumentStatus.DELISTED and symbol in self.known.marks:
                self.venue.deliver(symbol, self.known.marks[symbol], self.now)

    def _mark_of(self, symbol: str) -> int:
        mark = self.known.marks.get(symbol)
        if mark is None:
            raise Refused(Why.HALTED, f"the feed has told no price of {symbol} yet")
        return mark

    def _look_up(self) -> None:
        listings = self.venue.listings.values()
        self._by_id: dict[InstrumentId, Listing] = {listing.instrument.id: listing for listing in listings}
        self._expiries = {one.symbol: one.instrument.expiry for one in listings if one.instrument.expiry is not None}


def _standing_since(order: Order) -> int:
    """When an order was placed, triggered, or amended, as far as that is told."""
    is_amended = order.amended and not order.filled
    return order.updated if is_amended else max(order.created, order.triggered)


def _gone(stood: Wanted, wanted: Wanted) -> Wanted:
    """What stood and is not told any more, at no lots."""
    named = {(side, ticks) for side, ticks, _ in wanted}
    return [(side, ticks, 0) for side, ticks, _ in stood if (side, ticks) not in named]


def _levels(listing: Listing, side: int, levels: Iterable[Level]) -> Wanted:
    return [(side, _ticks(listing, price), _lots(listing, quantity)) for price, quantity in levels]


def _ticks(listing: Listing, price: float) -> int:
    return round(price * ATOM / listing.tick)


def _lots(listing: Listing, quantity: float) -> int:
    return round(quantity * ATOM / listing.lot)


def _atoms(number: float) -> int:
    return round(number * ATOM)
