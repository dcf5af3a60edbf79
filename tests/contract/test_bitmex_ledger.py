"""A BitMEX account over a day's end: funding, the daily sums, delivery at expiry, liquidation's rows, a venue that was
killed; what the broker tells adds up to the wallet, to the satoshi."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from fixtures.broker_desk import BrokerDesk, child_order
from fixtures.simulator import BITMEX, Simulator, StartSimulator
from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.order import OrderStatus, OrderType, Side
from jtrader.domain.times import DAY, HOUR, MINUTE, parse_time
from jtrader.exchange.bitmex.broker import BitmexBroker
from jtrader.exchange.bitmex.session import Keys

ACCOUNT = AccountId("test")
LOTS = {"XBTUSD": "10000", "XBTUSDT": "20000", "ETHUSD": "150", "XBTZ26": "5000"}
FUNDS = {"BTC": Decimal(10), "USDT": Decimal(100_000)}
NOON = parse_time("2026-01-15T12:00:00Z")
EXPIRY = parse_time("2026-01-15T11:45:00Z")


def made(venue: Simulator, keys: Keys) -> BitmexBroker:
    instruments = [InstrumentId(name) for name in BITMEX]
    return BitmexBroker(ACCOUNT, Market("bitmex"), instruments, keys, venue.uri, per_minute=6_000)


def started(start_simulator: StartSimulator, **settings: Any) -> tuple[Simulator, Keys]:
    venue = start_simulator(
        instruments=BITMEX,
        live_start="2026-01-15T11:30:00Z",
        expiries={'"bitmex:XBTZ26"': "2026-01-15T11:45:00Z"},
        **settings,
    )
    venue.run_for(60)
    keys = Keys(secrets.token_hex(12), secrets.token_hex(24))
    venue.add_account(keys.key, keys.secret, {"bitmex": {a: str(v) for a, v in FUNDS.items()}}, pace=50)
    return venue, keys


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(90):
            await work()

    asyncio.run(within())


async def held(broker: BitmexBroker) -> dict[str, Decimal]:
    return {balance.asset: balance.total for balance in await broker.balances()}


def sums(rows: list[VenueEntry]) -> dict[str, Decimal]:
    found = dict(FUNDS)
    for row in rows:
        found[row.asset] += row.amount
    return found


def test_a_day_adds_up_to_the_satoshi(start_simulator: StartSimulator) -> None:
    venue, keys = started(start_simulator)

    async def work() -> None:
        desk = BrokerDesk(made(venue, keys))
        await desk.follow()
        broker = desk.broker
        assert isinstance(broker, BitmexBroker)
        for symbol, quantity in LOTS.items():
            name = InstrumentId(f"bitmex:{symbol}")
            for side, part in ((Side.BUY, 3), (Side.SELL, 1), (Side.BUY, 1)):
                order = child_order(ACCOUNT, name, Decimal(quantity) * part, side=side)
                await broker.submit(order)
                assert (await desk.finished(order)).status is OrderStatus.FILLED
        start = venue.now - HOUR
        waiting = child_order(
            ACCOUNT, InstrumentId("bitmex:XBTZ26"), Decimal(100), type=OrderType.LIMIT, price=Decimal(90_000)
        )
        await broker.submit(waiting)

        await asyncio.to_thread(venue.run, 1_000.0, EXPIRY + MINUTE)
        delivered = await desk.until(lambda r: r if _is(r, EntryKind.DELIVERY) else None)
        assert (delivered.instrument, delivered.ts) == ("bitmex:XBTZ26", EXPIRY)
        ended = await desk.finished(waiting)
        assert (ended.status, ended.reason) == (OrderStatus.CANCELED, "not_trading")
        assert {p.instrument for p in await broker.positions()} == {f"bitmex:{s}" for s in LOTS if s != "XBTZ26"}

        await asyncio.to_thread(venue.run, 1_000.0, NOON + MINUTE)
        await desk.until(lambda _: True if len(_funding(desk)) == 3 else None)
        funded = {row.instrument: row for row in _funding(desk)}
        assert set(funded) == {f"bitmex:{s}" for s in LOTS if s != "XBTZ26"}
        assert {row.ts for row in funded.values()} == {NOON}
        for name, row in funded.items():
            await _check_funding(broker, name, row)

        fill = child_order(ACCOUNT, InstrumentId("bitmex:XBTUSD"), Decimal(LOTS["XBTUSD"]), side=Side.SELL)
        await broker.submit(fill)
        await desk.finished(fill)
        await asyncio.to_thread(venue.deposit, keys.key, "bitmex", "USDT", "250.5")
        await asyncio.to_thread(venue.withdraw, keys.key, "bitmex", "BTC", "0.5", "0.0002")
        rows = list(await broker.entries(start, venue.now + DAY))
        assert len({row.entry_id for row in rows}) == len(rows)
        assert [row.ts for row in rows] == sorted(row.ts for row in rows)
        assert sums(rows) == await held(broker)
        transfers = sorted((row.asset, str(row.amount)) for row in rows if row.kind is EntryKind.TRANSFER)
        assert transfers == [("BTC", "-0.50020000"), ("USDT", "250.500000")]
        await _check_daily_sums(broker, rows)
        await desk.close()

    run(work)


def _is(report: Any, kind: EntryKind) -> bool:
    return isinstance(report, VenueEntry) and report.kind is kind


def _funding(desk: BrokerDesk) -> list[Any]:
    return [report for report in desk.reports if _is(report, EntryKind.FUNDING)]


async def _check_funding(broker: BitmexBroker, name: InstrumentId, row: VenueEntry) -> None:
    """Worth × rate as the venue's own execution tells them; longs pay above zero."""
    query = {"symbol": name.partition(":")[2], "filter": '{"execType":"Funding"}'}
    (told,) = await broker._session.call("privateGetExecutionTradeHistory", query)
    unit = Decimal("1e-6") if row.asset == "USDT" else Decimal("1e-8")
    exact = -Decimal(told["commission"]) * told["execCost"] * unit
    assert abs(row.amount - exact) <= unit
    assert row.amount == -told["execComm"] * unit


