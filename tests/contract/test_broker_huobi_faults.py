"""HTX's brokers where the venue misbehaves: away when the desk starts, another clock, messages and answers of another
shape, lists of cancels of which some failed."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.broker_desk import BrokerDesk, child_order
from fixtures.faults import faults, rule
from fixtures.simulator import HUOBI, Simulator, StartSimulator
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.order import ChildOrder, OrderStatus, OrderType, Side
from jtrader.domain.times import HOUR
from jtrader.exchange.common.session import Keys
from jtrader.exchange.huobi.broker import HuobiBroker
from jtrader.exchange.huobi.budget import MINUTE_RESERVE, PER_MINUTE
from jtrader.exchange.huobi.inverse_names import InverseNames
from jtrader.exchange.huobi.linear_account import DETAILS
from jtrader.exchange.huobi.rest import HuobiRest
from jtrader.exchange.huobi.rows import rows_of
from jtrader.ports.broker import OrderRefusedByVenue, OutcomeUnknown, Reason, RetryLater

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
PLACE = {
    "huobi_spot": "/v1/order/orders/place",
    "huobi_linear": "/v5/trade/order",
    "huobi_swap": "/swap-api/v1/swap_order",
    "huobi_future": "/api/v1/contract_order",
}
CANCEL_ALL = {
    "huobi_spot": "/v1/order/orders/batchCancelOpenOrders",
    "huobi_linear": "/v5/trade/cancel_all_orders",
    "huobi_swap": "/swap-api/v1/swap_cancelall",
    "huobi_future": "/api/v1/contract_cancelall",
}
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

    def limit(self, price: Decimal, factor: str, **fields: object) -> ChildOrder:
        return self.order(type=OrderType.LIMIT, price=Decimal(int(price * Decimal(factor))), **fields)

    def stop(self, price: Decimal, factor: str, **fields: object) -> ChildOrder:
        trigger = Decimal(int(price * Decimal(factor)))
        return self.order(type=OrderType.STOP_LIMIT, trigger_price=trigger, price=trigger, **fields)

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


@pytest.mark.parametrize("what", ["a gateway's page", "no id"])
def test_an_order_whose_answer_says_nothing_may_live(case: Case, what: str) -> None:
    async def work(desk: BrokerDesk) -> None:
        order, path = case.order(), {"path": PLACE[case.market], "method": "POST"}
        nothing = None if case.market == "huobi_spot" else {}
        unclear = {
            "a gateway's page": rule("answer", path, status=200, body="<html>Please wait</html>", after=True),
            "no id": rule("drift", path, change="set", field="data", value=nothing),
        }[what]
        with faults(case.venue, unclear), pytest.raises(OutcomeUnknown):
            await desk.broker.submit(order)
        assert (await desk.finished(order)).status is OrderStatus.FILLED

    case.run(work)


def test_a_reading_that_hears_a_gateways_page_is_tried_again(case: Case) -> None:
    async def work(desk: BrokerDesk) -> None:
        page = rule("answer", {"key": case.keys.key}, status=200, body="<html>Please wait</html>")
        with faults(case.venue, page), pytest.raises(RetryLater):
            await desk.broker.account_mode() if case.market != "huobi_spot" else await desk.broker.balances()

    case.run(work)


def test_a_cancel_of_all_that_fails_in_part_says_so(case: Case) -> None:
    """Nothing is cancelled, of two orders one is said to be over and the other to have met a busy venue."""
    said = {
        "huobi_spot": {"status": "ok", "data": {"success-count": 1, "failed-count": 1, "next-id": -1}},
        "huobi_linear": {"code": 200, "data": [{"code": 200}, {"code": 1061}, {"code": 1004}]},
    }.get(case.market, {"status": "ok", "data": {"errors": [{"err_code": 1063}, {"err_code": 1004}], "successes": "1"}})

    async def work(desk: BrokerDesk) -> None:
        price = await last_price(case)
        orders = [case.limit(price, factor) for factor in ("0.98", "0.97")]
        stop = case.stop(price, "1.02")
        for order in (*orders, stop):
            await desk.broker.submit(order)
        in_part = rule("answer", {"path": CANCEL_ALL[case.market]}, status=200, body=said)
        with faults(case.venue, in_part), pytest.raises(OutcomeUnknown):
            await desk.broker.cancel_all(case.instrument)
        left = {order.client_order_id for order in await desk.broker.open_orders()}
        assert left == {order.client_order_id for order in orders} | (
            {stop.client_order_id} if case.market == "huobi_spot" else set()
        ), "what waits for its price is cancelled all the same"
        await desk.broker.cancel_all(case.instrument)
        assert await desk.broker.open_orders() == []

    case.run(work)


def test_exits_and_cancels_go_out_though_the_common_budget_is_used_up(case: Case) -> None:
    async def work(desk: BrokerDesk) -> None:
        broker = desk.broker
        assert isinstance(broker, HuobiBroker)
        price = await last_price(case)
        stop = case.stop(price, "1.02")
        entry = case.order()
        for order in (entry, stop):
            await broker.submit(order)
        await desk.finished(entry)
        budget = broker._session._budget
        at = time.time() // 60 * 60 + 10
        budget._wall = lambda: at  # no minute begins meanwhile
        async with asyncio.timeout(10):
            budget._turn()
            budget._used = PER_MINUTE - MINUTE_RESERVE
            await broker.cancel(case.instrument, stop.client_order_id)
            if case.market != "huobi_spot":
                budget._used = PER_MINUTE - MINUTE_RESERVE
                await broker.submit(case.order(side=Side.SELL, reduce_only=True))
            budget._used = PER_MINUTE - MINUTE_RESERVE
            await broker.cancel_all(case.instrument)
            budget._used = PER_MINUTE - MINUTE_RESERVE
            with pytest.raises(RetryLater):
                await broker.submit(case.order())

    case.run(work)


@pytest.fixture(params=["huobi_swap:BTC-USD", "huobi_future:BTC261225"])
def inverse(request: pytest.FixtureRequest, venue: Simulator, tmp_path: Path) -> Case:
    return Case(venue, request.param, tmp_path)


async def _position(desk: BrokerDesk) -> Decimal:
    return sum((row.quantity for row in await desk.broker.positions()), Decimal(0))


def test_an_exit_that_resting_closes_leave_nothing_for_is_refused_in_those_words(inverse: Case) -> None:
    async def work(desk: BrokerDesk) -> None:
        price, entry = await last_price(inverse), inverse.order(times=2)
        await desk.broker.submit(entry)
        await desk.finished(entry)
        profit = inverse.limit(price, "1.02", side=Side.SELL, reduce_only=True)
        await desk.broker.submit(profit)
        with pytest.raises(OrderRefusedByVenue, match="frozen 10 of 20 contracts") as refused:
            await desk.broker.submit(inverse.order(times=2, side=Side.SELL, reduce_only=True))
        assert refused.value.reason is Reason.REDUCE_ONLY
        half = inverse.order(side=Side.SELL, reduce_only=True)
        await desk.broker.submit(half)
        await desk.finished(half)
        await desk.broker.cancel(inverse.instrument, profit.client_order_id)
        rest = inverse.order(times=5, side=Side.SELL, reduce_only=True)
        assert (await desk.broker.submit(rest)).quantity == 10
        ended = await desk.finished(rest)
        assert (ended.status, ended.filled) == (OrderStatus.FILLED, 10)
        assert await desk.broker.positions() == []
        with pytest.raises(OrderRefusedByVenue, match="nothing to close"):
            await desk.broker.submit(inverse.order(side=Side.SELL, reduce_only=True))

    inverse.run(work)


@pytest.mark.parametrize(("reduce_only", "offset"), [(False, "open"), (True, "close")])
def test_a_conditional_order_closes_only_if_it_may_only_reduce(inverse: Case, reduce_only: bool, offset: str) -> None:
    """What is held when it is sent may be gone when it is triggered."""

    async def work(desk: BrokerDesk) -> None:
        price, entry = await last_price(inverse), inverse.order()
        await desk.broker.submit(entry)
        await desk.finished(entry)
        stop = inverse.stop(price, "0.98", side=Side.SELL, reduce_only=reduce_only)
        await desk.broker.submit(stop)
        assert isinstance(desk.broker, HuobiBroker)
        names = InverseNames(inverse.market)
        data = await desk.broker._session.data(names.call("TriggerOpenorders"), names.named(inverse.instrument))
        assert [row["offset"] for row in rows_of(data, "orders")] == [offset]

    inverse.run(work)


def test_a_leverage_that_a_person_changed_stays(inverse: Case) -> None:
    async def work(desk: BrokerDesk) -> None:
        broker = desk.broker
        assert isinstance(broker, HuobiBroker)
        names = InverseNames(inverse.market)
        for leverage in (5, 3):
            switch = {**names.owner(inverse.instrument), "lever_rate": leverage}
            await broker._session.data(names.call("SwitchLeverRate"), switch, is_order=True)
            for side, reduce_only in ((Side.BUY, False), (Side.SELL, True)):
                order = inverse.order(side=side, reduce_only=reduce_only)
                await broker.submit(order)
                await desk.finished(order)
            assert (await broker.account_mode()).leverage[inverse.instrument] == leverage

    inverse.run(work)


def test_a_long_and_a_short_position_side_by_side_raise_an_alarm(
    inverse: Case, caplog: pytest.LogCaptureFixture
) -> None:
    """The venue keeps both, with margin for both, though they are nothing together."""

    async def work(desk: BrokerDesk) -> None:
        for side, leg in (("buy", "long"), ("sell", "short")):
            inverse.venue.order_by_hand(inverse.keys.key, inverse.instrument, side, "10", leg=leg)
        for _ in range(2):
            assert await desk.broker.positions() == []
        alarms = [one for one in caplog.records if one.levelname == "ERROR"]
        assert len(alarms) == 1
        assert "10 long and 10 short" in alarms[0].getMessage()

    inverse.run(work)


def test_an_order_is_known_when_the_venue_has_forgotten_our_id(case: Case) -> None:
    """By the venue's own number, after a restart too: it serves our ids for some hours only."""
    sent: list[ChildOrder] = []

    async def before(desk: BrokerDesk) -> None:
        price = await last_price(case)
        sent.extend([case.order(), case.limit(price, "0.98"), case.stop(price, "1.02")])
        for order in sent:
            await desk.broker.submit(order)
        await desk.finished(sent[0])

    async def after(desk: BrokerDesk) -> None:
        filled, resting, waiting = sent
        assert (await desk.broker.order(case.instrument, filled.client_order_id)).status is OrderStatus.FILLED
        for order in (resting, waiting):
            assert (await desk.broker.order(case.instrument, order.client_order_id)).status is OrderStatus.NEW
            if case.market != "huobi_spot":  # there an order that is open keeps its id
                await desk.broker.cancel(case.instrument, order.client_order_id)

    forgotten = [
        rule(
            "answer",
            {"path": "*/order/orders/getClientOrder"},
            body={"status": "error", "err-code": "base-record-invalid"},
        ),
        rule("answer", {"path": "/v5/*", "text": "client_order_id"}, body={"code": 1017, "message": "…"}),
        rule(
            "answer", {"path": "*/*_order_info", "text": "client_order_id"}, body={"status": "error", "err_code": 1017}
        ),
        rule("answer", {"path": "*/*_cancel", "text": "client_order_id"}, body={"status": "error", "err_code": 1061}),
    ]
    case.run(before)
    with faults(case.venue, *forgotten, all_strike=False):  # best of all, nobody asks by our id
        case.run(after)


def test_the_ledger_tells_of_every_coin_that_the_account_holds(venue: Simulator, tmp_path: Path) -> None:
    """Not of the desk's instruments alone: balances are those of all, and both have to agree."""
    at = Case(venue, SWAP, tmp_path)

    async def work(desk: BrokerDesk) -> None:
        before = {balance.asset: balance.total for balance in await desk.broker.balances()}
        venue.transfer(at.keys.key, at.market, "ETH", "5")
        after = {balance.asset: balance.total for balance in await desk.broker.balances()}
        assert after["ETH"] == before["ETH"] + 5
        now = venue.now
        moved = [
            (one.asset, one.amount) for one in await desk.broker.entries(now - HOUR, now + HOUR) if one.amount == 5
        ]
        assert moved == [("ETH", 5)]

    at.run(work)


async def last_price(case: Case) -> Decimal:
    def read() -> Decimal:
        with HuobiRest(case.market, case.venue.uri) as rest:
            return Decimal(str(rest.trades(case.instrument, 0, rest.market_time() + 1)[-1].price))

    return await asyncio.to_thread(read)
