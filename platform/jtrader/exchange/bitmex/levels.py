"""The ids of an order book's levels: BitMEX numbers no updates, but every row must fit the ids that stand.

An insert of an id that stands already, or an update or delete of one that doesn't, proves that something was missed.
"""

from bisect import bisect_left, insort

from jtrader.domain.market import Level
from jtrader.domain.order_book import OrderBook
from jtrader.exchange.bitmex.messages import LevelRow

_INFINITE = float("inf")

Levels = tuple[list[Level], list[Level]]
"""(bids, asks)"""


class SequenceBroken(Exception):
    """A row doesn't fit: the book has to be asked for anew."""


class LevelIds:
    """One symbol's levels by id, each side apart, with the price that was told when the level came."""

    __slots__ = ("_buys", "_nowhere", "_sells", "is_known")

    def __init__(self) -> None:
        self._buys: dict[int, float] = {}
        self._sells: dict[int, float] = {}
        self._nowhere: set[int] = set()
        """Levels that came without a price, as the venue is known to send now and then: they stand in no book."""
        self.is_known = False
        """A partial has come; before it nothing can be told."""

    def forget(self) -> None:
        self._buys.clear()
        self._sells.clear()
        self._nowhere.clear()
        self.is_known = False

    def follow(self, book: OrderBook, action: str, row: LevelRow) -> Level | None:
        """The short way of the usual message, one level that comes, changes or goes as it should: it is set here and in
        the proven book that stands. None, and nothing is changed, where `apply` and the book's keeper have to judge."""
        is_bid, size = row.side == "Buy", row.size
        ids, side = (self._buys, book.bids) if is_bid else (self._sells, book.asks)
        quantities = side.quantities
        if action == "update":
            price = ids.get(row.id)
            if price not in quantities or not size > 0.0:
                return None
        elif action == "delete":
            price = ids.get(row.id)
            if price not in quantities:
                return None
            del ids[row.id], quantities[price], side.prices[bisect_left(side.prices, price)]
            return price, 0.0
        else:
            price, across = row.price, book.asks.prices if is_bid else book.bids.prices
            if price is None or row.id in ids or price in quantities or not across or not self.is_known:
                return None
            if not (size > 0.0 and (0.0 < price < across[0] if is_bid else across[-1] < price < _INFINITE)):
                return None
            if len(side.prices) >= book.most_levels:
                return None
            ids[row.id] = price
            insort(side.prices, price)
        quantities[price] = size
        return price, size

    def apply(self, action: str, rows: list[LevelRow]) -> Levels:
        """What an action's rows changed; of a partial: the whole book. Raises SequenceBroken."""
        if action == "update":
            return self._update(rows)
        if action == "delete":
            return self._delete(rows)
        if action == "partial":
            self.forget()
            self.is_known = True
        return self._insert(rows)

    def _insert(self, rows: list[LevelRow]) -> Levels:
        bids: list[Level] = []
        asks: list[Level] = []
        for row in rows:
            price = row.price
            if price is None:
                self._nowhere.add(row.id)
                continue
            ids, told = (self._buys, bids) if row.side == "Buy" else (self._sells, asks)
            if row.id in ids:
                raise SequenceBroken
            ids[row.id] = price
            told.append((price, row.size))
        return bids, asks

    def _update(self, rows: list[LevelRow]) -> Levels:
        bids: list[Level] = []
        asks: list[Level] = []
        buys, sells = self._buys, self._sells
        for row in rows:
            try:
                if row.side == "Buy":
                    bids.append((buys[row.id], row.size))
                else:
                    asks.append((sells[row.id], row.size))
            except KeyError:
                self._miss(row.id)
        return bids, asks

    def _delete(self, rows: list[LevelRow]) -> Levels:
        bids: list[Level] = []
        asks: list[Level] = []
        for row in rows:
            try:
                if row.side == "Buy":
                    bids.append((self._buys.pop(row.id), 0.0))
                else:
                    asks.append((self._sells.pop(row.id), 0.0))
            except KeyError:
                self._miss(row.id)
        return bids, asks

    def _miss(self, level: int) -> None:
        if level not in self._nowhere:
            raise SequenceBroken from None
