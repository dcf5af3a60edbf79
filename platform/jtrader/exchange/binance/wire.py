"""Binance's public stream messages → market events. Formats: the venue's WebSocket market streams documentation.

Prices and quantities are JSON strings; market data takes them as floats. Times are ms. Both forms of delivery are read:
raw (`{"e": …}`) and combined (`{"stream": …, "data": {"e": …}}`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Candle, Depth, Event, Level, Mark, Quote, Trade
from jtrader.domain.times import MILLISECOND
from jtrader.exchange.common.freshness import MarketClock


class TradeMessage(msgspec.Struct, gc=False):
    """`<symbol>@trade`. `m`: the buyer was the maker, so the taker sold. `X` tells market trades from an insurance
    fund's or ADL's, which are no market events."""

    s: str
    t: int
    p: float
    q: float
    T: int
    m: bool
    X: str = "MARKET"


class AggregatedMessage(msgspec.Struct, gc=False):
    """`<symbol>@aggTrade`: the fills of one taker order at one price, under a number of its own."""

    s: str
    a: int
    p: float
    q: float
    T: int
    m: bool


class DepthMessage(msgspec.Struct, gc=False):
    """`<symbol>@depth@100ms`. `U`..`u` are the updates in it, `pu` (futures) the `u` before; spot has no `T`."""

    E: int
    s: str
    U: int
    u: int
    b: tuple[Level, ...]
    a: tuple[Level, ...]
    T: int = 0
    pu: int = 0


class BookTickerMessage(msgspec.Struct, gc=False):
    """`<symbol>@bookTicker`. Spot has neither `e` nor a time."""

    u: int
    s: str
    b: float
    B: float
    a: float
    A: float
    T: int = 0


class MarkMessage(msgspec.Struct, gc=False):
    """`<symbol>@markPrice@1s`; `r` is the rate predicted for the funding at `T`, empty where there is none: COIN-M's
    dated contracts."""

    E: int
    s: str
    p: float
    i: float
    r: float | Literal[""]
    T: int


class Kline(msgspec.Struct, gc=False):
    """`v` and `q`: volume in order units and in quote; on COIN-M in contracts and in base."""

    t: int
    i: str
    o: float
    h: float
    l: float  # noqa: E741
    c: float
    v: float
    q: float
    x: bool
    """Closed."""


class KlineMessage(msgspec.Struct, gc=False):
    """`<symbol>@kline_1m`."""

    E: int
    s: str
    k: Kline


class _Envelope(msgspec.Struct, gc=False):
    """What every message may carry: its kind, a combined stream's payload, or the answer to a request."""

    e: str = ""
    s: str = ""
    data: msgspec.Raw = msgspec.Raw()
    error: dict[str, Any] | None = None
    id: int | None = None


_HEAD = b'{"e":"'

OnDepth = Callable[[InstrumentId, int, tuple[Level, ...], tuple[Level, ...], int, int, int], Depth | None]
"""(instrument, ts, bids, asks, first, last, previous) → the proven event, if it is one."""


