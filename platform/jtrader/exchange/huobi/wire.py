"""HTX's public stream frames → market events. Formats: the venue's WebSocket documents of spot, USDT-M and coin-M.

Every frame is gzip; inflated it is JSON with plain numbers, taken as floats. The channel names symbol and kind
(`market.btcusdt.trade.detail`). Quantities are in order units: base on spot, contracts elsewhere. Times are ms.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, cast

import msgspec
from isal import isal_zlib

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Candle, Event, Level, Quote, Trade
from jtrader.domain.times import MILLISECOND, SECOND
from jtrader.exchange.common.connection import TopicRefused
from jtrader.exchange.common.freshness import MarketClock
from jtrader.exchange.huobi.messages import (
    BookMessage,
    BookReply,
    ContractBookMessage,
    ContractQuoteMessage,
    ContractTrades,
    Envelope,
    KlineMessage,
    SpotQuoteMessage,
    SpotTrades,
)

log = logging.getLogger(__name__)

GZIP = 31
"""zlib's window bits for a gzip header."""
TRADES, QUOTES, CANDLES = "trade.detail", "bbo", "kline.1min"
SUBSCRIBE, UNSUBSCRIBE, SNAPSHOT = "sub", "unsub", "book"
"""What a request's id begins with, or the kind that is subscribed."""
SPOT_BOOK, CONTRACT_BOOK = "mbp.150", "depth.size_150.high_freq"

_NotGzip = cast(type[Exception], isal_zlib.IsalError)  # its type hint calls the class an instance
_CHANNEL = b'{"ch":"'
_PING = b'{"ping":'


def inflate(frame: bytes) -> bytes:
    """A binary frame's JSON. Raises BadInput for what is not gzip."""
    try:
        return isal_zlib.decompress(frame, GZIP)
    except _NotGzip as error:
        raise BadInput(f"HTX sent a frame of {len(frame)} bytes that is not gzip ({error})") from error


def request_id(what: str, symbol: str) -> str:
    """What the venue repeats in its answer."""
    return f"{what}-{symbol}"


def pong(message: bytes) -> bytes | None:
    """The answer to `{"ping":<ms>}`, which the venue sends every 5 s and wants back; None for any other message."""
    return b'{"pong":' + message[len(_PING) :] if message.startswith(_PING) else None


class BookFrame(NamedTuple):
    """One message of a book: what changed, or all of it (`snapshot`). A change continues the message numbered
    `previous`: spot sends that number, contracts count their versions one by one."""

    instrument: InstrumentId
    ts: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    update_id: int
    previous: int
    snapshot: bool


Told = Sequence[Event | BookFrame]
_Channel = tuple[msgspec.json.Decoder[Any], Callable[[InstrumentId, Any], Told], InstrumentId]


