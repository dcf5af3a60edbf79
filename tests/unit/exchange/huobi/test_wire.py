"""HTX's stream frames, form by form, and a recorded connection against ccxt's reading of it."""

import gzip
import json
from typing import Any

import msgspec
import pytest

from fixtures.recordings import Recording, recordings
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Candle, Quote, Trade
from jtrader.domain.times import MILLISECOND, MINUTE, SECOND
from jtrader.exchange.huobi.wire import BookFrame, Decoder, inflate, pong

SPOT, SWAP = InstrumentId("huobi_spot:btcusdt"), InstrumentId("huobi_linear:BTC-USDT")
AT = 1_583_495_833_751
NS = AT * MILLISECOND


def decoder(is_spot: bool) -> Decoder:
    return Decoder({VenueSymbol("btcusdt" if is_spot else "BTC-USDT"): SPOT if is_spot else SWAP}, is_spot)


def frame(channel: str, tick: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({"ch": channel, "ts": AT + 2, "tick": tick} | fields, separators=(",", ":")).encode()


def spot_trade(number: int, direction: str = "sell", **fields: Any) -> dict[str, Any]:
    """`id` as long as the venue's."""
    base = {"id": 10**26 + number, "ts": AT, "tradeId": number, "amount": 0.5, "price": 9150.01}
    return base | {"direction": direction} | fields


def spot_trades(*rows: dict[str, Any]) -> bytes:
    return frame("market.btcusdt.trade.detail", {"id": 1, "ts": AT, "data": list(rows)})


def contract_trade(number: int, direction: str = "buy") -> dict[str, Any]:
    more = {"quantity": 0.002, "trade_turnover": 18.3}
    return {"amount": 2, "ts": AT, "id": number, "price": 9150.1, "direction": direction} | more


CONTRACT_BOOK = "market.BTC-USDT.depth.size_150.high_freq"


@pytest.mark.parametrize(
    ("is_spot", "given", "expected"),
    [
        (True, spot_trades(spot_trade(7)), [Trade(SPOT, NS, 7, 9150.01, 0.5, -1)]),
        (
            True,
            spot_trades(spot_trade(8, "buy"), spot_trade(7)),  # the newest first, as the venue sends them
            [Trade(SPOT, NS, 7, 9150.01, 0.5, -1), Trade(SPOT, NS, 8, 9150.01, 0.5, 1)],
        ),
        (
            False,
            frame("market.BTC-USDT.trade.detail", {"id": 1, "ts": AT, "data": [contract_trade(1370052)]}),
            [Trade(SWAP, NS, 1370052, 9150.1, 2.0, 1)],
        ),
        (
            True,
            frame(
                "market.btcusdt.bbo",
                {"seqId": 5, "ask": 2.5, "askSize": 0.7, "bid": 2.25, "bidSize": 1.5, "quoteTime": AT, "symbol": "x"},
            ),
            [Quote(SPOT, NS, 2.25, 1.5, 2.5, 0.7)],
        ),
        (
            False,
            frame(
                "market.BTC-USDT.bbo", {"mrid": 5, "id": 1, "bid": [2.25, 3], "ask": [2.5, 4], "ts": AT, "version": 5}
            ),
            [Quote(SWAP, NS, 2.25, 3.0, 2.5, 4.0)],
        ),
        (False, frame("market.BTC-USDT.bbo", {"mrid": 5, "bid": None, "ask": [2.5, 4], "ts": AT}), []),
        (
            True,
            frame("market.btcusdt.mbp.150", {"seqNum": 12, "prevSeqNum": 9, "bids": [[9058.27, 0]], "asks": []}, ts=AT),
            [BookFrame(SPOT, NS, ((9058.27, 0.0),), (), 12, 9, False)],
        ),
        (
            True,
            json.dumps(
                {
                    "id": "2",
                    "rep": "market.btcusdt.mbp.150",
                    "status": "ok",
                    "ts": AT,
                    "data": {"seqNum": 12, "bids": [[1.5, 2]], "asks": [[1.75, 3]]},
                }
            ).encode(),
            [BookFrame(SPOT, NS, ((1.5, 2.0),), ((1.75, 3.0),), 12, 0, True)],
        ),
        (
            False,
            frame(CONTRACT_BOOK, {"event": "update", "ts": AT, "version": 40, "bids": [[43445.74, 1]], "asks": []}),
            [BookFrame(SWAP, NS, ((43445.74, 1.0),), (), 40, 39, False)],
        ),
        (
            False,
            frame(CONTRACT_BOOK, {"event": "snapshot", "ts": AT, "version": 40, "bids": [], "asks": [[2, 1]]}),
            [BookFrame(SWAP, NS, (), ((2.0, 1.0),), 40, 39, True)],
        ),
        (True, frame("market.ethusdt.trade.detail", {"data": [spot_trade(7)]}), []),
        (True, b'{"id":"1","status":"ok","subbed":"market.btcusdt.trade.detail","ts":1}', []),
        (True, b'{"ts":1,"tick":{"data":[]},"ch":"market.btcusdt.trade.detail"}', []),  # the name stands last
    ],
)
def test_frames(is_spot: bool, given: bytes, expected: list[Any]) -> None:
    assert list(decoder(is_spot).decode(inflate(gzip.compress(given)))) == expected


def test_a_minute_is_told_once_the_next_one_begins() -> None:
    read = decoder(is_spot=True)
    minute = 1_583_501_760
    bars = {"open": 1.5, "close": 2.5, "low": 1.0, "high": 3.0, "amount": 0.25, "vol": 9.0, "count": 3}
    first = frame("market.btcusdt.kline.1min", {"id": minute} | bars | {"close": 2.0})
    assert list(read.decode(first)) == []
    assert list(read.decode(frame("market.btcusdt.kline.1min", {"id": minute} | bars))) == []
    told = list(read.decode(frame("market.btcusdt.kline.1min", {"id": minute + 60} | bars)))
    assert told == [Candle(SPOT, minute * SECOND, 1.5, 3.0, 1.0, 2.5, 0.25)]
    assert list(read.decode(frame("market.btcusdt.kline.1min", {"id": minute} | bars))) == []
    read.restart()  # what the open minute was is not known any more
    assert list(read.decode(frame("market.btcusdt.kline.1min", {"id": minute + 2 * 60} | bars))) == []
    assert (minute * SECOND) % MINUTE == 0


def test_missed_spot_trades_are_counted_and_repeated_ones_dropped() -> None:
    read = decoder(is_spot=True)
    for rows in ([7], [7], [8], [11, 10]):
        read.decode(spot_trades(*[spot_trade(number) for number in rows]))
    assert read.missed_trades == 1  # 9
    read.restart()
    assert [
        t.trade_id for t in read.decode(spot_trades(spot_trade(11)))
    ] == []  # each subscription begins with the last
    assert [t.trade_id for t in read.decode(spot_trades(spot_trade(20)))] == [20]
    assert read.missed_trades == 1  # what came while the connection was down was not sent at all
    read.decode(spot_trades(spot_trade(22)))
    assert read.missed_trades == 2


def test_contract_trades_have_holes_in_their_numbers() -> None:
    read = decoder(is_spot=False)
    for number in (100, 250, 200):
        rows = [contract_trade(number)]
        read.decode(frame("market.BTC-USDT.trade.detail", {"data": rows}))
    assert read.missed_trades == 0
    assert read.clock.newest == NS


def test_old_quotes_are_dropped() -> None:
    read = decoder(is_spot=True)
    tick = {"ask": 2.5, "askSize": 0.7, "bid": 2.25, "bidSize": 1.5, "quoteTime": AT}
    told = [len(read.decode(frame("market.btcusdt.bbo", tick | {"seqId": n}))) for n in (5, 5, 4, 6)]
    assert told == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (b'{"id":"2","status":"error","err-code":"bad-request","err-msg":"invalid topic","ts":1}', BadInput),
        (spot_trades(spot_trade(7, "hold")), msgspec.DecodeError),
        (spot_trades(spot_trade(7, price="NaN?")), msgspec.DecodeError),
        (b'{"ch":"market.btcusdt.trade.detail","tick":{}}', msgspec.DecodeError),
        (b"<html>", msgspec.DecodeError),
    ],
)
def test_what_can_not_be_followed(given: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        decoder(is_spot=True).decode(given)


def test_numbers_may_be_texts() -> None:
    told = decoder(is_spot=True).decode(spot_trades(spot_trade(7, price="9150.01", amount="0.5")))
    assert told == [Trade(SPOT, NS, 7, 9150.01, 0.5, -1)]


@pytest.mark.parametrize(
    "given",
    [b"", b"plain", b"\x1f\x8b\x08\x00broken", gzip.compress(b"{}", mtime=0)[:-9]],
    ids=["nothing", "plain", "broken", "cut"],
)
def test_what_is_not_gzip_is_refused(given: bytes) -> None:
    with pytest.raises(BadInput, match="not gzip"):
        inflate(given)


def test_the_venue_s_pings_are_answered() -> None:
    assert pong(b'{"ping":1618678073643}') == b'{"pong":1618678073643}'
    assert pong(spot_trades(spot_trade(7))) is None


@pytest.mark.parametrize("recording", recordings("raw_ws_venues.parquet"))
def test_a_recorded_connection(recording: Recording) -> None:
    """31 s of ten pairs: every trade is told once, none is missing, all else is an answer, a ping or another book."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(recording.path, columns=["venue", "direction", "payload"])
    frames = table.filter(pc.and_(pc.equal(table["venue"], "huobi"), pc.equal(table["direction"], "in")))
    messages = [inflate(row) for row in frames["payload"].to_pylist()]
    pairs = {json.loads(m)["ch"].split(".")[1] for m in messages if m.startswith(b'{"ch"')}
    read = Decoder({VenueSymbol(pair): InstrumentId(f"huobi_spot:{pair}") for pair in pairs}, is_spot=True)
    told = [event for message in messages if pong(message) is None for event in read.decode(message)]

    rows = [json.loads(m) for m in messages if b"trade.detail" in m and b"tick" in m]
    expected = {
        (m["ch"].split(".")[1], t["tradeId"]): (t["price"], t["amount"], t["direction"] == "buy", t["ts"])
        for m in rows
        for t in m["tick"]["data"]
    }
    assert len(expected) == 73
    assert read.missed_trades == 0
    assert {
        (t.instrument.split(":")[1], t.trade_id): (t.price, t.quantity, t.side == 1, t.ts // MILLISECOND)
        for t in told
        if isinstance(t, Trade)
    } == expected
    assert len(told) == len(expected)
    assert sum(pong(message) is not None for message in messages) == 6
