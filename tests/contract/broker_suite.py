"""What every ports.Broker does, whatever the venue: one suite of behaviours.

A venue's test file gives it a case for each of its markets:

    @pytest.fixture(scope="module", params=["huobi_spot", "huobi_linear", …])
    def case(request, simulator) -> Iterator[BrokerCase]:
        made = HuobiCase(simulator, market=request.param)      # fills in what BrokerCase asks for
        made.start()
        yield made
        made.stop()

    class TestHuobi(BrokerSuite):
        ...

All tests of a case share one account, one broker and its stream; each starts flat with nothing open, by `case.run`.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from fixtures.broker_desk import BrokerDesk, child_order, closing, eventually, exactly_once
from jtrader.domain.account import EntryKind, PositionMode
from jtrader.domain.ids import AccountId
from jtrader.domain.instrument import Instrument
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, OrderType, Side, TimeInForce, TriggerBy, VenueOrder
from jtrader.domain.times import HOUR, MILLISECOND, SECOND
from jtrader.ports.broker import (
    AccessDenied,
    Broker,
    BrokerError,
    NotOffered,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
    RetryLater,
)

ALL_TIME = (0, 2**62)
STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
TOUCHES = frozenset({OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})


class BrokerCase(ABC):
    """One market of one venue under the suite. Subclasses say how to reach it and what it doesn't offer."""

    instrument: Instrument
    quantity: Decimal
    """A small order; the tests buy up to four times as much."""
    account = AccountId("test")
    amends = True
    """Changes a resting order in place; else `amend` raises NotOffered."""
    amends_price = True
    """… its price too; else only to a smaller quantity at the same price (Binance spot)."""
    conditionals: frozenset[OrderType] = STOPS | TOUCHES
    only_sold: frozenset[OrderType] = frozenset()
    """Conditional orders that it has beside these for sales alone (HTX spot: a market buy names what it spends)."""
    triggers: frozenset[TriggerBy] = frozenset({TriggerBy.LAST})
    refuses_passed_triggers = True
    """A trigger price that lies behind the market is refused; else the order triggers at once."""
    cancels_post_only = False
    """A post-only order that would take is accepted, then ended with that reason (BitMEX); else it is refused."""
    has_entries = True
    """The ledger has rows of trades and fees (spot hasn't)."""
    minutes_to_move = 30
    """Market minutes within which the price moves by two hundredths of a percent, one way or the other."""

    desk: BrokerDesk

    # ---- what a venue's case says

    @abstractmethod
    def broker(self, uri: str = "", page: int | None = None) -> Broker:
        """Another broker on the case's account; `page`: rows that one query asks for, where the venue pages."""

    @abstractmethod
    def spoilt(self, how: str) -> Broker:
        """A broker on the account with a wrong `key`, a wrong `secret`, or a `clock` a minute behind."""

    @abstractmethod
    async def last_price(self) -> Decimal: ...

    @abstractmethod
    async def advance(self, seconds: float) -> None:
        """Lets the market move on by so many of its seconds."""

    @abstractmethod
    async def deposit(self, asset: str, amount: str) -> None:
        """Money comes in by the venue's own ways."""

    @abstractmethod
    async def cut(self) -> None:
        """The connection to the venue breaks and stays away, until `mend`."""

    @abstractmethod
    async def mend(self) -> None: ...

    @property
    def stop_kind(self) -> OrderType:
        """The stop that it has for both sides: at market, else with a limit. Every market has one of the two."""
        return OrderType.STOP if OrderType.STOP in self.conditionals else OrderType.STOP_LIMIT

    # ---- life

    def start(self, uri: str = "") -> None:
        self._runner = asyncio.Runner()
        self._runner.run(self._open(uri))

    def stop(self) -> None:
        self._runner.run(self.desk.close())
        self._runner.close()

    def run(self, work: Callable[["BrokerCase"], Awaitable[None]]) -> None:
        async def within() -> None:
            async with asyncio.timeout(90):
                await self.flatten()
                await work(self)

        self._runner.run(within())

    async def _open(self, uri: str) -> None:
        self.desk = BrokerDesk(self.broker(uri))
        await self.desk.follow()

    # ---- helpers of the tests

    @property
    def is_spot(self) -> bool:
        return self.instrument.is_spot

    @property
    def all_time(self) -> tuple[int, int]:
        """A range with all that happened; one that begins later where the venue tells the past in small windows."""
        return ALL_TIME

    @property
    def held(self) -> str:
        """The asset that an order's fees and results move."""
        return self.instrument.settle

    async def price(self, factor: str = "1") -> Decimal:
        """A price on the grid, `factor` times the last."""
        tick = self.instrument.price_tick
        return Decimal(int(await self.last_price() * Decimal(factor) / tick)) * tick

    def order(self, side: Side = Side.BUY, lots: int = 1, **fields: object) -> ChildOrder:
        return child_order(self.account, self.instrument.id, self.quantity * lots, side=side, **fields)

    async def limit(self, factor: str, side: Side = Side.BUY, **fields: object) -> ChildOrder:
        return self.order(side, type=OrderType.LIMIT, price=await self.price(factor), **fields)

    async def conditional(self, kind: OrderType, side: Side, factor: str, **fields: object) -> ChildOrder:
        """Its trigger `factor` times the last price; limits stand a percent beyond it."""
        trigger = await self.price(factor)
        beyond = Decimal("1.01") if side is Side.BUY else Decimal("0.99")
        tick = self.instrument.price_tick
        has_limit = kind in (OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
        price = Decimal(int(trigger * beyond / tick)) * tick if has_limit else None
        return self.order(side, type=kind, price=price, trigger_price=trigger, **fields)

    async def position(self) -> Decimal:
        """Derivatives: signed; spot: what is held of the base."""
        if self.is_spot:
            held = {balance.asset: balance.total for balance in await self.desk.broker.balances()}
            return held.get(self.instrument.base, Decimal(0))
        rows = await self.desk.broker.positions()
        return sum((row.quantity for row in rows if row.instrument == self.instrument.id), Decimal(0))

    async def last_hours(self) -> tuple[int, int]:
        """A range that ends after now, as the last fill tells the time."""
        fills = await self.desk.broker.fills(self.instrument.id, *self.all_time)
        now = fills[-1].ts
        return now - 12 * HOUR, now + HOUR

    async def flatten(self) -> None:
        """Nothing open, no position; spot sells what its lots let it sell."""
        await self.desk.broker.cancel_all(self.instrument.id)
        rest = await self.position()
        sold = self.instrument.quantity_down(abs(rest))
        if sold < max(self.instrument.min_quantity, self.quantity / 2 if self.is_spot else Decimal(0)):
            return
        side = Side.SELL if rest > 0 else Side.BUY
        exit_order = child_order(self.account, self.instrument.id, sold, side=side, reduce_only=not self.is_spot)
        await self.desk.broker.submit(exit_order)
        await self.desk.finished(exit_order)

    async def filled(self, order: ChildOrder) -> list[Fill]:
        """Sent and filled; its fills as the stream told them."""
        await self.desk.broker.submit(order)
        assert (await self.desk.finished(order)).status is OrderStatus.FILLED
        return self.desk.fills_of(order)

    @contextlib.asynccontextmanager
    async def other(self, **how: Any) -> AsyncIterator[Broker]:
        """Another broker on the same account, without a stream."""
        async with closing(self.broker(**how)) as made:
            yield made


def only(orders: Any, order: ChildOrder) -> VenueOrder:
    """The one among `orders` that has the order's client id."""
    (found,) = [one for one in orders if one.client_order_id == order.client_order_id]
    return found


class BrokerSuite:
    """Subclass it as `Test<Venue>` in a file with the fixture `case`."""

    # ---- orders and fills

    def test_a_market_order_is_filled_and_found_again_to_the_last_digit(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            before = await at.position()
            order = at.order(lots=2)
            fills = await at.filled(order)
            assert sum(fill.quantity for fill in fills) == order.quantity
            assert exactly_once(fills)
            assert all(fill.side is Side.BUY and not fill.maker and fill.price > 0 for fill in fills)
            found = [f for f in await at.desk.broker.fills(at.instrument.id, *at.all_time) if f in fills]
            assert found == fills
            fees_in_base = sum((f.fee for f in fills if f.fee_asset == at.instrument.base), Decimal(0))
            moved = await at.position() - before
            assert moved == (order.quantity - fees_in_base if at.is_spot else order.quantity)

        case.run(work)

    def test_a_resting_order_lives_until_it_is_cancelled(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            broker, order = at.desk.broker, await at.limit("0.985")
            assert (await broker.submit(order)).client_order_id == order.client_order_id
            listed = only(await broker.open_orders(), order)
            assert listed.status is OrderStatus.NEW
            assert (listed.side, listed.type, listed.price, listed.quantity, listed.filled) == (
                order.side,
                order.type,
                order.price,
                order.quantity,
                0,
            )
            assert (await broker.order(at.instrument.id, order.client_order_id)).venue_order_id == listed.venue_order_id
            await broker.cancel(at.instrument.id, order.client_order_id)
            assert (await at.desk.finished(order)).status is OrderStatus.CANCELED
            assert order.client_order_id not in {one.client_order_id for one in await broker.open_orders()}
            with pytest.raises(OrderNotFound):
                await broker.cancel(at.instrument.id, order.client_order_id)

        case.run(work)

    def test_an_order_that_was_never_sent_is_not_found(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            name = at.order().client_order_id
            with pytest.raises(OrderNotFound):
                await at.desk.broker.order(at.instrument.id, name)
            with pytest.raises(OrderNotFound):
                await at.desk.broker.cancel(at.instrument.id, name)

        case.run(work)

    def test_a_resting_order_is_amended_or_the_caller_is_told_to_do_it_otherwise(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            broker, order = at.desk.broker, await at.limit("0.985", lots=2)
            await broker.submit(order)
            price = await at.price("0.984") if at.amends_price else order.price
            assert price is not None
            if not at.amends:
                with pytest.raises(NotOffered):
                    await broker.amend(at.instrument.id, order.client_order_id, at.quantity, price)
                assert only(await broker.open_orders(), order).quantity == order.quantity
                return
            await broker.amend(at.instrument.id, order.client_order_id, at.quantity, price)
            now = await broker.order(at.instrument.id, order.client_order_id)
            assert (now.status, now.quantity, now.price) == (OrderStatus.NEW, at.quantity, price)
            assert len(await broker.open_orders()) == 1
            with pytest.raises(OrderNotFound):
                await broker.amend(at.instrument.id, at.order().client_order_id, at.quantity, price)

        case.run(work)

    def test_cancel_all_leaves_nothing_open_conditional_orders_neither(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            broker = at.desk.broker
            orders = [await at.limit("0.985"), await at.limit("0.984")]
            orders.append(await at.conditional(OrderType.STOP_LIMIT, Side.BUY, "1.02"))
            for order in orders:
                await broker.submit(order)
            assert {o.client_order_id for o in await broker.open_orders()} == {o.client_order_id for o in orders}
            await broker.cancel_all(at.instrument.id)
            for order in orders:
                assert (await at.desk.finished(order)).status is OrderStatus.CANCELED
            assert await broker.open_orders() == []
            await broker.cancel_all(at.instrument.id)

        case.run(work)

    # ---- refusals

    @pytest.mark.parametrize("wrong", ["lot", "tick", "funds"])
    def test_a_definite_no_says_why(self, case: BrokerCase, wrong: str) -> None:
        async def work(at: BrokerCase) -> None:
            order = await at.limit("0.985")
            fields: dict[str, Any] = {
                "lot": {"quantity": at.instrument.quantity_step / 10},
                "tick": {"price": order.price + at.instrument.price_tick / 10},  # type: ignore[operator]
                "funds": {"quantity": at.instrument.max_quantity},
            }[wrong]
            sent = child_order(
                at.account,
                at.instrument.id,
                **({"quantity": at.quantity, "type": OrderType.LIMIT, "price": order.price} | fields),
            )
            with pytest.raises(OrderRefusedByVenue) as refusal:
                await at.desk.broker.submit(sent)
            assert refusal.value.reason is (Reason.FUNDS if wrong == "funds" else Reason.FILTER), refusal.value
            assert await at.desk.broker.open_orders() == []

        case.run(work)

    def test_a_post_only_order_that_would_take_is_not_filled_and_says_so(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            order = await at.limit("1.01", time_in_force=TimeInForce.POST_ONLY)
            if at.cancels_post_only:
                await at.desk.broker.submit(order)
                ended = await at.desk.finished(order)
                assert (ended.status.is_terminal, ended.filled, ended.reason) == (True, 0, Reason.POST_ONLY.value)
            else:
                with pytest.raises(OrderRefusedByVenue) as refusal:
                    await at.desk.broker.submit(order)
                assert refusal.value.reason is Reason.POST_ONLY, refusal.value
            assert at.desk.fills_of(order) == []
            resting = await at.limit("0.985", time_in_force=TimeInForce.POST_ONLY)
            await at.desk.broker.submit(resting)
            assert only(await at.desk.broker.open_orders(), resting).status is OrderStatus.NEW

        case.run(work)

    def test_reduce_only_never_opens_and_never_turns(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            if at.is_spot:
                return
            with pytest.raises(OrderRefusedByVenue) as refusal:
                await at.desk.broker.submit(at.order(Side.SELL, reduce_only=True))
            assert refusal.value.reason is Reason.REDUCE_ONLY, refusal.value
            await at.filled(at.order(Side.BUY))
            await at.filled(at.order(Side.SELL, reduce_only=True))
            assert await at.position() == 0

        case.run(work)

    def test_a_client_id_that_is_taken_makes_no_second_order(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            order = await at.limit("0.985")
            await at.desk.broker.submit(order)
            with pytest.raises(OutcomeUnknown) as refusal:
                await at.desk.broker.submit(order)
            assert refusal.value.reason is Reason.DUPLICATE_ID, refusal.value
            assert len(await at.desk.broker.open_orders()) == 1
            assert (await at.desk.broker.order(at.instrument.id, order.client_order_id)).status is OrderStatus.NEW

        case.run(work)

    def test_an_immediate_order_that_finds_nothing_ends_without_a_fill(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            for in_force in (TimeInForce.IOC, TimeInForce.FOK):
                order = await at.limit("0.985", time_in_force=in_force)
                with contextlib.suppress(OrderRefusedByVenue):
                    await at.desk.broker.submit(order)
                    ended = await at.desk.finished(order)
                    assert (ended.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED), ended.filled) == (True, 0)
                assert at.desk.fills_of(order) == []

        case.run(work)

    # ---- conditional orders

    @pytest.mark.parametrize("side", list(Side))
    @pytest.mark.parametrize("kind", sorted(STOPS | TOUCHES))
    def test_a_conditional_order_waits_and_is_cancelled(self, case: BrokerCase, kind: OrderType, side: Side) -> None:
        async def work(at: BrokerCase) -> None:
            broker = at.desk.broker
            if at.is_spot and side is Side.SELL:
                await at.filled(at.order(lots=2))
            is_above = (kind in STOPS) is (side is Side.BUY)  # where it waits
            order = await at.conditional(kind, side, "1.02" if is_above else "0.98")
            if kind not in at.conditionals and (side is Side.BUY or kind not in at.only_sold):
                with pytest.raises(NotOffered):
                    await broker.submit(order)
                return
            answer = await broker.submit(order)
            assert (answer.client_order_id, answer.status) == (order.client_order_id, OrderStatus.NEW)
            for seen in (
                only(await broker.open_orders(), order),
                await broker.order(at.instrument.id, order.client_order_id),
            ):
                assert (seen.side, seen.type, seen.trigger_price, seen.price, seen.quantity, seen.is_triggered) == (
                    side,
                    kind,
                    order.trigger_price,
                    order.price,
                    order.quantity,
                    False,
                )
            await broker.cancel(at.instrument.id, order.client_order_id)
            assert (await at.desk.finished(order)).status is OrderStatus.CANCELED
            assert await broker.open_orders() == []
            assert (await broker.order(at.instrument.id, order.client_order_id)).status is OrderStatus.CANCELED

        case.run(work)

    @pytest.mark.parametrize("by", list(TriggerBy))
    def test_the_watched_price_is_the_venues_choice(self, case: BrokerCase, by: TriggerBy) -> None:
        async def work(at: BrokerCase) -> None:
            order = await at.conditional(at.stop_kind, Side.BUY, "1.02", trigger_by=by)
            if by in at.triggers:
                await at.desk.broker.submit(order)
                assert only(await at.desk.broker.open_orders(), order).trigger_price == order.trigger_price
            else:
                with pytest.raises(NotOffered):
                    await at.desk.broker.submit(order)

        case.run(work)

    def test_a_trigger_that_has_been_passed_is_refused_or_fires_at_once(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            order = await at.conditional(at.stop_kind, Side.BUY, "0.98")
            if at.refuses_passed_triggers:
                with pytest.raises(OrderRefusedByVenue) as refusal:
                    await at.desk.broker.submit(order)
                assert refusal.value.reason is Reason.WOULD_TRIGGER, refusal.value
            else:
                await at.desk.broker.submit(order)
                assert (await at.desk.finished(order)).is_triggered

        case.run(work)

    def test_a_triggered_order_goes_on_under_its_client_id(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            await at.filled(at.order(lots=2))
            up = await at.conditional(at.stop_kind, Side.BUY, "1.0003")
            down = await at.conditional(at.stop_kind, Side.SELL, "0.9997", reduce_only=not at.is_spot)
            await one_goes_on(at, up, down)

        case.run(work)

    # ---- reading

    def test_fills_of_another_process_are_found_page_by_page_with_our_ids(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            orders = [at.order(side) for side in (Side.BUY, Side.BUY, Side.SELL)]
            for order in orders:
                await at.filled(order)
            ours = {order.client_order_id for order in orders}
            async with at.other(page=2) as broker:
                found = [f for f in await broker.fills(at.instrument.id, *at.all_time) if f.client_order_id in ours]
                assert list(dict.fromkeys(f.client_order_id for f in found)) == [o.client_order_id for o in orders]
                assert sum(f.quantity for f in found) == 3 * at.quantity
                assert [f for f in at.desk.reports if isinstance(f, Fill) and f.client_order_id in ours] == found
                first = found[0]
                assert first not in await broker.fills(at.instrument.id, first.ts + 1, 2**62)
                assert first in await broker.fills(at.instrument.id, first.ts, first.ts + 1)

        case.run(work)

    def test_balances_add_up(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            async def held() -> dict[str, Decimal]:
                return {balance.asset: balance.total for balance in await at.desk.broker.balances()}

            before, start = await held(), len(at.desk.reports)
            await at.filled(at.order(Side.BUY, lots=2))
            await at.filled(at.order(Side.SELL, reduce_only=not at.is_spot))
            fills = [f for f in at.desk.reports[start:] if isinstance(f, Fill)]
            expected = dict(before)
            for fill in fills:
                expected[fill.fee_asset] = expected.get(fill.fee_asset, Decimal(0)) - fill.fee
                if at.is_spot:
                    quote, base = at.instrument.quote, at.instrument.base
                    expected[base] = expected.get(base, Decimal(0)) + fill.side.sign * fill.quantity
                    expected[quote] -= fill.side.sign * fill.quantity * fill.price
                elif fill.realised is not None:
                    expected[at.held] += fill.realised
            if at.is_spot or all(fill.realised is not None for fill in fills):
                assert await held() == {asset: total for asset, total in expected.items() if total}
            free = {balance.asset: balance.free for balance in await at.desk.broker.balances()}
            assert all(free[asset] <= total for asset, total in (await held()).items())

        case.run(work)

    def test_the_ledger_tells_fees_results_and_transfers(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            start = len(at.desk.reports)
            earlier = {row.entry_id for row in await at.desk.broker.entries(*await at.last_hours())}
            await at.filled(at.order(Side.BUY, lots=2))
            await at.filled(at.order(Side.SELL, reduce_only=not at.is_spot))
            await at.deposit(at.held, "5")
            moved = await at.desk.until(
                lambda r: r if getattr(r, "kind", None) is EntryKind.TRANSFER else None, 30, since=start
            )
            assert (moved.asset, moved.amount) == (at.held, 5)  # type: ignore[union-attr]
            fills = [f for f in at.desk.reports[start:] if isinstance(f, Fill)]
            every = await at.desk.broker.entries(*await at.last_hours())
            assert len({row.entry_id for row in every}) == len(every)
            rows = [row for row in every if row.entry_id not in earlier]
            assert moved in await at.desk.broker.entries(moved.ts, moved.ts + 1)
            if at.has_entries:
                fees = sum((-row.amount for row in rows if row.kind is EntryKind.FEE), Decimal(0))
                assert fees == sum((fill.fee for fill in fills), Decimal(0))
                realised = sum((row.amount for row in rows if row.kind is EntryKind.TRADE), Decimal(0))
                if all(fill.realised is not None for fill in fills):
                    assert realised == sum((fill.realised or Decimal(0) for fill in fills), Decimal(0))

        case.run(work)

    def test_the_account_tells_how_it_is_kept(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            mode = await at.desk.broker.account_mode()
            assert mode.account == at.account
            assert mode.position_mode in (None, PositionMode.ONE_WAY)
            if not at.is_spot:
                assert at.instrument.id in mode.margin_modes
                assert mode.leverage[at.instrument.id] >= 1

        case.run(work)

    # ---- access

    @pytest.mark.parametrize("how", ["key", "secret"])
    def test_a_wrong_key_is_access_denied_for_requests_and_for_the_stream(self, case: BrokerCase, how: str) -> None:
        async def work(at: BrokerCase) -> None:
            async with closing(at.spoilt(how)) as broker:
                with pytest.raises(AccessDenied):
                    await broker.balances()
                with pytest.raises(AccessDenied):
                    await broker.submit(at.order())
                async with asyncio.timeout(20):
                    with pytest.raises(AccessDenied):
                        await anext(aiter(broker.reports()))

        case.run(work)

    def test_a_stale_timestamp_is_refused_and_the_clock_set_right(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            async with closing(at.spoilt("clock")) as broker:
                with pytest.raises(BrokerError) as refusal:
                    await broker.submit(at.order())
                assert isinstance(refusal.value, RetryLater | AccessDenied), refusal.value
                assert await at.position() == 0 or at.is_spot
                if isinstance(refusal.value, RetryLater):
                    assert await broker.balances()

        case.run(work)

    def test_a_clock_that_is_off_keeps_no_stream_from_opening(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            desk = BrokerDesk(at.spoilt("clock"))
            try:
                await desk.follow()
                order = at.order()
                await desk.broker.submit(order)
                assert (await desk.finished(order)).status is OrderStatus.FILLED
            finally:
                await desk.close()

        case.run(work)

    def test_the_venue_takes_a_request_for_its_life_and_no_longer(self, case: BrokerCase) -> None:
        """What is held on its way for longer was never taken, which proofs of absence go by."""

        async def work(at: BrokerCase) -> None:
            for late, is_taken in ((-SECOND, True), (SECOND, False)):
                async with closing(at.broker()) as broker:
                    broker._session.clock.correction = -(broker.request_life + late) // MILLISECOND  # type: ignore[attr-defined]
                    order = await at.limit("0.985")
                    if is_taken:
                        await broker.submit(order)
                    else:
                        with pytest.raises((RetryLater, AccessDenied)):
                            await broker.submit(order)
                    found = {one.client_order_id for one in await at.desk.broker.open_orders()}
                    assert (order.client_order_id in found) is is_taken

        case.run(work)

    # ---- the stream

    def test_what_happens_while_the_stream_is_cut_is_reported_once_after_it(self, case: BrokerCase) -> None:
        async def work(at: BrokerCase) -> None:
            before = at.order()
            await at.filled(before)
            resting = await at.limit("0.985")
            await at.desk.broker.submit(resting)
            await at.cut()
            taken = at.order(lots=2)
            async with at.other() as broker:
                await broker.submit(taken)
                await broker.cancel(at.instrument.id, resting.client_order_id)
            await at.mend()
            assert (await at.desk.finished(resting, 30)).status is OrderStatus.CANCELED
            await eventually(lambda: _all_of(at, taken), 30)
            for order in (before, taken):
                fills = at.desk.fills_of(order)
                unique = {fill.trade_id: fill for fill in fills}
                assert sum(fill.quantity for fill in unique.values()) == order.quantity
                assert set(fills) == set(unique.values())

        case.run(work)


async def one_goes_on(at: BrokerCase, up: ChildOrder, down: ChildOrder) -> None:
    """Of two conditional orders above and below the market one is triggered, and is known until it is filled."""
    broker = at.desk.broker
    for order in (up, down):
        await broker.submit(order)

    async def triggered() -> ChildOrder | None:
        for order in (up, down):
            if any(state.status.is_terminal for state in at.desk.states_of(order)):
                return order
        await at.advance(60)
        return None

    order = await eventually(triggered, seconds=60)
    ended = await at.desk.finished(order)
    assert (ended.status, ended.is_triggered, ended.filled) == (OrderStatus.FILLED, True, order.quantity)
    fills = at.desk.fills_of(order)
    assert sum(fill.quantity for fill in fills) == order.quantity
    assert exactly_once(fills)
    known = await broker.order(at.instrument.id, order.client_order_id)
    assert (known.status, known.is_triggered, known.filled) == (OrderStatus.FILLED, True, order.quantity)
    every = await broker.fills(at.instrument.id, *at.all_time)
    assert [fill for fill in every if fill.client_order_id == order.client_order_id] == fills


async def _all_of(at: BrokerCase, order: ChildOrder) -> bool:
    fills = {fill.trade_id: fill.quantity for fill in at.desk.fills_of(order)}
    return sum(fills.values()) == order.quantity
