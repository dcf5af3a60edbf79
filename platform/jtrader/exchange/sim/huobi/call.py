"""One request as the handlers see it: its parameters, its sender, the market it is about and the world."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from jtrader.domain.times import SECOND, from_millis, to_millis
from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.huobi.errors import Family, illegal, missing, unknown_symbol
from jtrader.exchange.sim.huobi.listed import alias, contract_type
from jtrader.exchange.sim.huobi.switches import Switches
from jtrader.exchange.sim.keys import Key
from jtrader.exchange.sim.world import World
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.venue import Venue

_SYMBOL_NAMES = ("contract_code", "contract", "symbol", "symbols")


class Call(msgspec.Struct, frozen=True):
    """`params` are a GET's query or a POST's JSON object, and what the path names; `items` is a body that is a list."""

    world: World
    market: str
    family: Family
    params: dict[str, Any]
    wall_ms: int
    switches: Switches
    key: Key | None = None
    items: tuple[dict[str, Any], ...] = ()

    @property
    def venue(self) -> Venue:
        return self.world.venues[self.market]

    @property
    def sender(self) -> Key:
        assert self.key is not None, "the route asks for no key"
        return self.key

    @property
    def account(self) -> Account:
        return self.sender.accounts[self.market]

    @property
    def now_ms(self) -> int:
        """Market time."""
        return to_millis(self.world.now)

    def maybe(self, name: str) -> str | None:
        """A parameter as text, None where it is absent or empty."""
        value = self.params.get(name)
        if value is None or value == "":
            return None
        return str(value).lower() if isinstance(value, bool) else str(value)

    def text(self, name: str) -> str:
        """Raises HuobiError when it is not there."""
        value = self.maybe(name)
        if value is None:
            raise missing(self.family, name)
        return value

    def integer(self, name: str) -> int | None:
        value = self.maybe(name)
        if value is None:
            return None
        try:
            return int(value)
        except ValueError:
            raise illegal(self.family, name) from None

    def decimal(self, name: str) -> Decimal | None:
        value = self.maybe(name)
        if value is None:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise illegal(self.family, name) from None
        if not number.is_finite():
            raise illegal(self.family, name)
        return number

    def flag(self, name: str) -> bool:
        return self.maybe(name) in ("1", "true")

    def limit(self, name: str, usual: int, most: int) -> int:
        found = self.integer(name)
        return usual if found is None else max(1, min(found, most))

    def seconds(self, name: str) -> int | None:
        """A parameter in seconds as ns."""
        found = self.integer(name)
        return None if found is None else found * SECOND

    def millis(self, *names: str) -> int | None:
        """The first of these parameters that is there, in ms, as ns."""
        found = next((value for name in names if (value := self.integer(name)) is not None), None)
        return None if found is None else from_millis(found)

    def maybe_listing(self) -> Listing | None:
        """What `contract_code`, `contract`, `symbol` or `symbols` names; None without a name or for `*`."""
        found = self._named()
        return found[0] if found is not None else None

    def listing(self) -> Listing:
        found = self.maybe_listing()
        if found is None:
            raise missing(self.family, "symbol" if self.family.is_spot else "contract_code")
        return found

    def listings(self) -> list[Listing]:
        """The one that is asked for (all of a coin where dated contracts are asked for by coin), or all."""
        found = self._named()
        return list(self.venue.listings.values()) if found is None else found

    def _named(self) -> list[Listing] | None:
        name = next((value for given in _SYMBOL_NAMES if (value := self.maybe(given)) is not None), None)
        return None if name is None or name == "*" else self._matching(name)

    def _matching(self, name: str) -> list[Listing]:
        """At least one. Dated contracts go by their code, their alias (`BTC_CQ`), or their coin, which `contract_type`
        may narrow down."""
        spelt = name.lower() if self.family.is_spot else name.upper()
        listed = self.venue.listings.get(spelt)
        if listed is not None:
            return [listed]
        kind, now = self.maybe("contract_type"), self.world.now
        found = [
            listing
            for listing in self.venue.listings.values()
            if listing.instrument.expiry is not None
            if spelt == alias(listing, now)
            or (spelt == listing.instrument.base and kind in (None, contract_type(listing.instrument, now)))
        ]
        if not found:
            raise unknown_symbol(self.family)
        return found

    def history(self, listing: Listing) -> History:
        return self.world.histories[listing.instrument.id]


Handler = Callable[[Call], Any]
"""Answers with what stands in `data`, or a Whole body. Raises HuobiError or the venue's Refused."""


class Whole(msgspec.Struct, frozen=True):
    """An answer that is not wrapped as its family's usually are."""

    body: dict[str, Any]
