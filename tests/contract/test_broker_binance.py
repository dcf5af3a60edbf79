"""ports.Broker of Binance over the real ccxt and against the simulator: the suite of behaviours on three markets, and
what is Binance's own."""

import asyncio
import secrets
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contract.broker_suite import BrokerCase, BrokerSuite
from fixtures.broker_desk import BrokerDesk, closing, eventually
from fixtures.faults import faults, rule
from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator
from fixtures.wire import Wire
from jtrader.domain.account import EntryKind, MarginMode, PositionMode, VenueEntry
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, OrderType, Side, TimeInForce, TriggerBy
from jtrader.domain.times import HOUR, MINUTE
from jtrader.exchange.binance.broker import BinanceBroker
from jtrader.exchange.binance.endpoints import Weights
from jtrader.exchange.binance.rest import BinanceRest
from jtrader.exchange.binance.session import Keys
from jtrader.ports.broker import AccessDenied, Broker, BrokerError, OutcomeUnknown, RetryLater

GRANTED = 50
"""How many times the usual requests: the tests ask in seconds what a desk asks in an hour."""
TRADED = {
    "binance_spot": ("BTCUSDT", "0.010", "api.binance.com", "/api/v3/klines"),
    "binance_usdm": ("BTCUSDT", "0.010", "fapi.binance.com", "/fapi/v1/klines"),
    "binance_coinm": ("BTCUSD_PERP", "3", "dapi.binance.com", "/dapi/v1/klines"),
}


class BinanceCase(BrokerCase):
    def __init__(self, simulator: Simulator, market: str) -> None:
        symbol, quantity, self._host, self._klines = TRADED[market]
        self.simulator = simulator
        self.market = Market(market)
        self.quantity = Decimal(quantity)
        with BinanceRest(market, simulator.uri) as rest:
            (self.instrument,) = [one for one in rest.instruments() if one.venue_symbol == symbol]
        self.funds = Decimal("0.5") if market == "binance_coinm" else Decimal(100_000)
        self.keys = self.new_keys()
        self.amends_price = not self.is_spot
        self.has_entries = not self.is_spot
        self.triggers = frozenset({TriggerBy.LAST} if self.is_spot else {TriggerBy.LAST, TriggerBy.MARK})
        self._wire: Wire | None = None

    def new_keys(self) -> Keys:
        """Of an account that nobody else uses."""
        keys = Keys(secrets.token_hex(16), secrets.token_hex(16))
        held = {self.market: {"BTC" if self.market == "binance_coinm" else "USDT": str(self.funds)}}
        self.simulator.add_account(keys.key, keys.secret, held, pace=GRANTED)
        return keys

    def broker(self, uri: str = "", page: int | None = None) -> Broker:
        return self.own(uri, **({} if page is None else {"page": page}))

    def spoilt(self, how: str) -> Broker:
        keys = {
            "key": Keys("wrong", self.keys.secret),
            "secret": Keys(self.keys.key, "wrong"),
            "clock": self.keys,
        }[how]
        made = self.own(keys=keys)
        if how == "clock":
            made._session.clock.correction = -60_000
        return made

    async def last_price(self) -> Decimal:
        query = {"symbol": self.instrument.venue_symbol, "interval": "1m", "limit": 1}
        rows = await asyncio.to_thread(lambda: self.simulator.get(self._host, self._klines, **query))
        return Decimal(rows[-1][4])

    async def advance(self, seconds: float) -> None:
        await asyncio.to_thread(self.simulator.run_for, seconds)

    async def deposit(self, asset: str, amount: str) -> None:
        await asyncio.to_thread(self.simulator.transfer, self.keys.key, self.market, asset, amount)
        await self.advance(1)

    async def cut(self) -> None:
        assert self._wire is not None
        self._wire.is_down = True
        self._wire.cut()

    async def mend(self) -> None:
        assert self._wire is not None
        self._wire.is_down = False

    async def _open(self, uri: str) -> None:
        self._wire = await Wire(self.simulator.uri).__aenter__()
        await super()._open(self._wire.uri)

    def stop(self) -> None:
        assert self._wire is not None
        self._runner.run(self.desk.close())
        self._runner.run(self._wire.__aexit__(None, None, None))
        self._runner.close()

    def own(self, uri: str = "", keys: Keys | None = None, **options: Any) -> BinanceBroker:
        weights = Weights(GRANTED * 2_400, 400)
        at = uri or self.simulator.uri
        names = [InstrumentId(self.instrument.id)]
        return BinanceBroker(self.account, self.market, names, keys or self.keys, at, weights=weights, **options)

    async def now(self) -> int:
        return int(await asyncio.to_thread(lambda: self.simulator.now))


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    """All three markets, one minute into their live hours so that books stand."""
    simulator = start_simulator(instruments=[BINANCE[0], BINANCE[2], COINM[0]], live_minutes=600)
    simulator.run_for(60)
    return simulator


