"""The shapes of HTX's public stream messages: only the fields that are read, under the venue's names."""

from typing import Any, Literal

import msgspec

from jtrader.domain.market import Level

Direction = Literal["buy", "sell"]


class SpotTrade(msgspec.Struct, gc=False):
    """`tradeId` counts a symbol's trades one by one and is REST's `trade-id`; `id` has 27 digits and is left out."""

    ts: int
    price: float
    amount: float
    direction: Direction
    number: int = msgspec.field(name="tradeId")


class SpotTradeTick(msgspec.Struct, gc=False):
    data: tuple[SpotTrade, ...]


class SpotTrades(msgspec.Struct, gc=False):
    """`market.$symbol.trade.detail`, spot."""

    tick: SpotTradeTick


class ContractTrade(msgspec.Struct, gc=False):
    """`id` is unique within a contract and grows, with holes; `amount` in contracts."""

    ts: int
    price: float
    amount: float
    direction: Direction
    number: int = msgspec.field(name="id")


class ContractTradeTick(msgspec.Struct, gc=False):
    data: tuple[ContractTrade, ...]


class ContractTrades(msgspec.Struct, gc=False):
    """`market.$contract_code.trade.detail`."""

    tick: ContractTradeTick


class SpotQuote(msgspec.Struct, gc=False):
    seqId: int  # noqa: N815
    bid: float
    bidSize: float  # noqa: N815
    ask: float
    askSize: float  # noqa: N815
    quoteTime: int  # noqa: N815


class SpotQuoteMessage(msgspec.Struct, gc=False):
    """`market.$symbol.bbo`, spot."""

    tick: SpotQuote


class ContractQuote(msgspec.Struct, gc=False):
    """A side is null while nobody stands there."""

    mrid: int
    ts: int
    bid: Level | None = None
    ask: Level | None = None


class ContractQuoteMessage(msgspec.Struct, gc=False):
    """`market.$contract_code.bbo`."""

    tick: ContractQuote


class Book(msgspec.Struct, gc=False):
    """What changed since `prevSeqNum`; both sides may be left out."""

    seqNum: int  # noqa: N815
    prevSeqNum: int = 0  # noqa: N815
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


class BookMessage(msgspec.Struct, gc=False):
    """`market.$symbol.mbp.150`, spot, on /feed."""

    ts: int
    tick: Book


class BookReply(msgspec.Struct, gc=False):
    """The whole spot book, as an answer to `req`."""

    ts: int
    data: Book


class ContractBook(msgspec.Struct, gc=False):
    """`event` is snapshot or update."""

    ts: int
    version: int
    event: str
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


class ContractBookMessage(msgspec.Struct, gc=False):
    """`market.$contract_code.depth.size_150.high_freq`, incremental."""

    tick: ContractBook


class Kline(msgspec.Struct, gc=False):
    """`id` is the minute's start in seconds, `amount` the volume in base."""

    id: int
    open: float
    high: float
    low: float
    close: float
    amount: float


class KlineMessage(msgspec.Struct, gc=False):
    """`market.$symbol.kline.1min`: the minute so far."""

    ts: int
    tick: Kline


class Envelope(msgspec.Struct, gc=False):
    """What any message may carry: its channel, the answered request, or a refusal."""

    ch: str = ""
    rep: str = ""
    id: Any = None
    status: str = ""
    code: str = msgspec.field(name="err-code", default="")
    reason: str = msgspec.field(name="err-msg", default="")
