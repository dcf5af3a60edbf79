"""Trades that the bus lost, or told while the oms was away, reach the resting orders of paper accounts all the same."""

import asyncio
import contextlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fixtures.broker_desk import child_order
from fixtures.paper_desk import BOOK, PERP, START
from fixtures.venue_market import VenueMarket
from jtrader.app.services.oms.paper import PaperAccount
from jtrader.app.services.oms.paper_desk import PaperDesk
from jtrader.app.settings import load_settings
from jtrader.app.wiring.paper import open_paper
from jtrader.app.wiring.trading import instruments_of
from jtrader.bus.market import Batch, MarketPublisher
from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.market import Event, FeedStatus, Funding, Mark, Trade
from jtrader.domain.order import OrderStatus, OrderType, Side
from jtrader.domain.times import HOUR, SECOND
from jtrader.store.memory.ticks import MemoryTickStore
from jtrader.store.recorder.reading import TradeReader

RULES = [one.instrument for one in VenueMarket.listed(str(PERP)).listings]
PRICE = "49990"


class NoHistory:
    async def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        return ()

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        raise Unavailable("nothing is known")

    async def close(self) -> None:
        """Nothing is open."""


def trade(number: int, price: float = 50_000.0, quantity: float = 0.001, side: int = -1) -> Trade:
    """One a second."""
    return Trade(PERP, START + number * SECOND, number, price, quantity, side)


def unnumbered(one: Trade) -> Trade:
    return msgspec.structs.replace(one, trade_id=f"t{one.trade_id}")


CROSSING = trade(3, price=49_980.0, quantity=50.0)
"""Takes the whole book of the buyers, and our order."""


class Desk:
    """A paper account beside a recorder's store."""

    def __init__(self, home: Path, store: MemoryTickStore, is_numbered: bool = True) -> None:
        account = {"name": "alpha", "market": "binance_usdm", "broker": "paper", "funds": {"USDT": "100000"}}
        settings = load_settings(home=home, simulator_uri="http://127.0.0.1:1", accounts=[account])
        chosen = settings.account("alpha")
        opened = open_paper(settings, chosen, instruments_of(settings, chosen), RULES, START)
        reader = TradeReader(store, lambda _: is_numbered)
        self.account = PaperAccount(
            *opened, NoHistory(), recorded=reader, is_numbered=lambda _: is_numbered, patience=0.5
        )
        self.wallet = opened[1]

    async def hear(self, *events: Event, missed: int = 0, kind: str = "") -> None:
        kind = kind or str(type(events[0]).__struct_config__.tag)
        await self.account.take(Batch(PERP, kind, events, missed))
        self.account.settle()

    async def open(self) -> None:
        await self.hear(BOOK)
        await self.hear(Mark(PERP, START, 50_000.0, 50_000.0, 0.0, START + 8 * HOUR))
        await self.hear(FeedStatus(PERP, START, 1, "up"))
        await self.hear(BOOK)

    async def rest(self) -> None:
        order = child_order(
            AccountId("alpha"), PERP, Decimal("0.5"), side=Side.BUY, type=OrderType.LIMIT, price=Decimal(PRICE)
        )
        assert (await self.account.broker.submit(order)).status is OrderStatus.NEW

    def heard(self, number: int) -> bool:
        return any(number in ids for _, ids in self.account.market.known.heard.values())

    @property
    def bought(self) -> int:
        return sum(one.lots for one in self.wallet.trades)


