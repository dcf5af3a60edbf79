"""The simulated HTX's streams, message by message: shapes of recorded frames, chains of book changes, heartbeats."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fixtures.htx_floor import KEY, SECRET, HtxFloor, htx_floor
from fixtures.htx_socket import MARKET, NOTICES, SPOT_PRIVATE, HtxSocket, htx_socket
from fixtures.recordings import Recording, recordings
from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.times import MINUTE, SECOND, parse_time
from jtrader.matching.book import BUY, SELL

START = parse_time("2026-01-15T15:30:00Z")
CODES = {"spot": "btcusdt", "linear": "BTC-USDT", "swap": "BTC-USD", "future": "BTC261225"}
MARKETS = {"spot": "huobi_spot", "linear": "huobi_linear", "swap": "huobi_swap", "future": "huobi_future"}
CONTRACTS = ("linear", "swap", "future")
FRAMES = [  # of api.huobi.pro/ws, 17 April 2021, shortened
    '{"id":1,"status":"ok","subbed":"market.trioeth.depth.step0","ts":1618678070653}',
    '{"ch":"market.borusdt.depth.step0","ts":1618678069724,"tick":{"bids":[[710.01,2.260165]],"asks":[[716.0,0.0852]],"version":101158553317,"ts":1618678069700}}',
    '{"ch":"market.zeneth.trade.detail","ts":1618678006267,"tick":{"id":100373972746,"ts":1618678006262,"data":[{"id":100373972746255757500235867,"ts":1618678006262,"tradeId":100039973212,"amount":7.2,"price":0.051598,"direction":"sell"}]}}',
    '{"ping":1618678073643}',
]


def run(work: Callable[[HtxFloor], Awaitable[None]], beat: float = 5.0) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20), htx_floor(START, beat) as floor:
            await work(floor)

    asyncio.run(bounded())


def shape(value: Any) -> Any:
    """Names and types: of a list, what its elements have in common."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def kind_of(frame: dict[str, Any]) -> str:
    if "ch" in frame:
        return str(frame["ch"]).split(".", 2)[2]
    return "subbed" if "subbed" in frame else "ping"


