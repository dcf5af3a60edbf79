"""The real ccxt client against a small venue on a real socket: what it asks, what it understands, how it fails."""

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from jtrader.domain.errors import BadInput, Broken, Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import InstrumentStatus, Offered, Product
from jtrader.domain.market import Candle
from jtrader.domain.times import HOUR, MINUTE, SECOND
from jtrader.exchange.binance.rest import BinanceRest
from jtrader.exchange.blocking import LoopThread

BTC = InstrumentId("binance_usdm:BTCUSDT")
SPOT_BTC = InstrumentId("binance_spot:BTCUSDT")
START = 1_768_435_200_000_000_000
NOW = START + 10 * MINUTE + 30 * SECOND
"""Ten minutes are closed, the eleventh is in progress."""

USDM_ROW = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "contractType": "PERPETUAL",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "deliveryDate": 4133404800000,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
    ],
}
SPOT_ROW = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "isSpotTradingAllowed": True,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00", "stepSize": "0.00001000"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00", "maxQty": "0.00", "stepSize": "0.00"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
    ],
}


def kline(minute: int) -> list[Any]:
    opened = START + minute * MINUTE
    values = ["95000.10", "95010.30", "94990.00", "95005.7", "12.345"]
    return [opened // 10**6, *values, opened // 10**6 + 59_999, "1", 5, "6", "570", "0"]


class Venue:
    """Answers like Binance; a test may put a fault before the next answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.faults: list[Callable[[], web.Response]] = []
        self.rows = {"fapi.binance.com": [USDM_ROW], "api.binance.com": [SPOT_ROW]}
        self.funding: list[dict[str, Any]] = []
        self.port = 0

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.host, request.path, dict(request.query)))
        if self.faults and request.path.endswith("klines"):
            return self.faults.pop(0)()
        if request.path.endswith("exchangeInfo"):
            return web.json_response({"symbols": self.rows[request.host]})
        if request.path.endswith("fundingInfo"):
            return web.json_response(self.funding)
        if request.path.endswith("ticker/24hr"):
            return web.json_response({"symbol": "BTCUSDT", "closeTime": NOW // 10**6})
        start, end = (int(request.query[name]) * 10**6 for name in ("startTime", "endTime"))
        rows = [kline(m) for m in range(11) if start <= START + m * MINUTE <= end]
        return web.json_response(rows[: int(request.query["limit"])])

    async def serve(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner


@pytest.fixture
def venue() -> Iterator[Venue]:
    loop, venue = LoopThread("venue"), Venue()
    runner = loop.run(venue.serve())
    try:
        yield venue
    finally:
        loop.run(runner.cleanup())
        loop.stop()


@pytest.fixture
def usdm(venue: Venue) -> Iterator[BinanceRest]:
    with BinanceRest("binance_usdm", venue.uri, patience=5.0) as rest:
        yield rest


def refusal(status: int, code: int, message: str = "") -> Callable[[], web.Response]:
    return lambda: web.json_response({"code": code, "msg": message}, status=status)


def test_candles_are_exact_and_end_with_the_last_closed_minute(venue: Venue, usdm: BinanceRest) -> None:
    found = usdm.candles(BTC, START + 8 * MINUTE, START + 100 * MINUTE)
    values = (95000.10, 95010.30, 94990.00, 95005.7, 12.345)
    assert found == [Candle(BTC, START + m * MINUTE, *values) for m in (8, 9)]
    host, path, query = venue.asked[-1]
    assert (host, path) == ("fapi.binance.com", "/fapi/v1/klines")
    assert query == {
        "symbol": "BTCUSDT",
        "interval": "1m",
        "startTime": str((START + 8 * MINUTE) // 10**6),
        "endTime": str((START + 10 * MINUTE) // 10**6 - 1),
        "limit": "499",
    }


def test_nothing_is_asked_where_no_minute_is_closed(venue: Venue, usdm: BinanceRest) -> None:
    assert usdm.candles(BTC, START + 10 * MINUTE, START + 11 * MINUTE) == []
    assert not any(path.endswith("klines") for _, path, _ in venue.asked)


def test_market_time_comes_from_a_payload(venue: Venue, usdm: BinanceRest) -> None:
    assert usdm.market_time() == NOW
    assert not any(path.endswith("/time") for _, path, _ in venue.asked)


def test_instruments_of_usdm(usdm: BinanceRest) -> None:
    [btc] = usdm.instruments()
    assert (btc.id, btc.ccxt_symbol, btc.product, btc.settle) == (BTC, "BTC/USDT:USDT", Product.LINEAR, "USDT")
    exact = (btc.price_tick, btc.quantity_step, btc.min_quantity, btc.max_quantity, btc.min_notional)
    assert [str(value) for value in exact] == ["0.10", "0.001", "0.001", "120", "100"]
    assert (btc.maker_fee, btc.taker_fee) == (Decimal("0.0002"), Decimal("0.0005"))


def test_instruments_of_spot(venue: Venue) -> None:
    with BinanceRest("binance_spot", venue.uri) as rest:
        [btc] = rest.instruments()
        assert len(rest.candles(SPOT_BTC, START, START + 3 * MINUTE)) == 3
    assert (btc.id, btc.ccxt_symbol, btc.product) == (SPOT_BTC, "BTC/USDT", Product.SPOT)
    exact = (btc.price_tick, btc.quantity_step, btc.min_quantity, btc.max_quantity, btc.min_notional)
    assert exact == tuple(map(Decimal, ("0.01", "0.00001", "0.00001", "9000", "5")))
    assert {host for host, _, _ in venue.asked} == {"api.binance.com"}


def test_what_is_halted_says_so_and_what_is_gone_or_unknown_is_left_out(venue: Venue, usdm: BinanceRest) -> None:
    expiry = 1_774_598_400_000
    dated = {"symbol": "BTCUSDT_260327", "contractType": "CURRENT_QUARTER", "deliveryDate": expiry}
    venue.rows["fapi.binance.com"] = [
        USDM_ROW | {"symbol": "OLDUSDT", "status": "SETTLING"},
        USDM_ROW,
        USDM_ROW | dated,
        USDM_ROW | {"symbol": "NEWUSDT", "status": "PENDING_TRADING"},
        USDM_ROW | {"symbol": "GONEUSDT", "status": "CLOSE"},
        USDM_ROW | {"symbol": "TSLAUSDT", "contractType": "TRADIFI_PERPETUAL"},
    ]
    found = [(i.venue_symbol, i.status, i.expiry, i.funding_interval) for i in usdm.instruments()]
    assert found == [
        ("BTCUSDT", InstrumentStatus.TRADING, None, 8 * HOUR),
        ("BTCUSDT_260327", InstrumentStatus.TRADING, expiry * 10**6, 0),
        ("NEWUSDT", InstrumentStatus.HALTED, None, 8 * HOUR),
        ("OLDUSDT", InstrumentStatus.SETTLING, None, 8 * HOUR),
    ]


@pytest.mark.parametrize("rows", [[], [USDM_ROW | {"filters": []}], [USDM_ROW | {"filters": [{"x": 1}]}]])
def test_an_unreadable_listing_is_named(venue: Venue, usdm: BinanceRest, rows: list[Any]) -> None:
    venue.rows["fapi.binance.com"] = rows
    with pytest.raises(Broken, match="binance_usdm lists nothing"):
        usdm.instruments()


@pytest.mark.parametrize(
    "wrong",
    [USDM_ROW | {"symbol": "ODDUSDT", "filters": []}, {"contractType": "PERPETUAL"}, ["surprise"], None],
    ids=repr,
)
def test_a_row_that_cant_be_read_is_left_out(
    venue: Venue, usdm: BinanceRest, wrong: Any, caplog: pytest.LogCaptureFixture
) -> None:
    venue.rows["fapi.binance.com"] = [wrong, USDM_ROW]
    listed = usdm.instruments()
    assert [one.id for one in listed] == [BTC]
    named = isinstance(wrong, dict) and "symbol" in wrong
    assert isinstance(listed, Offered)
    assert listed.unreadable == ({"binance_usdm:ODDUSDT"} if named else set())
    assert ("ODDUSDT" if named else "no name") in caplog.text


@pytest.mark.parametrize(
    ("told", "hours"),
    [
        ([], 8),
        ([{"symbol": "BTCUSDT", "fundingIntervalHours": 4}, {"symbol": "ETHUSDT", "fundingIntervalHours": 1}], 4),
    ],
)
def test_funding_is_as_often_as_the_venue_says(venue: Venue, usdm: BinanceRest, told: list[Any], hours: int) -> None:
    venue.funding = told
    assert [one.funding_interval for one in usdm.instruments()] == [hours * HOUR]


def test_passing_faults_are_waited_out(venue: Venue, usdm: BinanceRest) -> None:
    venue.faults = [
        lambda: web.Response(status=503, text="<html>busy</html>", content_type="text/html"),
        refusal(500, -1001, "Internal error; unable to process your request. Please try again."),
        lambda: web.json_response({"code": -1003, "msg": "Too many"}, status=429, headers={"Retry-After": "1"}),
    ]
    began = time.monotonic()
    assert len(usdm.candles(BTC, START, START + 5 * MINUTE)) == 5
    assert venue.faults == []
    assert time.monotonic() - began >= 1.0, "Retry-After is obeyed"


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (refusal(400, -1121, "Invalid symbol."), BadInput, "does not know this symbol"),
        (refusal(400, -1100, "Illegal characters found."), Broken, "refused"),
        (lambda: web.json_response([[1, 2]]), Broken, "can't be read"),
        (lambda: web.json_response([["x", "y", "1", "1", "1", "1"]]), Broken, "can't be read"),
        (lambda: web.json_response({"surprise": True}), Broken, "can't be read"),
        (lambda: web.json_response(None), Broken, "can't be read"),
    ],
)
def test_lasting_faults_are_told_in_a_sentence(venue: Venue, usdm: BinanceRest, fault, error, says) -> None:
    venue.faults = [fault]
    with pytest.raises(error, match=says):
        usdm.candles(BTC, START, START + 5 * MINUTE)


def test_a_venue_that_stays_away_is_unavailable(venue: Venue) -> None:
    with BinanceRest("binance_usdm", venue.uri, patience=1.0) as rest:
        venue.faults = [lambda: web.Response(status=503)] * 50
        rest.market_time()
        with pytest.raises(Unavailable, match=r"candles of binance_usdm:BTCUSDT: binance_usdm .* did not answer"):
            rest.candles(BTC, START, START + MINUTE)


def test_a_long_ban_is_not_waited_for(venue: Venue) -> None:
    with BinanceRest("binance_usdm", venue.uri, patience=2.0) as rest:
        rest.market_time()
        venue.faults = [lambda: web.json_response({"code": -1003}, status=418, headers={"Retry-After": "600"})]
        began = time.monotonic()
        with pytest.raises(Unavailable, match="fewer requests"):
            rest.candles(BTC, START, START + MINUTE)
        assert time.monotonic() - began < 2.0


def test_foreign_instruments_and_markets_are_refused(usdm: BinanceRest, venue: Venue) -> None:
    with pytest.raises(BadInput, match="is not on binance_usdm"):
        usdm.candles(SPOT_BTC, START, START + MINUTE)
    with pytest.raises(BadInput, match="kraken"):
        BinanceRest("kraken", venue.uri)