class Decoder:
    """Reads one connection's messages in order, for the given symbols of a spot or a contract market.

    Keeps the market's `clock`, and on spot, whose trades are numbered without a hole, counts those that were missed
    (`missed_trades`). Old news (a trade or quote numbered at or below the last one) is dropped: each new subscription
    begins with the last trade over again.
    """

    def __init__(
        self, instruments: Mapping[VenueSymbol, InstrumentId], is_spot: bool, clock: MarketClock | None = None
    ) -> None:
        self._instruments: dict[str, InstrumentId] = dict(instruments.items())
        self._channels: dict[bytes, _Channel] = {}
        self._books: dict[str, InstrumentId] = {}
        self._last_trade: dict[InstrumentId, int] = {}
        self._last_quote: dict[InstrumentId, int] = {}
        self._open_candle: dict[InstrumentId, Candle] = {}
        self._resumed: set[InstrumentId] = set(instruments.values())
        self._is_numbered = is_spot
        self._envelope = msgspec.json.Decoder(Envelope)
        self._reply = _lax(BookReply)
        self.clock = clock or MarketClock()
        self.missed_trades = 0
        kinds = self._spot_kinds() if is_spot else self._contract_kinds()
        for symbol, instrument in instruments.items():
            for kind, (decoder, handler) in kinds.items():
                self._channels[f"market.{symbol}.{kind}".encode()] = (decoder, handler, instrument)
            self._books[f"market.{symbol}.{SPOT_BOOK}"] = instrument

    def decode(self, message: bytes) -> Told:
        """The events of an inflated frame, in order; none for answers, unknown channels and old news. Raises
        msgspec.DecodeError for what can't be read, TopicRefused where the venue refuses an instrument, BadInput where
        it refuses anything else."""
        if message.startswith(_CHANNEL):
            channel = self._channels.get(message[7 : message.index(b'"', 7)])
            return channel[1](channel[2], channel[0].decode(message)) if channel else ()
        return self._decode_unsorted(message)

    def restart(self) -> None:
        """A new connection: numbers may jump, since what happened meanwhile was not sent."""
        self._resumed = {channel[2] for channel in self._channels.values()}
        self._last_quote.clear()
        self._open_candle.clear()

    def _spot_kinds(self) -> "dict[str, tuple[msgspec.json.Decoder[Any], Callable[[InstrumentId, Any], Told]]]":
        return {
            TRADES: (_lax(SpotTrades), self._trades),
            QUOTES: (_lax(SpotQuoteMessage), self._spot_quote),
            CANDLES: (_lax(KlineMessage), self._candle),
            SPOT_BOOK: (_lax(BookMessage), self._spot_book),
        }

    def _contract_kinds(self) -> "dict[str, tuple[msgspec.json.Decoder[Any], Callable[[InstrumentId, Any], Told]]]":
        return {
            TRADES: (_lax(ContractTrades), self._trades),
            QUOTES: (_lax(ContractQuoteMessage), self._contract_quote),
            CANDLES: (_lax(KlineMessage), self._candle),
            CONTRACT_BOOK: (_lax(ContractBookMessage), self._contract_book),
        }

    def _decode_unsorted(self, message: bytes) -> Told:
        """Answers to requests, and channels whose name does not stand first."""
        envelope = self._envelope.decode(message)
        if envelope.status == "error":
            self._refused(envelope)
            return ()
        if envelope.rep in self._books:
            reply = self._reply.decode(message)
            data, at = reply.data, self._at(reply.ts)
            return (BookFrame(self._books[envelope.rep], at, data.bids, data.asks, data.seqNum, 0, True),)
        channel = self._channels.get(envelope.ch.encode())
        return channel[1](channel[2], channel[0].decode(message)) if channel else ()

    def _refused(self, envelope: Envelope) -> None:
        """A request's `id` names what was asked, as `request_id` made it. To have left a topic that wasn't followed is
        no harm."""
        why = f"HTX refused '{envelope.id}': {envelope.code} {envelope.reason}"
        kind, _, symbol = str(envelope.id).partition("-")
        if kind == UNSUBSCRIBE:
            log.info("%s", why)
            return
        if "invalid" in why and symbol in self._instruments:
            raise TopicRefused(self._instruments[symbol], why)
        raise BadInput(why)

    def _trades(self, instrument: InstrumentId, m: SpotTrades | ContractTrades) -> Told:
        """In the order of their numbers: a message has its newest trade first."""
        last = self._last_trade.get(instrument, -1)
        trades = [
            Trade(instrument, r.ts * MILLISECOND, r.number, r.price, r.amount, 1 if r.direction == "buy" else -1)
            for r in m.tick.data
            if r.number > last
        ]
        if not trades:
            return ()
        if len(trades) > 1:
            trades.sort(key=_number)
        newest = trades[-1]
        self._last_trade[instrument] = number = _number(newest)
        if newest.ts > self.clock.newest:
            self.clock.saw(newest.ts)
        if number - last != len(trades) and self._is_numbered and instrument not in self._resumed:
            self.missed_trades += number - last - len(trades)
        if self._resumed:
            self._resumed.discard(instrument)
        return trades

    def _spot_quote(self, instrument: InstrumentId, m: SpotQuoteMessage) -> Told:
        t = m.tick
        if t.seqId <= self._last_quote.get(instrument, 0):
            return ()
        self._last_quote[instrument] = t.seqId
        return (Quote(instrument, self._at(t.quoteTime), t.bid, t.bidSize, t.ask, t.askSize),)

    def _contract_quote(self, instrument: InstrumentId, m: ContractQuoteMessage) -> Told:
        t = m.tick
        if t.bid is None or t.ask is None or t.mrid <= self._last_quote.get(instrument, 0):
            return ()
        self._last_quote[instrument] = t.mrid
        return (Quote(instrument, self._at(t.ts), t.bid[0], t.bid[1], t.ask[0], t.ask[1]),)

    def _spot_book(self, instrument: InstrumentId, m: BookMessage) -> Told:
        t = m.tick
        return (BookFrame(instrument, self._at(m.ts), t.bids, t.asks, t.seqNum, t.prevSeqNum, False),)

    def _contract_book(self, instrument: InstrumentId, m: ContractBookMessage) -> Told:
        t = m.tick
        is_snapshot = t.event == "snapshot"
        return (BookFrame(instrument, self._at(t.ts), t.bids, t.asks, t.version, t.version - 1, is_snapshot),)

    def _candle(self, instrument: InstrumentId, m: KlineMessage) -> Told:
        """The minute before, as it was last told, once the next one begins: the venue marks no candle as closed."""
        self._at(m.ts)
        k = m.tick
        candle = Candle(instrument, k.id * SECOND, k.open, k.high, k.low, k.close, k.amount)
        before = self._open_candle.get(instrument)
        if before is not None and candle.ts < before.ts:
            return ()
        self._open_candle[instrument] = candle
        return (before,) if before is not None and candle.ts > before.ts else ()

    def _at(self, millis: int) -> int:
        ts, clock = millis * MILLISECOND, self.clock
        if ts > clock.newest:
            if ts <= clock.horizon:
                clock.newest = ts
            else:
                clock.leap(ts)
        return ts


_number: Callable[[Trade], int] = attrgetter("trade_id")


def _lax(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    """Numbers may be strings."""
    return msgspec.json.Decoder(kind, strict=False)