@pytest.fixture(params=[True, False], ids=["numbered", "unnumbered"])
def is_numbered(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def told(is_numbered: bool, *trades: Trade) -> list[Trade]:
    return list(trades) if is_numbered else [unnumbered(one) for one in trades]


def test_a_lost_trade_fills_the_order_that_it_crossed(tmp_path: Path, is_numbered: bool) -> None:
    store = MemoryTickStore()
    every = told(is_numbered, trade(1), trade(2), CROSSING, trade(4), trade(5))

    async def run() -> Desk:
        desk = Desk(tmp_path, store, is_numbered)
        await desk.open()
        await desk.hear(every[0])
        await desk.rest()
        await desk.hear(every[1])
        assert desk.bought == 0
        asyncio.get_running_loop().call_later(0.2, store.append, every)  # the recorder takes its time
        await desk.hear(*every[3:], missed=1)
        return desk

    store.append(every[:2])
    desk = asyncio.run(run())
    assert desk.bought > 0
    assert [order.status.name for order in desk.wallet.orders.values()] == ["FILLED"]
    assert desk.account.lost_trades == 0


def test_a_reconnection_of_the_feed_is_a_loss_too(tmp_path: Path) -> None:
    store = MemoryTickStore()
    every = told(False, trade(1), CROSSING, trade(6))
    store.append(every)

    async def run() -> Desk:
        desk = Desk(tmp_path, store, is_numbered=False)
        await desk.open()
        await desk.hear(every[0])
        await desk.rest()
        await desk.hear(FeedStatus(PERP, START + 6, 2, "up"))
        await desk.hear(BOOK)
        await desk.hear(every[2])
        return desk

    assert asyncio.run(run()).bought > 0


def test_an_order_is_not_met_by_a_trade_from_before_it(tmp_path: Path) -> None:
    store = MemoryTickStore()
    store.append([trade(1), msgspec.structs.replace(CROSSING, trade_id=2, ts=trade(2).ts), trade(3)])

    async def run() -> Desk:
        desk = Desk(tmp_path, store)
        await desk.open()
        await desk.hear(trade(1))
        await desk.hear(Mark(PERP, trade(3).ts, 50_000.0, 50_000.0, 0.0, START + 8 * HOUR))
        await desk.rest()
        await desk.hear(trade(3), missed=1)
        return desk

    assert asyncio.run(run()).bought == 0


def test_trades_from_while_the_oms_was_away_are_caught_up(tmp_path: Path, is_numbered: bool) -> None:
    store = MemoryTickStore()
    every = told(is_numbered, trade(2), CROSSING, trade(4))
    store.append(every)

    async def leave() -> None:
        desk = Desk(tmp_path, MemoryTickStore(), is_numbered)
        await desk.open()
        await desk.hear(every[0])
        await desk.rest()

    async def come_back() -> int:
        desk = Desk(tmp_path, store, is_numbered)
        await desk.account.look_back()
        desk.account.settle()
        return desk.bought

    asyncio.run(leave())
    bought = asyncio.run(come_back())
    assert bought > 0
    assert asyncio.run(come_back()) == bought, "each trade is met once"


def test_what_the_recorder_never_gets_is_told_and_trading_goes_on(tmp_path: Path) -> None:
    store = MemoryTickStore()
    store.append([trade(1)])

    async def run() -> Desk:
        desk = Desk(tmp_path, store)
        await desk.open()
        await desk.hear(trade(1))
        await desk.rest()
        await desk.hear(trade(9), missed=7)
        assert desk.account.lost_trades == 1
        await desk.hear(msgspec.structs.replace(CROSSING, trade_id=10, ts=trade(10).ts))
        return desk

    assert asyncio.run(run()).bought > 0


class Lossy(MarketPublisher):
    """Numbers messages as usual and loses those asked for, as a full socket does."""

    def lose(self, event: Event) -> None:
        topic = self._topic(event)
        self._last[topic] += 1


@pytest.mark.parametrize("has_next", [True, False], ids=["shown by the next", "shown by the beat"])
def test_a_message_lost_on_the_bus_is_read_from_the_recorder(tmp_path: Path, has_next: bool) -> None:
    store = MemoryTickStore()
    every = [trade(1), trade(2), CROSSING, trade(4)]
    store.append(every)
    mark = Mark(PERP, START, 50_000.0, 50_000.0, 0.0, START + 8 * HOUR)

    async def run() -> Desk:
        desk = Desk(tmp_path, store)
        with contextlib.closing(Lossy("tcp://127.0.0.1:*", epoch=1)) as publisher:
            paper = PaperDesk([desk.account], publisher.uri, START)
            running = asyncio.create_task(paper.run())
            while not desk.heard(1):
                publisher.publish([FeedStatus(PERP, START, 1, "up"), mark, BOOK, every[0]])
                await asyncio.sleep(0.02)
            await desk.rest()
            publisher.publish(every[1:2])
            publisher.lose(CROSSING)
            publisher.publish(every[3:] if has_next else [])
            async with asyncio.timeout(10):
                while not desk.bought:
                    publisher.beat()
                    await asyncio.sleep(0.02)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            assert paper.lost_trades() == 0
        return desk

    assert [one.status.name for one in asyncio.run(run()).wallet.orders.values()] == ["FILLED"]
