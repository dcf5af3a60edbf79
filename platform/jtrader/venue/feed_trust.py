"""Whether what a feed tells may be traded on: an order is not filled at prices that may be gone."""

import math
from collections.abc import Iterable

from jtrader.domain.times import SECOND

SILENCE = 10 * SECOND
"""Wall time without a word from the feed after which it counts as gone: market time alone can't show that."""


class FeedTrust:
    """Per symbol. `word` comes with every event, `price` with one that tells where the market stands now."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self._priceless = set(symbols)
        self._trouble: dict[str, str] = {}
        self._heard = -math.inf

    def word(self, wall: int) -> None:
        self._heard = max(self._heard, wall)

    def price(self, symbol: str) -> None:
        self._priceless.discard(symbol)

    def lost(self, symbol: str) -> None:
        """What was told of its prices is void until the next one."""
        self._priceless.add(symbol)

    def status(self, symbol: str, state: str) -> None:
        """A FeedStatus. What is up again tells its prices anew, unless it was only stale."""
        was = self._trouble.pop(symbol, "")
        if state != "up":
            self._trouble[symbol] = state
        if "stale" not in (state, was):
            self.lost(symbol)

    def why_not(self, symbol: str, wall: int) -> str:
        """Why nothing can be traded on what is known; empty = it can."""
        if state := self._trouble.get(symbol):
            return f"the feed of {symbol} is {state}"
        if symbol in self._priceless:
            return f"the feed has told no price of {symbol} yet"
        if wall - self._heard > SILENCE:
            return f"nothing has come from the feed for {(wall - self._heard) / SECOND:.0f} s"
        return ""
