"""One request as the handlers see it: query and JSON body are one set of parameters."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.bitmex.desk import Desk
from jtrader.exchange.sim.bitmex.errors import NO_KEY, BitmexError, invalid, missing
from jtrader.exchange.sim.bitmex.words import MARKET, moment
from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.keys import Key
from jtrader.exchange.sim.world import World
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.venue import Venue


class Page(msgspec.Struct, frozen=True):
    """What part of a list is wanted: start ≤ ts ≤ end (ns), `count` rows from the `first`, oldest or newest first."""

    start: int | None
    end: int | None
    first: int
    count: int
    newest_first: bool

    def has(self, ts: int) -> bool:
        return (self.start is None or ts >= self.start) and (self.end is None or ts <= self.end)

    def of(self, rows: list[Any]) -> list[Any]:
        """Of ascending rows that are within the times."""
        ordered = rows[::-1] if self.newest_first else rows
        return ordered[self.first : self.first + self.count]


class Call(msgspec.Struct, frozen=True):
    """`params`: texts of the query, JSON values of the body; `key` is set where the route asks for one; `wall_ns` is
    the wall clock."""

    world: World
    desk: Desk
    params: dict[str, Any]
    wall_ns: int
    key: Key | None = None

    @property
    def venue(self) -> Venue:
        return self.world.venues[MARKET]

    @property
    def account(self) -> Account:
        """Raises BitmexError on a route that forgot to ask for a key."""
        if self.key is None:
            raise BitmexError(*NO_KEY)
        return self.key.accounts[MARKET]

    def text(self, name: str) -> str:
        """Raises BitmexError where it is missing."""
        value = self.maybe(name)
        if value is None:
            raise missing(name)
        return value

    def maybe(self, name: str) -> str | None:
        value = self.params.get(name)
        return None if value is None or value == "" else str(value)

    def decimal(self, name: str) -> Decimal | None:
        """Exact: numbers of the body were read as Decimals."""
        value = self.params.get(name)
        if value is None or value == "":
            return None
        try:
            found = Decimal(value)
        except (InvalidOperation, TypeError, ValueError):
            raise invalid(name) from None
        if not found.is_finite():
            raise invalid(name)
        return found

    def integer(self, name: str) -> int | None:
        found = self.decimal(name)
        if found is None:
            return None
        if found != int(found):
            raise invalid(name)
        return int(found)

    def flag(self, name: str, usual: bool = False) -> bool:
        value = self.params.get(name)
        if value is None or value == "":
            return usual
        return value if isinstance(value, bool) else str(value).lower() == "true"

    def words(self, name: str) -> list[str]:
        """A text, a list of texts, or texts with commas between."""
        value = self.params.get(name)
        if value is None or value == "":
            return []
        return [str(one) for one in value] if isinstance(value, list) else str(value).split(",")

    def filter(self) -> dict[str, Any]:
        """The JSON object of `filter`."""
        value = self.params.get("filter")
        if value is None or value == "":
            return {}
        try:
            found = msgspec.json.decode(value) if isinstance(value, str) else value
        except msgspec.DecodeError:
            raise invalid("filter") from None
        if not isinstance(found, dict):
            raise invalid("filter")
        return found

    def time(self, name: str) -> int | None:
        value = self.maybe(name)
        if value is None:
            return None
        try:
            return moment(value)
        except BadInput:
            raise invalid(name) from None

    def moment(self, text: str) -> int:
        """One of our own rows' times, ns."""
        return moment(text)

    def page(self, most: int) -> Page:
        """100 rows unless asked otherwise, at most `most`."""
        count, first = self.integer("count"), self.integer("start")
        if count is not None and not 1 <= count <= most:
            raise invalid("count")
        if first is not None and first < 0:
            raise invalid("start")
        return Page(self.time("startTime"), self.time("endTime"), first or 0, count or 100, self.flag("reverse"))

    def listing(self) -> Listing:
        """Raises BitmexError for a missing symbol, or one that is not listed."""
        found = self.venue.listings.get(self.text("symbol").upper())
        if found is None:
            raise BitmexError("Invalid symbol")
        return found

    def listings(self) -> list[Listing]:
        """The one that is asked for, or all; none for a symbol that is not listed."""
        symbol = self.maybe("symbol")
        if symbol is None:
            return list(self.venue.listings.values())
        found = self.venue.listings.get(symbol.upper())
        return [found] if found is not None else []

    def history(self, listing: Listing) -> History:
        return self.world.histories[listing.instrument.id]

    def picked(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Only the fields that `columns` names, and the keys of every row."""
        columns = set(self.words("columns"))
        if not columns:
            return rows
        keep = columns | {"symbol", "timestamp", "account"}
        return [{name: value for name, value in row.items() if name in keep} for row in rows]


Handler = Callable[[Call], Any]
"""Answers with what becomes the JSON body. Raises BitmexError or the venue's Refused."""