@pytest.fixture(scope="module", params=list(TRADED))
def case(request: pytest.FixtureRequest, venue: Simulator) -> Iterator[BrokerCase]:
    made = BinanceCase(venue, request.param)
    made.start()
    yield made
    made.stop()


class TestBinance(BrokerSuite):
    """Inherits all behaviours."""


def test_a_lost_answer_is_unknown_and_the_order_is_found_by_our_id(case: BinanceCase) -> None:
    async def work(at: BrokerCase) -> None:
        async with Wire(case.simulator.uri) as wire, closing(case.own(wire.uri)) as broker:
            order = await at.limit("0.985")
            wire.loses_answers = True
            with pytest.raises(OutcomeUnknown):
                await broker.submit(order)
            wire.loses_answers = False
            assert (await broker.order(at.instrument.id, order.client_order_id)).status is OrderStatus.NEW

    case.run(work)


def test_a_venue_that_is_away_has_done_nothing(case: BinanceCase) -> None:
    async def work(at: BrokerCase) -> None:
        async with closing(case.own("http://127.0.0.1:1")) as broker:
            with pytest.raises(RetryLater):
                await broker.submit(at.order())
            with pytest.raises(RetryLater):
                await broker.balances()

    case.run(work)


@pytest.mark.parametrize(
    ("body", "after", "expected"),
    [
        ("<html>gateway</html>", True, OutcomeUnknown),
        ({"code": -1007, "msg": "Timeout waiting for response from backend server."}, True, OutcomeUnknown),
        ("Service Unavailable.", False, RetryLater),
    ],
    ids=["an unknown 503", "a 503 that says so", "a definite 503"],
)
def test_a_failing_venue_may_have_taken_the_order(
    case: BinanceCase, body: Any, after: bool, expected: type[Exception]
) -> None:
    async def work(at: BrokerCase) -> None:
        order = await at.limit("0.985")
        match = {"path": "*/v*/order", "method": "POST"}
        fault = rule("answer", match, status=503, body=body, after=after)
        with faults(case.simulator, fault), pytest.raises(expected):
            await at.desk.broker.submit(order)
        alive = [o.client_order_id for o in await at.desk.broker.open_orders()]
        assert alive == ([order.client_order_id] if after else [])

    case.run(work)


def test_a_ban_is_kept_by_everybody_who_shares_the_address(case: BinanceCase, tmp_path: Path) -> None:
    async def work(at: BrokerCase) -> None:
        shared = tmp_path / "pause"
        banned = {"status": 418, "headers": {"Retry-After": "7"}, "body": {"code": -1003, "msg": "banned until …"}}
        async with (
            closing(case.own(pause_file=shared)) as one,
            closing(case.own(pause_file=shared)) as other,
        ):
            fault = rule("answer", {"key": case.keys.key}, **banned)
            with faults(case.simulator, fault), pytest.raises(RetryLater) as refused:
                await one.balances()
            assert refused.value.after == 7
            for broker in (one, other):
                with pytest.raises(RetryLater, match="asked for a pause") as waiting:
                    await broker.cancel(at.instrument.id, at.order().client_order_id)
                assert 0 < waiting.value.after <= 7

    case.run(work)