class Decoder:
    """Reads one connection's messages in order, for the given symbols.

    Keeps the market's `clock`, and counts trades whose ids show that some were missed (`missed_trades`). Old news (a
    trade or quote numbered at or below the last one) is dropped.
    """

    def __init__(
        self,
        instruments: Mapping[VenueSymbol, InstrumentId],
        clock: MarketClock | None = None,
        on_depth: OnDepth | None = None,
        volume_is_contracts: bool = False,
    ) -> None:
        """`on_depth` proves updates of books; without it they are skipped. `volume_is_contracts`: COIN-M's candles."""
        self._on_depth = on_depth
        self._volume_is_contracts = volume_is_contracts
        self._instruments: dict[str, InstrumentId] = dict(instruments.items())
        self._last_trade: dict[str, int] = {}
        self._last_quote: dict[str, int] = {}
        self.clock = clock or MarketClock()
        self.missed_trades = 0
        self._envelope = msgspec.json.Decoder(_Envelope)
        self._kinds: dict[bytes, tuple[msgspec.json.Decoder[Any], Callable[[Any], Event | None]]] = {
            b"trade": (_lax(TradeMessage), self._trade),
            b"aggTrade": (_lax(AggregatedMessage), self._aggregated),
            b"bookTicker": (_lax(BookTickerMessage), self._quote),
            b"markPriceUpdate": (_lax(MarkMessage), self._mark),
            b"kline": (_lax(KlineMessage), self._candle),
        }
        if on_depth is not None:
            self._kinds[b"depthUpdate"] = (_lax(DepthMessage), self._depth)

    def decode(self, message: bytes) -> Event | None:
        """The event, or None for answers, open candles, unknown kinds and old news. Raises msgspec.DecodeError for
        what can't be read, BadInput where the venue refuses a subscription."""
        if message.startswith(_HEAD):
            kind = self._kinds.get(message[6 : message.index(b'"', 6)])
            return kind[1](kind[0].decode(message)) if kind else None
        return self._decode_unsorted(message)

    def restart(self) -> None:
        """A new connection: ids may jump, since what happened meanwhile was not sent."""
        self._last_trade.clear()
        self._last_quote.clear()

    def _decode_unsorted(self, message: bytes) -> Event | None:
        envelope = self._envelope.decode(message)
        if envelope.error is not None:
            raise BadInput(f"Binance refused the subscription: {envelope.error.get('msg', envelope.error)}")
        if bytes(envelope.data):
            return self.decode(bytes(envelope.data))
        name = envelope.e.encode() or (b"bookTicker" if envelope.s else b"")
        kind = self._kinds.get(name)
        return kind[1](kind[0].decode(message)) if kind else None

    def _trade(self, m: TradeMessage) -> Trade | None:
        instrument = self._instruments.get(m.s)
        last = self._last_trade.get(m.s)
        if instrument is None or (last is not None and m.t <= last):
            return None
        if last is not None:
            self.missed_trades += m.t - last - 1
        self._last_trade[m.s] = m.t
        if m.X != "MARKET":
            return None
        return Trade(instrument, self._at(m.T), m.t, m.p, m.q, -1 if m.m else 1)

    def _aggregated(self, m: AggregatedMessage) -> Trade | None:
        return self._trade(TradeMessage(m.s, m.a, m.p, m.q, m.T, m.m))

    def _depth(self, m: DepthMessage) -> Depth | None:
        instrument = self._instruments.get(m.s)
        if instrument is None or self._on_depth is None:
            return None
        return self._on_depth(instrument, self._at(m.T or m.E), m.b, m.a, m.U, m.u, m.pu)

    def _quote(self, m: BookTickerMessage) -> Quote | None:
        instrument = self._instruments.get(m.s)
        if instrument is None or m.u <= self._last_quote.get(m.s, 0):
            return None
        self._last_quote[m.s] = m.u
        ts = self._at(m.T) if m.T else self.clock.newest
        return Quote(instrument, ts, m.b, m.B, m.a, m.A) if ts else None

    def _mark(self, m: MarkMessage) -> Mark | None:
        instrument = self._instruments.get(m.s)
        if instrument is None:
            return None
        return Mark(instrument, self._at(m.E), m.p, m.i, m.r or 0.0, m.T * MILLISECOND)

    def _candle(self, m: KlineMessage) -> Candle | None:
        instrument = self._instruments.get(m.s)
        self._at(m.E)
        k = m.k
        if instrument is None or not k.x or k.i != "1m":
            return None
        return Candle(instrument, k.t * MILLISECOND, k.o, k.h, k.l, k.c, k.q if self._volume_is_contracts else k.v)

    def _at(self, millis: int) -> int:
        ts, clock = millis * MILLISECOND, self.clock
        if ts > clock.newest:
            if ts <= clock.horizon:
                clock.newest = ts
            else:
                clock.leap(ts)
        return ts


def _lax(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    """Numbers may be strings, as the venue sends them."""
    return msgspec.json.Decoder(kind, strict=False)
