"""Binance's stream messages, form by form, and a recorded day of them."""

import json

import msgspec
import pytest

from fixtures.recordings import Recording, recordings
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Candle, Event, Mark, Quote, Trade
from jtrader.domain.times import MILLISECOND
from jtrader.exchange.binance.wire import Decoder

BTC = InstrumentId("binance_usdm:BTCUSDT")
AT = 1_680_652_700_452

TRADE = {"e": "trade", "E": AT + 3, "T": AT, "s": "BTCUSDT", "t": 7, "p": "28145.10", "q": "0.002", "X": "MARKET"}
KLINE = {"t": 1_680_652_680_000, "T": 1_680_652_739_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 9}
BARS = {"o": "1.5", "c": "2.5", "h": "3.0", "l": "1.0", "v": "10.25", "q": "20.5", "n": 3, "x": True}
SPOT_QUOTE = {"u": 5, "s": "BTCUSDT", "b": "99.5", "B": "1.0", "a": "100.5", "A": "2.0"}


def decoder() -> Decoder:
    return Decoder({VenueSymbol("BTCUSDT"): BTC})


def message(*parts: dict[str, object], **fields: object) -> bytes:
    whole = {key: value for part in parts for key, value in part.items()}
    return json.dumps(whole | fields, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (message(TRADE, m=True), Trade(BTC, AT * MILLISECOND, 7, 28145.10, 0.002, -1)),
        (message(TRADE, m=False), Trade(BTC, AT * MILLISECOND, 7, 28145.10, 0.002, 1)),
        (message(TRADE, m=False, X="INSURANCE_FUND"), None),
        (message(TRADE, m=False, s="XRPUSDT"), None),
        (
            message({"e": "bookTicker"}, SPOT_QUOTE, T=AT, E=AT + 5),
            Quote(BTC, AT * MILLISECOND, 99.5, 1.0, 100.5, 2.0),
        ),
        (
            message(e="markPriceUpdate", E=AT, s="BTCUSDT", p="28147.27", P="1", i="28159.75", r="0.0001", T=AT + 1),
            Mark(BTC, AT * MILLISECOND, 28147.27, 28159.75, 0.0001, (AT + 1) * MILLISECOND),
        ),
        (  # a dated contract of COIN-M
            message(e="markPriceUpdate", E=AT, s="BTCUSDT", p="28147.27", P="1", i="28159.75", r="", T=0),
            Mark(BTC, AT * MILLISECOND, 28147.27, 28159.75, 0.0, 0),
        ),
        (
            message(e="kline", E=AT, s="BTCUSDT", k=KLINE | BARS),
            Candle(BTC, 1_680_652_680_000 * MILLISECOND, 1.5, 3.0, 1.0, 2.5, 10.25),
        ),
        (message(e="kline", E=AT, s="BTCUSDT", k=KLINE | BARS | {"x": False}), None),
        (message(e="kline", E=AT, s="BTCUSDT", k=KLINE | BARS | {"i": "5m"}), None),
        (message(e="depthUpdate", s="BTCUSDT", b=[], a=[]), None),
        (message(result=None, id=1), None),
    ],
)
def test_messages(given: bytes, expected: Event | None) -> None:
    assert decoder().decode(given) == expected


def test_combined_streams_and_any_order_of_fields_read_the_same() -> None:
    plain = message(TRADE, m=True)
    turned = message(dict(reversed(json.loads(plain).items())))
    combined = message(stream="btcusdt@trade", data=json.loads(plain))
    assert decoder().decode(plain) == decoder().decode(turned) == decoder().decode(combined) is not None


def test_a_spot_quote_has_the_newest_market_time_known_and_none_before_that() -> None:
    reader = decoder()
    assert reader.decode(message(SPOT_QUOTE)) is None
    reader.decode(message(TRADE, m=True))
    assert reader.decode(message(SPOT_QUOTE, u=6)) == Quote(BTC, AT * MILLISECOND, 99.5, 1.0, 100.5, 2.0)


def test_missed_trades_are_counted_and_old_news_is_dropped() -> None:
    reader = decoder()
    seen = [reader.decode(message(TRADE, m=True, t=number)) for number in (7, 8, 11, 11, 9, 12)]
    assert [trade and trade.trade_id for trade in seen] == [7, 8, 11, None, None, 12]  # type: ignore[union-attr]
    assert reader.missed_trades == 2
    reader.restart()
    reader.decode(message(TRADE, m=True, t=500))
    assert reader.missed_trades == 2


@pytest.mark.parametrize("given", [b"", b"{", b'{"e":"trade"}', b'{"e":"trade","s":1}', message(TRADE, m=True, p="x")])
def test_what_cant_be_read_says_so(given: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decoder().decode(given)


def test_a_refused_subscription_is_no_silence() -> None:
    with pytest.raises(BadInput, match="Invalid request"):
        decoder().decode(message(error={"code": 2, "msg": "Invalid request"}, id=1))


@pytest.mark.parametrize("recording", recordings("raw_ws_binance_usdm_btcusdt_20230404.parquet"))
def test_recorded_messages_are_all_read(recording: Recording) -> None:
    import pyarrow.parquet as parquet

    rows = parquet.read_table(recording.path, columns=["direction", "payload"]).to_pylist()
    reader = decoder()
    events = [event for row in rows if (event := reader.decode(row["payload"])) is not None]
    kinds = {kind: sum(isinstance(event, kind) for event in events) for kind in (Trade, Quote, Mark)}
    assert kinds == {
        Trade: recording.number(cut=65, whole=2_197),
        Quote: recording.number(cut=110, whole=6_765),
        Mark: recording.number(cut=2, whole=99),
    }
    assert reader.missed_trades == 0
    trades = [event for event in events if isinstance(event, Trade)]
    assert [t.trade_id for t in trades] == list(range(trades[0].trade_id, trades[0].trade_id + kinds[Trade]))
    assert all(q.bid < q.ask for q in events if isinstance(q, Quote))
