"""The rows of BitMEX's realtime tables as typed structs: only the fields that become events.

Every message is `{"table", "action", "data": [row, …]}`; action is partial (the state at subscription, with the filter
of the topic), insert, update (only what changed, next to the keys) or delete. Numbers are JSON numbers, times are text
in UTC with milliseconds. https://www.bitmex.com/app/wsAPI
"""

import math
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

import msgspec

BookSide = Literal["Buy", "Sell"]
Told = float | msgspec.UnsetType | None
"""A number that may be left out, which is not the same as null."""


class TradeRow(msgspec.Struct, gc=False):
    """`trade`; the side is the taker's, the size is in contracts."""

    timestamp: str
    symbol: str
    side: BookSide
    size: float
    price: float
    trdMatchID: str  # noqa: N815


class QuoteRow(msgspec.Struct, gc=False):
    """`quote`; a side without orders is null."""

    timestamp: str
    symbol: str
    bidSize: float | None = None  # noqa: N815
    bidPrice: float | None = None  # noqa: N815
    askPrice: float | None = None  # noqa: N815
    askSize: float | None = None  # noqa: N815


class LevelRow(msgspec.Struct, gc=False):
    """`orderBookL2`, `orderBookL2_25`; (symbol, id, side) is the key. Updates may leave out the price, only
    deletes the size: NaN, which no book takes. Rows older than 2022 carry no time."""

    symbol: str
    id: int
    side: BookSide
    size: float = math.nan
    price: float | None = None
    timestamp: str = ""


class InstrumentRow(msgspec.Struct, gc=False):
    """`instrument`: what an update leaves out has not changed."""

    symbol: str
    timestamp: str = ""
    state: str | msgspec.UnsetType = msgspec.UNSET
    markPrice: Told = msgspec.UNSET  # noqa: N815
    indicativeSettlePrice: Told = msgspec.UNSET  # noqa: N815
    fundingRate: Told = msgspec.UNSET  # noqa: N815
    fundingTimestamp: str | msgspec.UnsetType | None = msgspec.UNSET  # noqa: N815
    openInterest: Told = msgspec.UNSET  # noqa: N815
    tickSize: Told = msgspec.UNSET  # noqa: N815
    lotSize: Told = msgspec.UNSET  # noqa: N815
    maxOrderQty: Told = msgspec.UNSET  # noqa: N815


class FundingRow(msgspec.Struct, gc=False):
    """`funding`: a rate as it was settled."""

    timestamp: str
    symbol: str
    fundingRate: float  # noqa: N815


class BinRow(msgspec.Struct, gc=False):
    """`tradeBin1m`: `timestamp` is the minute's end, `open` the close of the minute before; volume in contracts,
    `homeNotional` in base."""

    timestamp: str
    symbol: str
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    homeNotional: float | None = None  # noqa: N815


class Topic(msgspec.Struct, gc=False):
    """The filter of a partial: what the subscription named."""

    symbol: str = ""


class Envelope(msgspec.Struct, gc=False):
    """A message that is no row of a table: welcome, answers, errors; or a table's in an unusual order of fields."""

    table: str = ""
    action: str = ""
    error: str = ""
    status: int = 0
    request: Any = None


Row = TypeVar("Row")


class Rows(msgspec.Struct, Generic[Row], gc=False):
    """A message of a table; `filter` comes with partials."""

    action: str
    data: list[Row]
    filter: Topic = msgspec.field(default_factory=Topic)


class LevelRows(msgspec.Struct, gc=False):
    """A change of a book, whose action is known from its head."""

    data: list[LevelRow]


def rows_of(row: type[Row]) -> Callable[[bytes], Rows[Row]]:
    """Reads messages whose rows are of this type."""
    return msgspec.json.Decoder(Rows[row]).decode  # type: ignore[valid-type]


NAMES = slice(10, 37)
"""Where a message tells table and action: as far as the longest two names differ."""


def head(table: str, action: str) -> bytes:
    """What `message[NAMES]` is for a table's action."""
    after = '"keys":["' if action == "partial" else '"data":[{"'
    return f'{{"table":"{table}","action":"{action}",{after}'.encode()[NAMES]
