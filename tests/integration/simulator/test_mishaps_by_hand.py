"""An overfill, a bust and a deleveraging reach the account's client like everything else that a venue does."""

import asyncio
import secrets
from decimal import Decimal

import httpx
import pytest

from fixtures.simulator import Simulator
from jtrader.domain.account import EntryKind
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market, ParentId, StrategyId
from jtrader.domain.order import ChildOrder, OrderType, Side, TimeInForce
from jtrader.domain.times import DAY
from jtrader.exchange.binance.broker import BinanceBroker
from jtrader.exchange.common.session import Keys

BTC = InstrumentId("binance_usdm:BTCUSDT")
WHERE = {"key": "k", "market": "binance_usdm", "symbol": "BTCUSDT"}


def bought(quantity: str) -> ChildOrder:
    return ChildOrder(
        client_order_id=ClientOrderId(f"m{secrets.token_hex(6)}"),
        parent_id=ParentId("p"),
        strategy=StrategyId("s"),
        account=AccountId("test"),
        instrument=BTC,
        side=Side.BUY,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal(quantity),
        price=None,
        reduce_only=False,
        ts=0,
    )


def test_what_should_not_happen_is_told_and_adds_up(simulator: Simulator) -> None:
    key, secret = secrets.token_hex(16), secrets.token_hex(16)
    simulator.add_account(key, secret)
    simulator.run_for(60)
    start, end = simulator.now - DAY, simulator.now + DAY

    async def work() -> None:
        broker = BinanceBroker(AccountId("test"), Market("binance_usdm"), [BTC], Keys(key, secret), simulator.uri)
        try:
            order = bought("0.010")
            await broker.submit(order)
            simulator.mishap("overfill", key, BTC, client_id=order.client_order_id, lots=2)
            [held] = await broker.positions()
            fills = await broker.fills(BTC, start, end)
            assert held.quantity == sum(fill.quantity for fill in fills) == Decimal("0.012")
            simulator.mishap("adl", key, BTC, quantity="0.002", price=str(fills[0].price))
            [held] = await broker.positions()
            assert held.quantity == Decimal("0.010")
            other = bought("0.005")
            await broker.submit(other)
            [last] = [f for f in await broker.fills(BTC, start, end) if f.client_order_id == other.client_order_id]
            simulator.mishap("bust", key, BTC, trade_id=int(last.trade_id))
            [held] = await broker.positions()
            assert held.quantity == Decimal("0.010")
            entries = await broker.entries(start, end)
            assert [e.amount for e in entries if e.kind is EntryKind.ADJUST] == [last.fee]
            [wallet] = [b for b in await broker.balances() if b.asset == "USDT"]
            assert wallet.total == 100_000 + sum(e.amount for e in entries)
        finally:
            await broker.close()

    asyncio.run(work())


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"kind": "quake", "key": "k", "market": "binance_usdm", "symbol": "BTCUSDT"}, "quake"),
        (
            {"kind": "bust", "key": "k", "market": "binance_usdm", "symbol": "BTCUSDT", "trade_id": 1},
            "no wallet of key",
        ),
        ({"kind": "bust", "key": "k", "market": "binance_usdm", "symbol": "BTCUSDT"}, "trade_id"),
    ],
)
def test_what_cannot_happen_is_refused_in_a_sentence(simulator: Simulator, body: dict[str, object], says: str) -> None:
    answer = httpx.post(f"{simulator.uri}/sim/mishaps", json=body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
