"""An order book as `Depth` events tell it, price level by price level.

Built for speed: about 5 million levels a second and core. A side is a dict of quantities and the sorted list of its
prices, so the best price is a look-up, and only a level that comes or goes costs a search.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, Level, Quote

_INFINITE = float("inf")


class BookSide:
    """The bids or the asks. `prices` ascend on both sides; the best bid is the last, the best ask the first."""

    __slots__ = ("is_bid", "prices", "quantities")

    def __init__(self, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.quantities: dict[float, float] = {}
        self.prices: list[float] = []

    def apply(self, levels: Iterable[Level]) -> None:
        """Sets each level; quantity 0 takes it away. Raises BadInput for a price or quantity that can't be (NaN, zero
        or negative price, …): the levels before it are applied then, and the side is no longer to be trusted."""
        quantities, prices = self.quantities, self.prices
        for price, quantity in levels:
            if quantity > 0.0:
                if price not in quantities:
                    if not 0.0 < price < _INFINITE:
                        raise BadInput(f"a book level has the price {price}")
                    insort(prices, price)
                quantities[price] = quantity
            elif quantity == 0.0:
                if quantities.pop(price, None) is not None:
                    del prices[bisect_left(prices, price)]
            else:
                raise BadInput(f"the book level at {price} has the quantity {quantity}")

    def replace(self, levels: Iterable[Level]) -> None:
        """Forgets what was there. Raises BadInput as `apply` does."""
        self.quantities = {price: quantity for price, quantity in dict(levels).items() if quantity != 0.0}
        self.prices = sorted(self.quantities)
        ends = (*self.prices[:1], *self.prices[-1:])
        if not all(0.0 < price < _INFINITE for price in ends) or not all(q > 0.0 for q in self.quantities.values()):
            raise BadInput("a whole book has a price or quantity that is not above zero")

    def keep_best(self, count: int) -> None:
        """Forgets the levels that are farthest from the market."""
        cut = len(self.prices) - count
        if cut <= 0:
            return
        gone = self.prices[:cut] if self.is_bid else self.prices[count:]
        self.prices = self.prices[cut:] if self.is_bid else self.prices[:count]
        for price in gone:
            del self.quantities[price]

    @property
    def best(self) -> float:
        """The best price; NaN where nobody stands."""
        if not self.prices:
            return float("nan")
        return self.prices[-1] if self.is_bid else self.prices[0]

    def __len__(self) -> int:
        return len(self.prices)

    def levels(self) -> Iterator[Level]:
        """(price, quantity) from the best on."""
        ordered = reversed(self.prices) if self.is_bid else iter(self.prices)
        return ((price, self.quantities[price]) for price in ordered)

    def top(self, count: int) -> list[Level]:
        return list(islice(self.levels(), count))


class OrderBook:
    """One instrument's book for who listens to its feed. Until the first snapshot, and after `lose`, it is not known.

    A side holds at most `most_levels`; what stands farthest off goes first, as venues send it seldom or never.
    """

    def __init__(self, instrument: InstrumentId, most_levels: int = 10_000) -> None:
        self.instrument = instrument
        self.bids = BookSide(is_bid=True)
        self.asks = BookSide(is_bid=False)
        self.ts = 0
        self.update_id = 0
        self.is_known = False
        self.most_levels = most_levels

    def apply(self, depth: Depth) -> None:
        """One event of the feed, in its order; updates before the first snapshot are ignored. Raises BadInput for
        levels that can't be."""
        if depth.snapshot:
            self.replace(depth.ts, depth.bids, depth.asks, depth.update_id)
        elif self.is_known:
            self.change(depth.ts, depth.bids, depth.asks, depth.update_id)

    def replace(self, ts: int, bids: Iterable[Level], asks: Iterable[Level], update_id: int = 0) -> None:
        """The whole book."""
        self.is_known = False
        self.bids.replace(bids)
        self.asks.replace(asks)
        self.ts, self.update_id, self.is_known = ts, update_id, True

    def change(self, ts: int, bids: Sequence[Level], asks: Sequence[Level], update_id: int = 0) -> None:
        """Some levels of a book that is known."""
        if bids:
            self.bids.apply(bids)
        if asks:
            self.asks.apply(asks)
        self.ts = ts
        self.update_id = update_id
        most = self.most_levels
        if len(self.bids.prices) > most:
            self.bids.keep_best(most * 3 // 4)
        if len(self.asks.prices) > most:
            self.asks.keep_best(most * 3 // 4)

    def lose(self) -> None:
        """The feed is down or quarantined: nothing here is true any more, until the next snapshot."""
        self.is_known = False

    @property
    def is_crossed(self) -> bool:
        """A bid at or above an ask. An empty side crosses nothing."""
        bids, asks = self.bids.prices, self.asks.prices
        return bool(bids and asks) and bids[-1] >= asks[0]

    def quote(self) -> Quote | None:
        """Best bid and ask; None where a side is empty or the book is not known."""
        if not (self.is_known and self.bids.prices and self.asks.prices):
            return None
        bid, ask = self.bids.prices[-1], self.asks.prices[0]
        return Quote(self.instrument, self.ts, bid, self.bids.quantities[bid], ask, self.asks.quantities[ask])


def merged(depths: Sequence[Depth]) -> Depth:
    """One event with the effect of all: of each level what was said last, since the last snapshot if there is one."""
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    is_whole = False
    for depth in depths:
        if depth.snapshot:
            bids, asks, is_whole = {}, {}, True
        bids.update(depth.bids)
        asks.update(depth.asks)
    last = depths[-1]
    return Depth(last.instrument, last.ts, _levels(bids, is_whole), _levels(asks, is_whole), last.update_id, is_whole)


def _levels(side: dict[float, float], is_whole: bool) -> tuple[Level, ...]:
    return tuple((price, quantity) for price, quantity in side.items() if quantity or not is_whole)