async def _check_daily_sums(broker: BitmexBroker, rows: list[VenueEntry]) -> None:
    """BitMEX's history has what each contract made until 12:00 in one row; our entries hold the parts."""
    history = await broker._session.call("privateGetUserWalletHistory", {"currency": "all", "count": 100})
    daily = {
        (row["address"], row["currency"]): row["amount"] for row in history if row["transactType"] == "RealisedPNL"
    }
    assert {symbol for symbol, _ in daily} == set(LOTS)
    for (symbol, wallet), amount in daily.items():
        unit = Decimal("1e-6") if wallet == "USDt" else Decimal("1e-8")
        parts = [r.amount for r in rows if r.instrument == f"bitmex:{symbol}" and r.ts < NOON]
        assert sum(parts, Decimal(0)) == amount * unit


def test_an_account_survives_the_venues_death(start_simulator: StartSimulator, tmp_path: Path) -> None:
    venue, keys = started(start_simulator, home=tmp_path / "venue")
    name = InstrumentId("bitmex:XBTUSD")
    kept: dict[str, Any] = {}

    async def before() -> None:
        broker = made(venue, keys)
        await broker.submit(child_order(ACCOUNT, name, Decimal(1000)))
        resting = child_order(ACCOUNT, name, Decimal(100), type=OrderType.LIMIT, price=Decimal(90_000))
        stop = child_order(
            ACCOUNT, name, Decimal(100), type=OrderType.STOP, trigger_price=Decimal(90_000), side=Side.SELL
        )
        await broker.submit(resting)
        await broker.submit(stop)
        kept.update(await _state(broker, name))
        await broker.close()

    async def after() -> None:
        broker = made(venue, keys)
        assert await _state(broker, name) == kept
        assert len(kept["orders"]) == 2
        await broker.cancel_all(name)
        assert await broker.open_orders() == []
        await broker.close()

    run(before)
    venue.kill()
    venue.start()
    run(after)


async def _state(broker: BitmexBroker, name: InstrumentId) -> dict[str, Any]:
    return {
        "orders": list(await broker.open_orders()),
        "fills": list(await broker.fills(name, 0, 2**62)),
        "held": await held(broker),
        "positions": [(p.quantity, p.entry_price) for p in await broker.positions()],
        "entries": list(await broker.entries(0, 2**62)),
    }
