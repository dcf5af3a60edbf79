"""A row of the tables that say which handler answers which request."""

import msgspec

from jtrader.exchange.sim.huobi.call import Handler
from jtrader.exchange.sim.huobi.errors import Family
from jtrader.exchange.sim.huobi.limits import Allowance


class Route(msgspec.Struct, frozen=True):
    """`signed`: it asks for a key. `acts`: it changes an account. A number in a path stands as `{id}` in a table."""

    market: str
    family: Family
    handler: Handler
    allowance: Allowance
    signed: bool = False
    acts: bool = False


Table = dict[tuple[str, str], Route]
"""By method and path."""