def test_the_venues_own_count_of_weights_is_followed(case: BinanceCase) -> None:
    async def work(at: BrokerCase) -> None:
        async with closing(case.own()) as broker:
            for _ in range(3):
                await broker.balances()
            ours = 3 * (20 if case.is_spot else 5)
            assert broker._session.budget.used >= ours + 10, "what the others of this address have used is told, too"

    case.run(work)


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "without a word"])
def test_an_expired_listen_key_is_replaced_and_nothing_is_missed(case: BinanceCase, is_told: bool) -> None:
    if case.is_spot:
        pytest.skip("spot's private stream has no listen key")

    async def work(at: BrokerCase) -> None:
        api = "fapi" if case.market == "binance_usdm" else "dapi"
        rules = [] if is_told else [rule("drop", {"topic": "listenKeyExpired"})]
        keys = case.new_keys()
        broker = case.own(keys=keys, keepalive=0.3)
        desk = BrokerDesk(broker)
        try:
            await desk.follow()
            with faults(case.simulator, *rules):
                await broker._session.call(f"{api}PrivateDeleteListenKey", {})
                order = at.order()
                async with closing(case.own(keys=keys)) as other:
                    await other.submit(order)
                await desk.until(lambda r: r if isinstance(r, Fill) and r.trade_id else None, 20)
            assert sum(fill.quantity for fill in desk.fills_of(order)) == order.quantity
            assert broker.stream_epoch >= 2
        finally:
            await desk.close()

    case.run(work)


@pytest.mark.parametrize(
    "change",
    [{"change": "missing", "field": "i"}, {"change": "nan", "field": "L"}, {"change": "extra", "field": "zz"}],
    ids=lambda change: change["change"],
)
def test_a_stream_message_that_drifted_costs_no_fill(case: BinanceCase, change: dict[str, Any]) -> None:
    async def work(at: BrokerCase) -> None:
        topic = "executionReport" if case.is_spot else "ORDER_TRADE_UPDATE"
        match = {"topic": topic, "key": case.keys.key, "text": '"x":"TRADE"', "times": 1}
        with faults(case.simulator, rule("drift", match, **change)):
            order = at.order()
            await at.filled(order)
        assert sum(fill.quantity for fill in at.desk.fills_of(order)) == order.quantity

    case.run(work)


@pytest.mark.parametrize("case", ["binance_spot"], indirect=True)
@pytest.mark.parametrize(
    ("refusal", "is_final"),
    [
        ({"status": 400, "error": {"code": -1021, "msg": "Timestamp for this request is outside."}}, False),
        ({"status": 429, "error": {"code": -1003, "msg": "Too much request weight used."}}, False),
        ({"status": 500, "error": {"code": -1001, "msg": "Internal error; unable to process your request."}}, False),
        ({"status": 401, "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions."}}, True),
        ({"status": 401, "error": {"code": -1022, "msg": "Signature for this request is not valid."}}, True),
    ],
    ids=lambda given: str(given["error"]["code"]) if isinstance(given, dict) else "",
)
def test_a_refused_spot_stream_is_tried_again_unless_the_key_is_refused(
    case: BinanceCase, refusal: dict[str, Any], is_final: bool
) -> None:
    async def work(at: BrokerCase) -> None:
        desk = BrokerDesk(case.own())
        match = {"direction": "in", "text": '"userDataStream.subscribe', "times": 1}
        try:
            with faults(case.simulator, rule("answer", match, body=refusal)):
                if is_final:
                    with pytest.raises(AccessDenied):
                        await desk.follow()
                    return
                await desk.follow()
            order = at.order()
            await desk.broker.submit(order)
            await desk.finished(order)
        finally:
            await desk.close()

    case.run(work)


