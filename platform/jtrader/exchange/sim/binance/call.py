"""One request as the handlers see it, whichever door it came through (REST or WebSocket API)."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import from_millis, to_millis
from jtrader.exchange.sim.binance.errors import BAD_SYMBOL, NO_KEY, BinanceError, illegal, missing
from jtrader.exchange.sim.binance.listen_keys import ListenKeys
from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.keys import Key
from jtrader.exchange.sim.world import World
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.venue import Venue


class Call(msgspec.Struct, frozen=True):
    """`params` as sent, unescaped; `key` is set where the route asks for one; `wall_ms` is the wall clock."""

    world: World
    market: str
    params: dict[str, str]
    wall_ms: int
    listen_keys: ListenKeys
    key: Key | None = None

    @property
    def venue(self) -> Venue:
        """Raises BinanceError for a market that lists nothing here."""
        found = self.world.venues.get(self.market)
        if found is None:
            raise BinanceError(*BAD_SYMBOL)
        return found

    @property
    def account(self) -> Account:
        """Raises BinanceError on a route that forgot to ask for a key."""
        if self.key is None:
            raise BinanceError(*NO_KEY)
        return self.key.accounts[self.market]

    @property
    def now_ms(self) -> int:
        """Market time."""
        return to_millis(self.world.now)

    def text(self, name: str) -> str:
        """Raises BinanceError when it is not there."""
        value = self.params.get(name, "")
        if not value:
            raise missing(name)
        return value

    def maybe(self, name: str) -> str | None:
        return self.params.get(name) or None

    def integer(self, name: str) -> int | None:
        value = self.params.get(name)
        if not value:
            return None
        try:
            return int(value)
        except ValueError:
            raise illegal(name) from None

    def flag(self, name: str) -> bool:
        return self.params.get(name, "").lower() == "true"

    def decimal(self, name: str) -> Decimal | None:
        value = self.params.get(name)
        if not value:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise illegal(name) from None
        if not number.is_finite():
            raise illegal(name)
        return number

    def limit(self, usual: int, most: int) -> int:
        found = self.integer("limit")
        return usual if found is None else max(1, min(found, most))

    def time(self, name: str) -> int | None:
        """A parameter in ms as ns."""
        found = self.integer(name)
        return None if found is None else from_millis(found)

    def span(self) -> tuple[int | None, int | None]:
        """`startTime` and `endTime` (inclusive ms) as ns: start ≤ ts < end."""
        start, end = self.integer("startTime"), self.integer("endTime")
        return (
            None if start is None else from_millis(start),
            None if end is None else from_millis(end + 1),
        )

    def listing(self) -> Listing:
        symbol = self.text("symbol")
        found = self.venue.listings.get(symbol)
        if found is None:
            raise BinanceError(*BAD_SYMBOL)
        return found

    def listings(self) -> list[Listing]:
        """The one that is asked for, or all."""
        return [self.listing()] if self.maybe("symbol") else list(self.venue.listings.values())

    def instrument(self) -> InstrumentId:
        return self.listing().instrument.id

    def history(self) -> History:
        return self.world.histories[self.instrument()]


Handler = Callable[[Call], Any]
"""Answers with what becomes the JSON body. Raises BinanceError or the venue's Refused."""
