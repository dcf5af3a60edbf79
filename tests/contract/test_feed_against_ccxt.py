"""ports.MarketFeed: the native feed tells the same trades, quotes and marks as ccxt.pro's own streams of the venue."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.market import Mark, Quote, Trade
from jtrader.exchange.binance.feed import BinanceFeed
from jtrader.exchange.localnet import local_session

CCXT_SYMBOL = {"binance_usdm": "BTC/USDT:USDT", "binance_spot": "BTC/USDT", "binance_coinm": "BTC/USD:BTC"}
CCXT_TYPE = {"binance_usdm": "linear", "binance_spot": "spot", "binance_coinm": "inverse"}


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Simulator:
    """All three markets of Binance."""
    return start_simulator(instruments=[BINANCE[0], BINANCE[2], COINM[0]])


async def collect(watch: Callable[[], Awaitable[Any]], into: list[Any]) -> None:
    while True:
        answer = await watch()
        into.extend(answer if isinstance(answer, list) else [answer])


@pytest.mark.parametrize("market", list(CCXT_SYMBOL))
def test_the_same_market_is_told(simulator: Simulator, market: str) -> None:
    from ccxt.pro.binance import binance

    name = InstrumentId(f"{market}:{'BTCUSD_PERP' if market == 'binance_coinm' else 'BTCUSDT'}")
    symbol, has_marks = CCXT_SYMBOL[market], market != "binance_spot"
    ours: list[Any] = []
    trades: list[Any] = []
    marks: list[Any] = []

    async def work() -> None:
        session = local_session(simulator.uri)
        options = {"fetchMarkets": {"types": [CCXT_TYPE[market]]}, "tradesLimit": 100_000}
        oracle = binance({"session": session, "newUpdates": True, "options": options})
        feed = BinanceFeed(Market(market), [name], simulator.uri)

        async def listen() -> None:
            async for events in feed.events():
                ours.extend(events)

        await oracle.load_markets()
        works = [listen(), collect(lambda: oracle.watch_trades(symbol), trades)]
        if has_marks:
            works.append(collect(lambda: oracle.watch_mark_price(symbol), marks))
        tasks = [asyncio.create_task(work) for work in works]
        try:
            async with asyncio.timeout(60):
                while not (feed.is_up and len(oracle.clients) == len(works) - 1):
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.5)
                await asyncio.to_thread(simulator.run_for, 120)
                await asyncio.sleep(0.5)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await feed.close()
            await oracle.close()
            await session.close()

    asyncio.run(work())

    told = [(t.trade_id, t.price, t.quantity, t.side, t.ts) for t in ours if isinstance(t, Trade)]
    expected = [
        (
            int(t["id"]),
            t["price"],
            t["amount"],
            1 if t["side"] == "buy" else -1,
            t["timestamp"] * 1_000_000,
        )
        for t in trades
    ]
    assert len(told) > 20
    assert told == expected
    if has_marks:
        shown = [(m.mark, m.ts) for m in ours if isinstance(m, Mark)]
        assert len(shown) > 100
        assert set(shown) >= {(m["markPrice"], m["timestamp"] * 1_000_000) for m in marks}
    quotes = [q for q in ours if isinstance(q, Quote)]
    assert len(quotes) > 20
    assert all(q.bid < q.ask and q.bid_quantity > 0 and q.ask_quantity > 0 for q in quotes)


@pytest.mark.parametrize(
    ("market", "instruments", "says"),
    [
        ("bitmex", ["bitmex:XBTUSD"], "no Binance market 'bitmex'"),
        ("binance_spot", ["binance_usdm:BTCUSDT"], "is not of binance_spot"),
        ("binance_spot", [], "at least one instrument"),
        ("binance_spot", ["BTCUSDT"], "market:SYMBOL"),
    ],
)
def test_a_feed_of_nothing_is_refused(market: str, instruments: list[str], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        BinanceFeed(Market(market), [InstrumentId(name) for name in instruments])