def test_too_many_orders_hold_the_next_ones_of_that_account_and_no_cancel(venue: Simulator, tmp_path: Path) -> None:
    """USDT-M takes 300 orders in 10 s of an account."""
    case, other = BinanceCase(venue, "binance_usdm"), BinanceCase(venue, "binance_usdm")
    keys = Keys(secrets.token_hex(16), secrets.token_hex(16))
    venue.add_account(keys.key, keys.secret, {"binance_usdm": {"USDT": "100000"}})

    async def work() -> None:
        shared = tmp_path / "pause"
        async with (
            closing(case.own(keys=keys, pause_file=shared)) as broker,
            closing(other.own(pause_file=shared)) as two,
        ):
            price = (await case.price("0.985"), await case.price("0.984"))
            resting = case.order(type=OrderType.LIMIT, price=price[0])
            await broker.submit(resting)

            async def one() -> Exception | None:
                order = case.order(type=OrderType.LIMIT, price=price[1], time_in_force=TimeInForce.IOC)
                try:
                    await broker.submit(order)
                except BrokerError as error:
                    return error
                return None

            refusals = []
            for _ in range(20):
                refusals += [found for found in await asyncio.gather(*[one() for _ in range(32)]) if found is not None]
                if refusals:
                    break
            assert refusals
            assert all(isinstance(found, RetryLater) for found in refusals), refusals
            assert "-1015" in {found.code for found in refusals}  # type: ignore[attr-defined]
            with pytest.raises(RetryLater, match="no new orders of this account"):
                await broker.submit(case.order())
            await broker.cancel(case.instrument.id, resting.client_order_id)
            assert await broker.balances()
            await two.submit(case.order())

    asyncio.run(work())


def test_a_triggered_order_of_another_process_is_told_under_our_id(case: BinanceCase) -> None:
    """What it became carries an id of the venue's own making."""

    async def work(at: BrokerCase) -> None:
        await at.filled(at.order(lots=2))
        up = await at.conditional(OrderType.STOP, Side.BUY, "1.0003")
        down = await at.conditional(OrderType.STOP, Side.SELL, "0.9997")
        for waiting in (up, down):
            await at.desk.broker.submit(waiting)

        async def triggered() -> ChildOrder | None:
            for one in (up, down):
                if any(state.status.is_terminal for state in at.desk.states_of(one)):
                    return one
            await at.advance(60)
            return None

        order = await eventually(triggered, 60)
        fills = at.desk.fills_of(order)
        assert sum(fill.quantity for fill in fills) == order.quantity
        async with at.other() as broker:
            found = await broker.fills(at.instrument.id, fills[0].ts, fills[-1].ts + 1)
            assert [fill for fill in found if fill.trade_id in {one.trade_id for one in fills}] == fills
            known = await broker.order(at.instrument.id, order.client_order_id)
            assert (known.client_order_id, known.status) == (order.client_order_id, OrderStatus.FILLED)

    case.run(work)


