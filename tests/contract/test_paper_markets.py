"""Paper accounts on every market: prices by its feed, fills, fees and positions by our own venue. OKX stands for those
that only the settings know; its steps are too fine to be kept in places."""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fixtures.broker_desk import child_order
from fixtures.okx_venue import NOW_MS, OkxVenue
from fixtures.simulator import BITMEX, COINM, HUOBI, Simulator, StartSimulator
from jtrader.app.services.oms.paper import PaperAccount
from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.desk import venue_rules
from jtrader.app.wiring.paper import RestHistory, open_paper
from jtrader.app.wiring.trading import LazyCandles, feeds_for, instruments_of
from jtrader.bus.market import Batch
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.order import Fill, OrderStatus, Side

SPOT, SWAP = InstrumentId("okx_spot:BTC-USDT"), InstrumentId("okx_swap:BTC-USDT-SWAP")
ALPHA = AccountId("alpha")


def frame(symbol: str) -> bytes:
    arg = {"channel": "books", "instId": symbol}
    book = {"bids": [["95000.1", "1.5", "0", "3"]], "asks": [["95000.2", "0.5", "0", "1"], ["95001", "9", "0", "2"]]}
    sent = book | {"ts": str(NOW_MS), "checksum": 0, "seqId": 1, "prevSeqId": -1}
    return json.dumps({"arg": arg, "action": "snapshot", "data": [sent]}).encode()


MARK = {
    "arg": {"channel": "mark-price", "instId": "BTC-USDT-SWAP"},
    "data": [{"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": "95000.15", "ts": str(NOW_MS)}],
}


@pytest.fixture(scope="module")
def venue() -> Iterator[OkxVenue]:
    made = OkxVenue([frame("BTC-USDT"), frame("BTC-USDT-SWAP"), json.dumps(MARK).encode()]).start()
    yield made
    made.stop()


def desk(home: Path, uri: str, name: InstrumentId, asset: str = "USDT") -> Settings:
    market = name.partition(":")[0]
    kind = market.removeprefix("okx_")
    return load_settings(
        home=home,
        simulator_uri=uri,
        feed_books=True,
        crawl_instruments=[],
        ccxt=[{"market": market, "exchange": "okx", "type": kind}] if market.startswith("okx") else [],
        accounts=[{"name": "alpha", "market": market, "broker": "paper", "funds": {asset: "100000"}}],
        strategies=[{"name": "m", "rule": "ma_cross", "account": "alpha", "instruments": [name]}],
    )


def bought(settings: Settings, name: InstrumentId, quantity: str) -> dict[str, Any]:
    """One market order, from the settings on, and what the account tells of it."""
    market = Market(settings.account("alpha").market)
    chosen = settings.account("alpha")
    rules, now = venue_rules(settings, [market])
    is_spot = next(one for one in rules if one.id == name).is_spot
    opened = open_paper(settings, chosen, instruments_of(settings, chosen), rules, now)

    async def work() -> dict[str, Any]:
        account = PaperAccount(*opened, RestHistory(settings, market))
        help_ = LazyCandles(settings)
        (feed,) = feeds_for(settings, help_)
        wanted = {"quote"} if is_spot else {"quote", "mark"}
        heard: set[str] = set()

        async def listen() -> None:
            async for events in feed.events():
                for event in events:
                    kind = str(type(event).__struct_config__.tag)
                    heard.add(kind)
                    await account.take(Batch(event.instrument, kind, (event,), 0))
                account.settle()

        listening = asyncio.create_task(listen())
        try:
            async with asyncio.timeout(30):
                while account.troubles or not heard >= wanted:
                    await asyncio.sleep(0.02)
            order = child_order(ALPHA, name, Decimal(quantity), side=Side.BUY)
            sent = await account.broker.submit(order)
            assert sent.status is OrderStatus.FILLED
            return {
                "fills": await account.broker.fills(name, 0, 2**62),
                "positions": await account.broker.positions(),
                "balances": {one.asset: one.total for one in await account.broker.balances()},
            }
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await feed.close()
            await account.close()
            await asyncio.to_thread(help_.close)

    return asyncio.run(work())