async def our_frames(floor: HtxFloor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with htx_socket(floor.uri, MARKET["spot"]) as socket:
        for number, what in enumerate(("depth.step0", "trade.detail"), 1):
            found.append(await socket.ask({"sub": f"market.btcusdt.{what}", "id": number}))
            found.append(await socket.next())
        await floor.play(START + 30 * SECOND)
        found += [await socket.next() for _ in range(20)]
        return [*found, await socket.ping()]


def assert_like(recorded: list[dict[str, Any]]) -> None:
    ours: list[dict[str, Any]] = []

    async def work(floor: HtxFloor) -> None:
        ours.extend(await our_frames(floor))

    run(work, beat=0.2)
    shapes: dict[str, list[Any]] = {}
    for frame in ours:
        shapes.setdefault(kind_of(frame), []).append(shape(frame))
    for frame in recorded:
        assert shape(frame) in shapes[kind_of(frame)], frame
        assert list(frame) == list(shapes[kind_of(frame)][0])


def test_frames_have_the_shapes_of_frames_that_were_seen() -> None:
    assert_like([json.loads(frame) for frame in FRAMES])


@pytest.mark.parametrize("recording", recordings("raw_ws_venues.parquet"))
def test_frames_have_the_shapes_of_all_recorded_ones(recording: Recording) -> None:
    import pyarrow.parquet as parquet

    only = [("connection", "=", "HUOBI.ws.44.0"), ("direction", "=", "in")]
    table = parquet.read_table(recording.path, filters=only)
    frames = [json.loads(gzip.decompress(payload)) for payload in table.column("payload").to_pylist()]
    told = [frame for frame in frames if "tick" not in frame or frame["tick"].get("bids", True)]
    assert len(told) > recording.number(cut=70, whole=300)
    assert_like(told)


async def subscribed(socket: HtxSocket, channel: str, **more: str) -> None:
    answer = await socket.ask({"sub": channel, "id": "7", **more})
    assert (answer["id"], answer["status"], answer["subbed"]) == ("7", "ok", channel)


def levels(floor: HtxFloor, kind: str, side: int, most: int) -> dict[float, float]:
    venue = floor.world.venues[MARKETS[kind]]
    listing = venue.listings[CODES[kind]]
    found = venue.books[CODES[kind]].depth(side, most)
    return {float(listing.price_text(level.ticks)): float(listing.quantity_text(level.lots)) for level in found}


class Copy:
    """A reader's book: changes put onto a whole."""

    def __init__(self, whole: dict[str, Any]) -> None:
        self.sides = {name: dict(map(tuple, whole[name])) for name in ("bids", "asks")}

    def change(self, tick: dict[str, Any]) -> None:
        for name, side in self.sides.items():
            for price, size in tick.get(name, []):
                if size:
                    side[price] = size
                else:
                    del side[price]


@pytest.mark.parametrize("size", [5, 20, 150])
def test_spots_book_changes_chain_by_number_onto_the_whole_that_is_asked_for(size: int) -> None:
    async def work(floor: HtxFloor) -> None:
        channel = f"market.btcusdt.mbp.{size}"
        async with htx_socket(floor.uri, MARKET["feed"]) as socket:
            await subscribed(socket, channel)
            await floor.play(START + 10 * SECOND)
            await socket.send({"req": channel, "id": "8"})
            whole = await socket.next(lambda message: message.get("rep") == channel)
            assert (whole["status"], whole["id"]) == ("ok", "8")
            copy, number = Copy(whole["data"]), whole["data"]["seqNum"]
            await floor.play(START + 20 * SECOND)
            await socket.send({"req": channel, "id": "9"})
            changes = 0
            while "tick" in (message := await socket.next()):
                assert message["tick"]["prevSeqNum"] == number
                number = message["tick"]["seqNum"]
                copy.change(message["tick"])
                changes += 1
            assert changes > 5
            assert message["data"]["seqNum"] == number
            assert copy.sides["bids"] == levels(floor, "spot", BUY, size)
            assert copy.sides["asks"] == levels(floor, "spot", SELL, size)

    run(work)


@pytest.mark.parametrize("kind", CONTRACTS)
@pytest.mark.parametrize("size", [20, 150])
def test_contracts_book_changes_count_their_versions_onto_a_snapshot(kind: str, size: int) -> None:
    async def work(floor: HtxFloor) -> None:
        channel = f"market.{CODES[kind]}.depth.size_{size}.high_freq"
        async with htx_socket(floor.uri, MARKET[kind]) as first, htx_socket(floor.uri, MARKET[kind]) as later:
            await subscribed(first, channel, data_type="incremental")
            snapshot = (await first.next())["tick"]
            assert snapshot["event"] == "snapshot"
            copy, version = Copy(snapshot), snapshot["version"]
            await floor.play(START + MINUTE)
            await subscribed(later, channel, data_type="incremental")
            joined = (await later.next())["tick"]
            while version < joined["version"]:
                tick = (await first.next())["tick"]
                assert (tick["event"], tick["version"], tick["ch"]) == ("update", version + 1, channel)
                version = tick["version"]
                copy.change(tick)
            assert version > snapshot["version"] + 5
            assert copy.sides == Copy(joined).sides
            assert copy.sides["asks"] == levels(floor, kind, SELL, size)
            await subscribed(later, channel)
            assert (await later.next())["tick"]["event"] == "snapshot"
            await floor.play(START + 2 * MINUTE)
            told = {(await later.next())["tick"]["event"] for _ in range(4)}
            assert told == {"update", "snapshot"}

    run(work)


TICKS = {
    "spot": {
        "bbo": {"seqId", "ask", "askSize", "bid", "bidSize", "quoteTime", "symbol"},
        "detail": {"id", "low", "high", "open", "close", "vol", "amount", "version", "count"},
        "kline.1min": {"id", "open", "close", "low", "high", "amount", "vol", "count"},
        "ticker": {
            "open", "high", "low", "close", "amount", "vol", "count", "bid", "bidSize", "ask", "askSize", "lastPrice",
            "lastSize",
        },
        "mbp.refresh.20": {"seqNum", "bids", "asks"},
    },
    "swap": {
        "bbo": {"mrid", "id", "bid", "ask", "ts", "version", "ch"},
        "detail": {"id", "mrid", "open", "close", "high", "low", "amount", "vol", "count", "bid", "ask"},
        "kline.1min": {"id", "mrid", "open", "close", "high", "low", "amount", "vol", "count"},
        "depth.step6": {"mrid", "id", "bids", "asks", "ts", "version", "ch"},
    },
}  # fmt: skip
"""The fields of the documents (spot v1; coin_margined_swap v1); the coin-margined market stands for all contracts."""


@pytest.mark.parametrize("kind", sorted(TICKS))
def test_other_channels_have_the_documented_fields_and_follow_the_market(kind: str) -> None:
    async def work(floor: HtxFloor) -> None:
        async with htx_socket(floor.uri, MARKET[kind]) as socket:
            for what, fields in TICKS[kind].items():
                channel = f"market.{CODES[kind]}.{what}"
                await subscribed(socket, channel)
                opening = await socket.next()
                assert set(opening["tick"]) == fields, what
                await floor.play(floor.world.now + 40 * SECOND)
                news = await socket.next(lambda message, before=opening: message["tick"] != before["tick"])
                assert (news["ch"], set(news["tick"])) == (channel, fields)
                await socket.send({"unsub": channel, "id": 2})
                assert (await socket.next(lambda message: "tick" not in message))["unsubbed"] == channel

    run(work)


def test_a_candle_is_told_once_more_when_it_has_closed() -> None:
    async def work(floor: HtxFloor) -> None:
        async with htx_socket(floor.uri, MARKET["linear"]) as socket:
            await subscribed(socket, "market.BTC-USDT.kline.1min")
            await floor.play(START + 3 * MINUTE)
            last: dict[int, dict[str, Any]] = {}
            while not {START // SECOND + 60 * n for n in range(3)} <= set(last) or len(last) < 3:
                tick = (await socket.next())["tick"]
                last[tick["id"]] = tick
            asked = await socket.ask({"req": "market.BTC-USDT.kline.1min", "id": "1", "from": START // SECOND})
            while "rep" not in asked:
                last[asked["tick"]["id"]] = asked["tick"]
                asked = await socket.next()
            for row in asked["data"]:
                told = {name: value for name, value in last[row["id"]].items() if name != "mrid"}
                assert told == row

    run(work)


@pytest.mark.parametrize(
    ("door", "request_", "why"),
    [
        ("spot", {"sub": "market.nousdt.trade.detail", "id": "1"}, "invalid topic market.nousdt.trade.detail"),
        ("spot", {"sub": "market.btcusdt.mbp.150", "id": "1"}, "invalid topic market.btcusdt.mbp.150"),
        ("feed", {"sub": "market.btcusdt.trade.detail", "id": "1"}, "invalid topic market.btcusdt.trade.detail"),
        ("linear", {"sub": "market.BTC-USDT.mbp.150", "id": "1"}, "invalid topic market.BTC-USDT.mbp.150"),
        ("swap", {"req": "market.BTC-USD.kline.3min", "id": "1"}, "invalid topic market.BTC-USD.kline.3min"),
        ("future", {"unsub": "market.BTC261225.bbo", "id": "1"}, "unsub with not subbed topic market.BTC261225.bbo"),
        ("spot", {"hello": 1, "id": "1"}, "invalid command"),
    ],
)
def test_what_a_door_doesnt_serve_is_refused(door: str, request_: dict[str, Any], why: str) -> None:
    async def work(floor: HtxFloor) -> None:
        async with htx_socket(floor.uri, MARKET[door]) as socket:
            answer = await socket.ask(request_)
            assert (answer["status"], answer["err-code"], answer["err-msg"], answer["id"]) == (
                "error", "bad-request", why, "1",
            )  # fmt: skip

    run(work)


DOORS = [*((url, 2) for url in MARKET.values()), *((url, 3) for url in (*NOTICES.values(), SPOT_PRIVATE))]


@pytest.mark.parametrize(("url", "patience"), DOORS)
def test_who_answers_no_ping_is_left(url: str, patience: int) -> None:
    async def work(floor: HtxFloor) -> None:
        async with htx_socket(floor.uri, url, answers=False) as silent, htx_socket(floor.uri, url) as lively:
            listening = asyncio.create_task(lively.left())
            assert await silent.left() == patience
            await asyncio.sleep(0.1)
            assert not listening.done()
            assert len(lively.pings) >= patience
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    run(work, beat=0.02)


@pytest.mark.parametrize("kind", CONTRACTS)
def test_everybody_is_told_of_funding_and_halts(kind: str) -> None:
    async def work(floor: HtxFloor) -> None:
        url = "wss://api.hbdm.vn/linear-swap-notification" if kind == "linear" else NOTICES[kind]
        code = CODES[kind]
        async with htx_socket(floor.uri, url) as socket:
            for what in ("funding_rate", "contract_info"):
                assert (await socket.ask({"op": "sub", "cid": "1", "topic": f"public.{code}.{what}"}))["err-code"] == 0
                if what == "contract_info" or kind != "future":
                    assert (await socket.next())["topic"] == f"public.{code}.{what}"
            venue = floor.world.venues[MARKETS[kind]]
            venue.set_status(code, InstrumentStatus.HALTED, floor.world.now)
            floor.runner.tell()
            halted = await socket.next()
            assert (halted["event"], halted["data"][0]["contract_status"]) == ("update", 3)
            if kind != "future":
                await floor.play(START + MINUTE + SECOND)
                told = (await socket.next())["data"][0]
                assert (told["contract_code"], told["settlement_time"]) == (code, "1768492800000")

    run(work)


def test_a_pair_of_clients_gets_its_own_accounts_news_alone() -> None:
    async def work(floor: HtxFloor) -> None:
        async with htx_socket(floor.uri, NOTICES["swap"]) as socket, htx_socket(floor.uri, SPOT_PRIVATE) as spot:
            assert (await socket.authenticate(KEY, SECRET))["err-code"] == 0
            assert (await spot.authenticate(KEY, SECRET))["code"] == 200
            for topic in ("orders.*", "positions.btc-usd", "accounts.*"):
                assert (await socket.ask({"op": "sub", "cid": "1", "topic": topic}))["err-code"] == 0
                if not topic.startswith("orders"):
                    assert (await socket.next())["event"] == "init"
            for name in ("floor-key", "another"):
                if name == "another":
                    floor.world.open_account(name, {"huobi_swap": {"BTC": "5"}})
                _buy(floor, name)
            told = [await socket.next() for _ in range(5)]
            assert [message["topic"] for message in told] == [
                "orders.btc-usd", "accounts", "accounts", "positions.btc-usd", "orders.btc-usd",
            ]  # fmt: skip
            assert {message["uid"] for message in told} == {"10000001"}
            assert [told[0]["status"], told[4]["status"], len(told[4]["trade"])] == [3, 6, 1]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.next(), 0.1)

    run(work)


def _buy(floor: HtxFloor, name: str) -> None:
    from decimal import Decimal

    from jtrader.matching.entry import Style
    from jtrader.venue.filters import NewOrder
    from jtrader.venue.words import Leg

    venue = floor.world.venues["huobi_swap"]
    new = NewOrder(
        symbol="BTC-USD", side=BUY, style=Style.MARKET, client_id="1", quantity=Decimal(3), leg=Leg.LONG
    )  # fmt: skip
    venue.submit(venue.accounts[name], new, floor.world.now)
    floor.runner.tell()
