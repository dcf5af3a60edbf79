"""The other participants of one instrument during the live window.

They quote around the generator's own fair path: market makers move their quotes with it, takers come as `arrivals`
tells. Nobody's trades move the fair path, so an order of ours has the impact of the book it walks, and no more.

The book can't be crossed by what they do: a limit order is placed only on its own side of the opposite best price
known at the call, which within a call can only get worse. Quotes that the fair price has run over are withdrawn; an
order of somebody else that stands in the way is traded against until it is gone.
"""

from typing import Protocol

from jtrader.domain.order import Side
from jtrader.domain.times import MINUTE
from jtrader.exchange.sim.market.arrivals import Moment, moments_of
from jtrader.exchange.sim.market.figures import lot_in_base
from jtrader.exchange.sim.market.ladder import Ladder
from jtrader.exchange.sim.market.randomness import keyed
from jtrader.exchange.sim.market.served import Served
from jtrader.exchange.sim.market.tape import FlowEvent, FlowKind
from jtrader.exchange.sim.market.underlying import BP

TAKER_REACH_BP = 3.0
"""How far beyond the fair or best price a taker's limit lies."""
WIDE_SPREAD_SHARE = 0.05
WIDE_SPREAD_TICKS = 5


class LiveFlow(Protocol):
    """Call `opening_book` once, then `advance` with growing times, about every 100 to 500 ms of market time."""

    def opening_book(self) -> list[tuple[Side, int, int]]:
        """Resting orders (side, price, lots) at the start, best first; several may share a price."""
        ...

    def advance(self, ts: int, best_bid: int | None, best_ask: int | None) -> list[FlowEvent]:
        """What the others do in (last ts, ts], in time order, given the book's best prices now (None: side empty)."""
        ...


class Participants:
    """The LiveFlow of one served instrument from `start` (ns) on; deterministic for the same calls."""

    def __init__(self, seed: int, served: Served, start: int) -> None:
        self._seed = seed
        self._served = served
        minute, into = divmod(start, MINUTE)
        self._draws = keyed(seed, f"flow/{served.instrument.id}", minute)
        self._fair = served.fair(start) / served.tick
        tick_bp = 1.0 / self._fair / BP
        lots_per_base = 1.0 / lot_in_base(served.instrument) / served.intensity
        self._bids, self._asks = (
            Ladder(side, served.path.figures, tick_bp, lots_per_base) for side in (Side.BUY, Side.SELL)
        )
        self._reach = TAKER_REACH_BP / tick_bp
        self._now = start
        self._minute = minute
        self._coming: list[Moment] = []
        self._usual_lots = 1
        if into and minute < served.live_end:
            self._load()
            self._coming = [moment for moment in self._coming if moment.ts > start]
        self._best: tuple[int | None, int | None] = (None, None)
        self._placed = (0, 0)
        self._behind = False
        """The last look could not place its quotes where it wanted them, or they were traded away."""

    def opening_book(self) -> list[tuple[Side, int, int]]:
        bid, ask = self._placed = self._wanted(self._fair)
        book = []
        for ladder, best in ((self._bids, bid), (self._asks, ask)):
            adds, _ = ladder.mend(best, self._draws)
            book += [(ladder.side, price, lots) for price, lots in adds]
        return book

    def advance(self, ts: int, best_bid: int | None, best_ask: int | None) -> list[FlowEvent]:
        if (best_bid, best_ask) != self._best:
            self._best = best_bid, best_ask
            self._bids.prune(best_bid)
            self._asks.prune(best_ask)
            bid, ask = self._placed
            self._behind |= best_bid is None or best_bid < bid or best_ask is None or best_ask > ask
        events: list[FlowEvent] = []
        book = _Best(best_bid, best_ask)
        if self._behind:
            self._look(Moment(self._now + 1, self._fair), book, events)
        while True:
            if not self._coming:
                if self._minute * MINUTE > ts or self._minute >= self._served.live_end:
                    break
                self._load()
            if self._coming[-1].ts > ts:
                break
            moment = self._coming.pop()
            self._fair = moment.fair
            if moment.side is None:
                self._look(moment, book, events)
            else:
                self._take(moment.ts, moment.side, moment.lots, book, events)
        self._now = ts
        return events

    def _load(self) -> None:
        self._coming = moments_of(self._seed, self._served, self._minute)[::-1]
        takers = [moment.lots for moment in self._coming if moment.side is not None]
        self._usual_lots = max(sum(takers) // len(takers), 1)
        self._minute += 1

    def _wanted(self, fair: float) -> tuple[int, int]:
        """Best bid and ask around the fair price, in ticks: one tick apart, sometimes a few."""
        wide = self._draws.random() < WIDE_SPREAD_SHARE
        spread = int(self._draws.integers(2, WIDE_SPREAD_TICKS + 1)) if wide else 1
        bid = max(int(fair - (spread - 1) / 2.0), 1)
        return bid, bid + spread

    def _look(self, moment: Moment, book: "_Best", events: list[FlowEvent]) -> None:
        """Market makers withdraw what the fair price ran over, trade against what stands in the way, and mend."""
        bid, ask = self._wanted(moment.fair)
        for ladder, limit, side, in_the_way in (
            (self._asks, ask, Side.BUY, book.ask is not None and book.ask <= bid),
            (self._bids, bid, Side.SELL, book.bid is not None and book.bid >= ask),
        ):
            opposite = book.ask if side is Side.BUY else book.bid
            others = in_the_way and opposite not in ladder.lots
            for price, lots in ladder.withdraw(limit):
                events.append(FlowEvent(moment.ts, FlowKind.REDUCE, ladder.side, price, lots))
            if others:
                worst = bid if side is Side.BUY else ask
                events.append(FlowEvent(moment.ts, FlowKind.TAKE, side, worst, self._usual_lots))
        placed_bid = bid if book.ask is None else min(bid, book.ask - 1)
        placed_ask = ask if book.bid is None else max(ask, book.bid + 1)
        self._placed = placed_bid, placed_ask
        self._behind = self._placed != (bid, ask)
        for ladder, best in ((self._bids, placed_bid), (self._asks, placed_ask)):
            if best > 0:
                self._mend(ladder, best, moment.ts, events)
        book.tighten(placed_bid, placed_ask)

    def _mend(self, ladder: Ladder, best: int, ts: int, events: list[FlowEvent]) -> None:
        adds, cancels = ladder.mend(best, self._draws)
        events += [FlowEvent(ts, FlowKind.REDUCE, ladder.side, price, lots) for price, lots in cancels]
        events += [FlowEvent(ts, FlowKind.ADD, ladder.side, price, lots) for price, lots in adds]

    def _take(self, ts: int, side: Side, lots: int, book: "_Best", events: list[FlowEvent]) -> None:
        best = book.ask if side is Side.BUY else book.bid
        if best is None:
            return
        around = max(best, self._fair) if side is Side.BUY else min(best, self._fair)
        limit = max(int(around + side.sign * self._reach), 1)
        events.append(FlowEvent(ts, FlowKind.TAKE, side, limit, lots))


class _Best:
    """The tightest the book can be during one call."""

    __slots__ = ("ask", "bid")

    def __init__(self, bid: int | None, ask: int | None) -> None:
        self.bid = bid
        self.ask = ask

    def tighten(self, bid: int, ask: int) -> None:
        self.bid = bid if self.bid is None else max(self.bid, bid)
        self.ask = ask if self.ask is None else min(self.ask, ask)