def fill_of(told: dict[str, Any]) -> list[tuple[Decimal, Decimal, Decimal, str]]:
    fills: list[Fill] = told["fills"]
    return [(fill.quantity, fill.price, fill.fee, fill.fee_asset) for fill in fills]


def test_spot_walks_the_book_and_pays_the_venues_fee(venue: OkxVenue, tmp_path: Path) -> None:
    """OKX lists lots of 1e-8 BTC, which at a tick of 0.1 are worth less than the smallest amount that is kept."""
    settings = desk(tmp_path, venue.uri, SPOT)
    (rule,), _ = venue_rules(settings, [Market("okx_spot")])
    assert (rule.quantity_step, rule.min_quantity) == (Decimal("1E-7"), Decimal("0.00001"))
    told = bought(settings, SPOT, "0.6")
    assert fill_of(told) == [
        (Decimal("0.5"), Decimal("95000.2"), Decimal("0.5") * rule.taker_fee, "BTC"),
        (Decimal("0.1"), Decimal("95001"), Decimal("0.1") * rule.taker_fee, "BTC"),
    ]
    spent = Decimal("0.5") * Decimal("95000.2") + Decimal("0.1") * Decimal("95001")
    assert told["balances"] == {"USDT": 100_000 - spent, "BTC": Decimal("0.6") * (1 - rule.taker_fee)}


def test_a_swap_is_counted_in_its_contracts(venue: OkxVenue, tmp_path: Path) -> None:
    """A contract is 0.01 BTC."""
    settings = desk(tmp_path, venue.uri, SWAP)
    told = bought(settings, SWAP, "0.25")
    rule = next(one for one in venue_rules(settings, [Market("okx_swap")])[0] if one.id == SWAP)
    worth = Decimal("0.25") * Decimal("0.01") * Decimal("95000.2")
    fee = (worth * rule.taker_fee).quantize(Decimal("1E-8"))
    assert fill_of(told) == [(Decimal("0.25"), Decimal("95000.2"), fee, "USDT")]
    (position,) = told["positions"]
    assert (position.instrument, position.quantity) == (SWAP, Decimal("0.25"))
    assert told["balances"]["USDT"] == 100_000 - fee


TRADED = (*COINM[::2], *BITMEX, HUOBI[0], HUOBI[2], HUOBI[4], HUOBI[6])


@pytest.fixture(scope="module")
def markets(start_simulator: StartSimulator) -> Simulator:
    return start_simulator(instruments=list(TRADED), live_minutes=600)


@pytest.mark.parametrize("name", TRADED)
def test_each_market_fills_at_what_its_feed_tells(markets: Simulator, tmp_path: Path, name: str) -> None:
    wanted = InstrumentId(name)
    rule = next(
        one
        for one in venue_rules(desk(tmp_path, markets.uri, wanted), [Market(name.partition(":")[0])])[0]
        if one.id == wanted
    )
    settings = desk(tmp_path, markets.uri, wanted, rule.settle)
    lots = max(rule.min_quantity, rule.quantity_step * 10)
    markets.run(speed=20.0)
    try:
        told = bought(settings, wanted, str(lots))
    finally:
        markets.pause()
    fills: list[Fill] = told["fills"]
    assert sum(fill.quantity for fill in fills) == lots
    assert {fill.fee_asset for fill in fills} == {rule.base if rule.is_spot else rule.settle}
    assert all(fill.price % rule.price_tick == 0 and fill.fee != 0 for fill in fills)
    if rule.is_spot:
        assert told["balances"][rule.base] == lots - sum(fill.fee for fill in fills)
    else:
        assert [(one.instrument, one.quantity) for one in told["positions"]] == [(wanted, lots)]