def test_marks_are_told_at_full_minutes_of_the_past(case: BinanceCase) -> None:
    async def work(at: BrokerCase) -> None:
        at_minute = await case.now() // MINUTE * MINUTE
        broker, name = at.desk.broker, at.instrument.id
        if case.is_spot:
            with pytest.raises(BadInput, match="spot"):
                await broker.mark_at(name, at_minute)
            return
        marks = [await broker.mark_at(name, at_minute - ago * MINUTE) for ago in (0, 1, 600)]
        assert all(Decimal(mark) > 0 for mark in marks)
        for wrong in (at_minute + HOUR, at_minute - MINUTE // 2):
            with pytest.raises(BadInput):
                await broker.mark_at(name, wrong)

    case.run(work)


def test_the_modes_of_an_account(case: BinanceCase) -> None:
    async def work(at: BrokerCase) -> None:
        mode = await at.desk.broker.account_mode()
        if case.is_spot:
            assert (mode.position_mode, mode.multi_asset, mode.native_fee_discount) == (None, None, False)
            return
        assert mode.position_mode is PositionMode.ONE_WAY
        assert mode.margin_modes == {at.instrument.id: MarginMode.CROSS}
        is_usdm = case.market == "binance_usdm"
        assert (mode.multi_asset, mode.native_fee_discount) == ((False, False) if is_usdm else (None, None))

    case.run(work)


def test_spot_is_swept_for_all_that_moved(case: BinanceCase) -> None:
    """Deposit, withdrawal, transfer, dust, distribution: the entries explain the balances to the last digit."""
    if not case.is_spot:
        pytest.skip("futures have a ledger")

    async def work(at: BrokerCase) -> None:
        call = case.desk.broker._session.call  # type: ignore[attr-defined]
        await case.deposit("USDT", "1000")
        start = await case.now() + 1_000_000
        await case.advance(1)
        before = {balance.asset: balance.total for balance in await at.desk.broker.balances()}
        await case.deposit("USDT", "250.5")
        await case.deposit("BTC", "0.0000042")
        withdrawal = {"coin": "USDT", "address": "0x0", "amount": "20"}
        await call("sapiPostCapitalWithdrawApply", withdrawal, is_order=True)
        await call("sapiPostAssetTransfer", {"type": "MAIN_UMFUTURE", "asset": "USDT", "amount": "30"}, is_order=True)
        await case.advance(1)
        await at.filled(at.order())
        await at.flatten()
        await call("sapiPostAssetDust", {"asset": "BTC"}, is_order=True)
        for number in range(3):
            await asyncio.to_thread(case.simulator.rebate, case.keys.key, case.market, "BNB", f"0.{number + 1}", "Pool")
            await case.advance(1)
        await case.advance(60)
        entries = await at.desk.broker.entries(start, await case.now() + HOUR)
        assert {entry.kind for entry in entries} == {EntryKind.TRANSFER, EntryKind.CONVERT, EntryKind.ADJUST}
        async with closing(case.own(page=2)) as broker:
            assert await broker.entries(start, await case.now() + HOUR) == entries, "told two at a time"
        moved = dict(before)
        for entry in entries:
            moved[entry.asset] = moved.get(entry.asset, Decimal(0)) + entry.amount
        for fill in await at.desk.broker.fills(at.instrument.id, start, await case.now() + HOUR):
            moved["BTC"] = moved.get("BTC", Decimal(0)) + fill.side.sign * fill.quantity
            moved["USDT"] -= fill.side.sign * fill.quantity * fill.price
            moved[fill.fee_asset] = moved.get(fill.fee_asset, Decimal(0)) - fill.fee
        after = {balance.asset: balance.total for balance in await at.desk.broker.balances()}
        assert after == {asset: total for asset, total in moved.items() if total}

    case.run(work)


def test_funding_is_reported_and_the_ledger_is_complete_over_many_pages(venue: Simulator) -> None:
    """Last of the file: it moves time across the funding instant."""
    cases = [BinanceCase(venue, market) for market in ("binance_usdm", "binance_coinm")]

    async def trade(at: BinanceCase) -> None:
        for number in range(6):
            await at.filled(at.order(Side.BUY if number % 3 else Side.SELL))
            await at.advance(1)
        assert await at.position() > 0

    async def check(at: BinanceCase, funding_time: int) -> None:
        funding = await at.desk.until(
            lambda r: r if isinstance(r, VenueEntry) and r.kind is EntryKind.FUNDING else None, 30
        )
        assert (funding.ts, funding.instrument, funding.asset) == (funding_time, at.instrument.id, at.held)
        span = (funding_time - 12 * HOUR, funding_time + HOUR)
        async with closing(at.own(page=4)) as broker:
            rows, fills = await broker.entries(*span), await broker.fills(at.instrument.id, *span)
            fees = {row.reference: -row.amount for row in rows if row.kind is EntryKind.FEE}
            assert fees == {fill.trade_id: fill.fee for fill in fills}
            realised = {row.reference: row.amount for row in rows if row.kind is EntryKind.TRADE and row.amount}
            assert realised == {fill.trade_id: fill.realised for fill in fills if fill.realised}
            assert [row for row in rows if row.kind is EntryKind.FUNDING] == [funding]
            (wallet,) = await broker.balances()
            assert wallet.total == sum((row.amount for row in rows), at.funds)
            assert [fill for fill in at.desk.reports if isinstance(fill, Fill)] == list(fills)

    for case in cases:
        case.start()
        case.run(lambda at: trade(at))  # type: ignore[arg-type]
    funding_time = venue.now // (8 * HOUR) * 8 * HOUR + 8 * HOUR
    venue.run(3_600.0, funding_time + MINUTE)
    for case in cases:
        case._runner.run(check(case, funding_time))
        case.stop()
