"""What a market leaves behind, in whole numbers: prices in ticks and quantities in lots of the instrument.

A tick is `Instrument.price_tick`, a lot is `Instrument.quantity_step`; a turnover in ticks × lots becomes quote
currency when multiplied by both. Times are int ns UTC.
"""

from enum import StrEnum

import msgspec

from jtrader.domain.order import Side


class Kline(msgspec.Struct, frozen=True, gc=False):
    """One closed minute. `buy_*` is what takers bought; a minute without a trade has volume and count 0."""

    minute_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int
    count: int
    buy_volume: int
    buy_turnover: int


class Print(msgspec.Struct, frozen=True, gc=False):
    """One public trade. Ids are contiguous per instrument."""

    id: int
    ts: int
    price: int
    quantity: int
    buyer_is_taker: bool


class FlowKind(StrEnum):
    """What another participant does.

    ADD: a limit order rests at `price` (never at or beyond the opposite best). REDUCE: up to `lots` of what other
    participants have resting at `price` is cancelled, newest first; less where less is left, nothing where nothing is.
    TAKE: an immediate-or-cancel order of `lots` with limit `price`. Of a replay: SET makes what the others have resting
    at `price` exactly `lots`; PRINT is a trade of `lots` at exactly `price`.
    """

    ADD = "add"
    REDUCE = "reduce"
    TAKE = "take"
    SET = "set"
    PRINT = "print"


class FlowEvent(msgspec.Struct, frozen=True, gc=False):
    """`side` is the order's own: BUY rests on the bid side (ADD, REDUCE) or takes from the ask side (TAKE)."""

    ts: int
    kind: FlowKind
    side: Side
    price: int
    lots: int
