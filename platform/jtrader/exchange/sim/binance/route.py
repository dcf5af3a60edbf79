"""What a request must prove, what it costs, and who answers it."""

from collections.abc import Callable, Mapping
from enum import Enum

import msgspec

from jtrader.exchange.sim.binance.call import Handler

Weight = int | Callable[[Mapping[str, str]], int]
"""Of a request; some depend on its parameters."""


class Proof(Enum):
    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Route(msgspec.Struct, frozen=True):
    """`acts`: it changes an account, and what happened is told at once. `orders`: how many orders it counts as."""

    handler: Handler
    proof: Proof = Proof.NONE
    weight: Weight = 1
    acts: bool = False
    orders: int = 0

    def weight_of(self, params: Mapping[str, str]) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(params)


Routes = dict[tuple[str, str], Route]
"""By method and path."""


def public(handler: Handler, weight: Weight = 1) -> Route:
    return Route(handler, Proof.NONE, weight)


def keyed(handler: Handler, weight: Weight = 1) -> Route:
    """The key must be good; nothing is signed."""
    return Route(handler, Proof.KEY, weight)


def signed(handler: Handler, weight: Weight = 5) -> Route:
    return Route(handler, Proof.SIGNED, weight)


def acts(handler: Handler, weight: Weight = 1, orders: int = 0) -> Route:
    return Route(handler, Proof.SIGNED, weight, acts=True, orders=orders)


def per_symbol(one: int, every: int) -> Weight:
    """Asking for one symbol costs less than asking for all."""
    return lambda params: one if params.get("symbol") else every


def by_limit(usual: int, *steps: tuple[int, int]) -> Weight:
    """(up to this limit, weight) ascending; beyond the last step the last weight. `usual` is the limit if none is
    told."""

    def weight(params: Mapping[str, str]) -> int:
        told = params.get("limit", "")
        limit = int(told) if told.isascii() and told.isdigit() else usual
        return next((cost for most, cost in steps if limit <= most), steps[-1][1])

    return weight
