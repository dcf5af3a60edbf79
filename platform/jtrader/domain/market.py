"""Market data events: int nanoseconds and floats, built for speed; exact numbers begin at the order.

`ts` is the venue's event time. `seq` numbers the messages of one publisher and topic (0 = not numbered yet).
"""

import math

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import Span, iso


class MarketEvent(msgspec.Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Base of all market data events; encodes as a tagged msgpack array."""

    instrument: InstrumentId
    ts: int
    """Venue event time, ns."""


class Candle(MarketEvent, frozen=True, gc=False, tag="candle", array_like=True):
    """One closed minute. `ts` is the open time of the minute; volume in base units."""

    open: float
    high: float
    low: float
    close: float
    volume: float


class Trade(MarketEvent, frozen=True, gc=False, tag="trade", array_like=True):
    """One public trade; `side` is the taker's: 1 buy, -1 sell. `quantity` in order units of the instrument.

    `trade_id` is the venue's: an int where it numbers its trades (Binance without a hole), a text elsewhere (BitMEX).
    """

    trade_id: int | str
    price: float
    quantity: float
    side: int


class Quote(MarketEvent, frozen=True, gc=False, tag="quote", array_like=True):
    """Best bid and ask."""

    bid: float
    bid_quantity: float
    ask: float
    ask_quantity: float

    @property
    def mid(self) -> float:
        return 0.5 * (self.bid + self.ask)


class Mark(MarketEvent, frozen=True, gc=False, tag="mark", array_like=True):
    """Mark price, index price, the rate predicted for `next_funding` (fraction of notional)."""

    mark: float
    index: float
    funding_rate: float
    next_funding: int


Level = tuple[float, float]
"""(price, quantity in order units); quantity 0 = nothing stands there any more."""


class Depth(MarketEvent, frozen=True, gc=False, tag="depth", array_like=True):
    """Levels of the order book that changed, or the whole of it (`snapshot`): then all earlier levels are void.

    `update_id` is the venue's number of the update, 0 where it has none. Only updates whose sequence was proven are
    told; a broken sequence ends with a new snapshot.
    """

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    update_id: int = 0
    snapshot: bool = False


class Funding(MarketEvent, frozen=True, gc=False, tag="funding", array_like=True):
    """Funding as settled at `ts`: the rate as a fraction of notional, above zero = longs pay."""

    rate: float


class OpenInterest(MarketEvent, frozen=True, gc=False, tag="open_interest", array_like=True):
    """What is open at `ts`, in order units."""

    quantity: float


class TradingStatus(MarketEvent, frozen=True, gc=False, tag="trading", array_like=True):
    """The venue changed what may be done with an instrument: `state` is trading, halted, settling, delisted (see
    `InstrumentStatus`), or `rules` when its steps or limits changed."""

    state: str


class FeedStatus(MarketEvent, frozen=True, gc=False, tag="status", array_like=True):
    """A feed's connection of one instrument: `epoch` grows with each reconnect. `state` is up, stale (connected, but
    nothing new for too long in market time), quarantined (what the venue sends can't be, for example a crossed book:
    nothing of it is passed on), or down."""

    epoch: int
    state: str


Event = Candle | Trade | Quote | Mark | Depth | Funding | OpenInterest | TradingStatus | FeedStatus


def check_candle(candle: Candle) -> None:
    """Raises BadInput unless open, high, low, close and volume are finite, positive and in order."""
    prices = (candle.open, candle.high, candle.low, candle.close)
    if not all(math.isfinite(p) and p > 0 for p in prices):
        raise BadInput(f"{candle.instrument} candle at {candle.ts}: a price of {prices} is not finite and above zero")
    if not (math.isfinite(candle.volume) and candle.volume >= 0):
        raise BadInput(f"{candle.instrument} candle at {candle.ts}: volume {candle.volume} is not a finite number ≥ 0")
    if candle.low > min(candle.open, candle.close) or candle.high < max(candle.open, candle.close):
        raise BadInput(f"{candle.instrument} candle at {candle.ts}: open and close are not within low..high {prices}")


def trade_fault(trade: Trade, instrument: InstrumentId, span: Span) -> str:
    """Why a trade that was asked for in `span` can't be; empty where it can."""
    if trade.instrument != instrument:
        return f"it is of {trade.instrument}, asked for was {instrument}"
    if not span.start <= trade.ts < span.end:
        return f"{iso(trade.ts)} is outside the range that was asked for, {iso(span.start)} to {iso(span.end)}"
    if not all(math.isfinite(value) and value > 0 for value in (trade.price, trade.quantity)):
        return f"price {trade.price} or quantity {trade.quantity} is not finite and above zero"
    return "" if trade.side in (1, -1) else f"side {trade.side} is neither 1 nor -1"
