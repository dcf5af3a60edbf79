"""HTX's brokers where the venue misbehaves: away when the desk starts, another clock, messages and answers of another
shape, lists of cancels of which some failed."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.broker_desk import BrokerDesk, child_order
from fixtures.faults import faults, rule
from fixtures.simulator import HUOBI, Simulator, StartSimulator
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.order import ChildOrder
from jtrader.exchange.common.session import Keys
from jtrader.exchange.huobi.broker import HuobiBroker
from jtrader.exchange.huobi.linear_account import DETAILS
from jtrader.exchange.huobi.rows import rows_of

ACCOUNT = AccountId("test")
SMALL = {
    "huobi_spot:btcusdt": "0.001",
    "huobi_linear:BTC-USDT": "10",
    "huobi_swap:BTC-USD": "10",
    "huobi_future:BTC261225": "10",
}
LINEAR, SWAP = "huobi_linear:BTC-USDT", "huobi_swap:BTC-USD"
INVERSE = ("huobi_swap", "huobi_future")
STATE = {"huobi_spot": "orderStatus", "huobi_linear": "state", "huobi_swap": "status", "huobi_future": "status"}
A_QUARTER_OF_AN_HOUR = 900_000
"""ms; HTX takes a timestamp for five minutes."""


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    simulator = start_simulator(instruments=HUOBI, live_minutes=600)
    simulator.run_for(60)
    return simulator


class Case:
    """A new account on one market, and its broker."""

    def __init__(self, venue: Simulator, name: str, home: Path) -> None:
        self.venue = venue
        self.instrument = InstrumentId(name)
        self.market = Market(name.partition(":")[0])
        self.keys = Keys(secrets.token_hex(16), secrets.token_hex(16))
        self._home = home
        venue.add_account(self.keys.key, self.keys.secret)

    def broker(self) -> HuobiBroker:
        names = [self.instrument]
        return HuobiBroker(
            ACCOUNT, self.market, names, self.keys, self.venue.uri, orders_file=self._home / "orders.jsonl"
        )

    def order(self, times: int = 1, **fields: object) -> ChildOrder:
        return child_order(ACCOUNT, self.instrument, Decimal(SMALL[self.instrument]) * times, **fields)

    def run(
        self, work: Callable[[BrokerDesk], Awaitable[None]], prepare: Callable[[HuobiBroker], None] | None = None
    ) -> None:
        """`prepare` sees the broker before its stream is opened."""

        async def within() -> None:
            broker = self.broker()
            desk = BrokerDesk(broker)
            try:
                async with asyncio.timeout(60):
                    if prepare is None:
                        await desk.follow()
                    else:
                        prepare(broker)
                    await work(desk)
            finally:
                await desk.close()

        asyncio.run(within())


@pytest.fixture(params=list(SMALL))
def case(request: pytest.FixtureRequest, venue: Simulator, tmp_path: Path) -> Case:
    return Case(venue, request.param, tmp_path)


async def _whole(desk: BrokerDesk, order: ChildOrder) -> bool:
    fills = {fill.trade_id: fill.quantity for fill in desk.fills_of(order)}
    return sum(fills.values()) == order.quantity


def test_a_desk_that_starts_while_the_venue_is_away_comes_up_with_it(case: Case) -> None:
    async def work(desk: BrokerDesk) -> None:
        with faults(case.venue, rule("maintenance")):
            following = asyncio.create_task(desk.follow(40))
            await asyncio.sleep(1.5)
            assert not following.done()
            assert not desk.broker.is_live
        await following
        order = case.order()
        await desk.broker.submit(order)
        await desk.finished(order)
        assert await _whole(desk, order)

    case.run(work, lambda broker: None)


def test_a_desk_that_starts_with_a_wrong_clock_sets_it_right(case: Case) -> None:
    def wrong(broker: HuobiBroker) -> None:
        broker._session.clock.correction = -A_QUARTER_OF_AN_HOUR

    async def work(desk: BrokerDesk) -> None:
        await desk.follow()
        assert await desk.broker.balances()

    case.run(work, wrong)


@pytest.mark.parametrize("what", ["no state", "another state", "no rows"])
def test_a_message_of_another_shape_costs_nothing_but_a_look(
    case: Case, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    state = STATE[case.market]
    drift = {
        "no state": {"change": "missing", "field": state},
        "another state": {"change": "set", "field": state, "value": "half-done"},
        "no rows": {"change": "set", "field": state if case.market in INVERSE else "data", "value": "{}"},
    }[what]

    async def work(desk: BrokerDesk) -> None:
        order = case.order()
        with faults(case.venue, rule("drift", {"topic": "orders*", "times": 2}, **drift)):
            await desk.broker.submit(order)
            await desk.finished(order)
        assert await _whole(desk, order)
        assert "may have told" in caplog.text
        again = case.order()
        await desk.broker.submit(again)
        await desk.finished(again)
        assert isinstance(desk.broker, HuobiBroker)
        assert (desk.broker.is_live, desk.broker.stream_epoch) == (True, 1)

    case.run(work)


def test_an_order_that_hits_many_has_a_fill_for_each(venue: Simulator, tmp_path: Path) -> None:
    """The venue gives all of them one `trade_id`."""
    at = Case(venue, LINEAR, tmp_path)
    venue.transfer(at.keys.key, at.market, "USDT", "1000000")

    async def work(desk: BrokerDesk) -> None:
        order = at.order(times=500)
        venue_id = (await desk.broker.submit(order)).venue_order_id
        await desk.finished(order)
        fills = desk.fills_of(order)
        assert len(fills) > 1
        assert await _whole(desk, order)
        assert isinstance(desk.broker, HuobiBroker)
        rows = rows_of(await desk.broker._session.data(DETAILS, {"contract_code": "BTC-USDT"}), "rows")
        shared = {row["trade_id"] for row in rows if row["order_id"] == venue_id}
        assert len(shared) == 1

    at.run(work)
