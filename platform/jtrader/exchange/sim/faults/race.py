"""Somebody is faster: the open order that a request is about trades before the venue looks at the request."""

import re
from collections.abc import Iterator

from jtrader.exchange.sim.faults.armed import Seen
from jtrader.exchange.sim.runner import Runner
from jtrader.matching.book import FOREIGN
from jtrader.venue.records import Order
from jtrader.venue.venue import Venue

_MOST = 10**18
_WORDS = re.compile(r"[A-Za-z0-9_.:-]+")


class Race:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def run(self, seen: Seen, share: float) -> None:
        """Nothing happens where the request names no order of its key that stands in a book."""
        words = set(_WORDS.findall(f"{seen.path} {seen.text}"))
        for venue, order in self._resting(seen.key):
            if str(order.id) in words or order.client_id in words:
                self._take(venue, order, share)
                self._runner.tell()
                return

    def _resting(self, key: str) -> Iterator[tuple[Venue, Order]]:
        for venue in self._runner.world.venues.values():
            account = venue.accounts.get(key)
            if account is not None:
                yield from ((venue, order) for order in list(account.open_orders.values()))

    def _take(self, venue: Venue, order: Order, share: float) -> None:
        """Everything up to the order's price, but for what stands behind it and what shall be left of it."""
        if order.price is None:
            return
        book, wanted = venue.books[order.symbol], int(order.left * share)
        queue = book.queue(order.side, order.price)
        behind = sum(one.lots for one in queue[[one.order_id for one in queue].index(order.id) + 1 :])
        every, _ = book.takeable(-order.side, _MOST, order.price, FOREIGN)
        lots = every - behind - (order.left - wanted)
        if wanted:
            venue.foreign_take(order.symbol, -order.side, order.price, lots, self._runner.world.now)
