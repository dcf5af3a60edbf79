"""The other participants of one instrument during the live window."""

from typing import Protocol

from jtrader.domain.order import Side
from jtrader.exchange.sim.market.tape import FlowEvent


class LiveFlow(Protocol):
    """Call `opening_book` once, then `advance` with growing times, about every 100 to 500 ms of market time."""

    def opening_book(self) -> list[tuple[Side, int, int]]:
        """Resting orders (side, price, lots) at the window's start, best first; several may share a price."""
        ...

    def advance(self, ts: int, best_bid: int | None, best_ask: int | None) -> list[FlowEvent]:
        """What the others do in (last ts, ts], in time order, given the book's best prices now (None: side empty)."""
        ...
