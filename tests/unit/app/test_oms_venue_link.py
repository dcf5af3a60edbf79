"""What each answer of a venue becomes for the engine, and how an account is taken over and watched."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, INSTRUMENTS, PERP, SPOT, START, TREND, Desk, accounts, venue_order
from fixtures.parents import Floor
from jtrader.app.services.oms.clock import OmsClock
from jtrader.app.services.oms.core_loop import CoreLoop
from jtrader.app.services.oms.latch import LatchFile
from jtrader.app.services.oms.recovery import differences, recover
from jtrader.app.services.oms.venue_link import VenueLink
from jtrader.domain.account import Balance, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput
from jtrader.domain.events import AccountOpened, OrderFilled
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId
from jtrader.domain.market import Quote
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, VenueOrder
from jtrader.domain.times import HOUR, SECOND
from jtrader.engine.commands import AmendOrder, CancelOrder, Command, QueryOrder, SubmitOrder
from jtrader.engine.engine import Engine
from jtrader.engine.inputs import (
    AmendNotOffered,
    AmendRefused,
    AmendUncertain,
    CancelUnclear,
    FillReported,
    Input,
    OrderAbsent,
    OrderReported,
    Restarted,
    SubmitRefused,
    SubmitUncertain,
)
from jtrader.ports.broker import (
    AccessDenied,
    NotOffered,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
    RetryLater,
)
from jtrader.risk.verdict import ApprovedOrder
from jtrader.store.journal.memory import MemoryJournal


class ScriptedBroker:
    """ports.Broker whose answers a test sets: a value is returned, an exception raised."""

    def __init__(self) -> None:
        self.submitting: VenueOrder | Exception | None = None
        self.cancelling: Exception | None = None
        self.looking: VenueOrder | Exception = OrderNotFound("unknown order")
        self.own_fills: list[Fill] = []
        self.own_entries: list[VenueEntry] = []
        self.own_orders: list[VenueOrder] = []
        self.own_positions: list[VenuePosition] = []
        self.own_balances: list[Balance] = []
        self.is_live = True
        self.request_life = 300 * SECOND

    async def submit(self, order: ChildOrder) -> VenueOrder:
        if self.submitting is None:
            await asyncio.sleep(3_600)
        return answer(self.submitting)

    async def amend(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, quantity: Decimal, price: Decimal
    ) -> VenueOrder:
        return answer(self.submitting)

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        if self.cancelling is not None:
            raise self.cancelling

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        return answer(self.looking)

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        return [fill for fill in self.own_fills if fill.instrument == instrument and start <= fill.ts < end]

    async def entries(self, start: int, end: int) -> Sequence[VenueEntry]:
        return [entry for entry in self.own_entries if start <= entry.ts < end]

    async def open_orders(self) -> Sequence[VenueOrder]:
        return self.own_orders

    async def positions(self) -> Sequence[VenuePosition]:
        return self.own_positions

    async def balances(self) -> Sequence[Balance]:
        return self.own_balances

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        return "50000"

    async def reports(self) -> AsyncIterator[VenueOrder | Fill | VenueEntry]:
        if isinstance(self.looking, AccessDenied):
            raise self.looking
        for fill in self.own_fills:
            yield fill

    async def wait_live(self) -> None: ...

    async def close(self) -> None: ...


def answer(given: VenueOrder | Exception | None) -> VenueOrder:
    if isinstance(given, Exception):
        raise given
    assert given is not None
    return given


class Rig:
    """A link whose inputs are noted, or handled by an engine of its own."""

    def __init__(self, folder: Path, account: AccountId = ALPHA, name: InstrumentId = PERP) -> None:
        self.desk = Desk()
        self.child = self.desk.submit()
        self.broker = ScriptedBroker()
        self.told: list[Input] = []
        self.engine = Engine(INSTRUMENTS, accounts())
        self.clock = OmsClock(START, lambda: 0)
        self.journal = MemoryJournal()
        self.core = CoreLoop(
            self.engine, self.journal, self.clock, LatchFile(folder / "kill"), lambda _: None, lambda _: None
        )
        self.link = VenueLink(
            account, self.broker, (name,), self.clock, self._tell, self.core.ask, lambda work: asyncio.create_task(work)
        )

    def _tell(self, given: Input) -> None:
        self.told.append(given)
        self.core.put(given)

    def do(self, command: Command) -> list[Input]:
        async def work() -> None:
            self.link.carry_out(command)
            await self.link.close(5)

        asyncio.run(work())
        return self.told

    def run(self, work: Callable[[], Awaitable[object]]) -> None:
        async def all_of_it() -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.core.run())
                try:
                    await work()
                finally:
                    self.core.stop()

        asyncio.run(all_of_it())


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


ID = "the id of the child"


@pytest.mark.parametrize(
    ("answered", "told"),
    [
        (OrderRefusedByVenue("no margin", "-2019"), SubmitRefused(ClientOrderId(ID), "-2019", "no margin")),
        (
            OrderRefusedByVenue("would take", "-5022", Reason.POST_ONLY),
            SubmitRefused(ClientOrderId(ID), "post_only", "would take"),
        ),
        (
            OutcomeUnknown("duplicate", "-4116", Reason.DUPLICATE_ID),
            SubmitUncertain(ClientOrderId(ID), "duplicate", accepted=True),
        ),
        (RetryLater("banned", "-1003", 30), SubmitRefused(ClientOrderId(ID), "-1003", "banned")),
        (RetryLater("refused"), SubmitRefused(ClientOrderId(ID), "RetryLater", "refused")),
        (AccessDenied("bad key", "-2015"), SubmitRefused(ClientOrderId(ID), "-2015", "bad key")),
        (BadInput("no price"), SubmitRefused(ClientOrderId(ID), "bad_input", "no price")),
        (OutcomeUnknown("timeout"), SubmitUncertain(ClientOrderId(ID), "timeout")),
    ],
)
def test_a_submit_that_is_not_confirmed(rig: Rig, answered: Exception, told: SubmitRefused | SubmitUncertain) -> None:
    rig.broker.submitting = answered
    [given] = rig.do(SubmitOrder(ApprovedOrder(rig.child)))
    assert isinstance(given, SubmitRefused | SubmitUncertain)
    assert given.client_order_id == rig.child.client_order_id
    assert replace(given, client_order_id=told.client_order_id) == told


def test_a_submit_that_is_confirmed(rig: Rig) -> None:
    rig.broker.submitting = venue_order(rig.child, OrderStatus.NEW)
    assert rig.do(SubmitOrder(ApprovedOrder(rig.child))) == [OrderReported(rig.broker.submitting)]


@pytest.mark.parametrize(
    ("answered", "told"),
    [
        (NotOffered("not here"), AmendNotOffered(ClientOrderId(ID))),
        (OutcomeUnknown("timeout"), AmendUncertain(ClientOrderId(ID))),
        (OrderRefusedByVenue("off", "-1", Reason.FILTER), AmendRefused(ClientOrderId(ID), "filter", "off")),
        (OrderNotFound("gone", "-2013"), AmendRefused(ClientOrderId(ID), "-2013", "gone")),
        (RetryLater("banned"), AmendRefused(ClientOrderId(ID), "RetryLater", "banned")),
        (BadInput("off"), AmendRefused(ClientOrderId(ID), "bad_input", "off")),
    ],
)
def test_an_amend_that_is_not_confirmed(rig: Rig, answered: Exception, told: Input) -> None:
    rig.broker.submitting = answered
    [given] = rig.do(amend_of(rig.child))
    assert given == replace(told, client_order_id=rig.child.client_order_id)


def test_an_amend_that_is_confirmed(rig: Rig) -> None:
    rig.broker.submitting = venue_order(rig.child, OrderStatus.NEW)
    assert rig.do(amend_of(rig.child)) == [OrderReported(rig.broker.submitting)]


def amend_of(child: ChildOrder) -> AmendOrder:
    return AmendOrder(ALPHA, PERP, child.client_order_id, Decimal("0.2"), Decimal(49_000))


def test_a_submit_without_any_answer_is_uncertain(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jtrader.app.services.oms.venue_link.SUBMIT_SECONDS", 0.02)
    [given] = rig.do(SubmitOrder(ApprovedOrder(rig.child)))
    assert given == SubmitUncertain(rig.child.client_order_id, "no answer in time")


@pytest.mark.parametrize("answered", [None, OrderNotFound("gone"), OutcomeUnknown("timeout"), RetryLater("later")])
def test_whatever_a_cancel_answers_the_order_is_looked_up(rig: Rig, answered: Exception | None) -> None:
    rig.broker.cancelling = answered
    command = CancelOrder(ALPHA, PERP, rig.child.client_order_id)
    assert rig.do(command) == [CancelUnclear(rig.child.client_order_id)]


def query(rig: Rig) -> list[Input]:
    return rig.do(QueryOrder(ALPHA, PERP, rig.child.client_order_id, START - HOUR))


def test_a_query_tells_fills_before_the_order_that_they_complete(rig: Rig) -> None:
    fill = rig.desk.execution(rig.child, "0.1")
    rig.broker.own_fills = [fill]
    rig.broker.looking = venue_order(rig.child, OrderStatus.FILLED, Decimal("0.1"))
    before = rig.clock.wall()
    [first, second] = query(rig)
    assert first == FillReported(fill)
    assert isinstance(second, OrderReported)
    assert (second.order, second.request_life) == (rig.broker.looking, rig.broker.request_life)
    assert second.asked is not None
    assert before <= second.asked <= rig.clock.wall()


@pytest.mark.parametrize("is_live", [True, False])
def test_neither_order_nor_fill_is_a_finding_of_absence(rig: Rig, is_live: bool) -> None:
    rig.broker.is_live = is_live
    before = rig.clock.wall()
    [given] = query(rig)
    assert isinstance(given, OrderAbsent)
    assert given.stream_is_live is is_live
    assert given.request_life == rig.broker.request_life
    assert before <= given.asked <= rig.clock.wall()


def test_a_fill_of_an_order_that_the_venue_does_not_list_is_no_absence(rig: Rig) -> None:
    fill = rig.desk.execution(rig.child, "0.1")
    rig.broker.own_fills = [fill]
    assert query(rig) == [FillReported(fill)]


def test_a_query_that_fails_says_nothing(rig: Rig) -> None:
    rig.broker.looking = RetryLater("busy")
    assert query(rig) == []


def test_a_refused_key_halts_the_account_and_is_told(rig: Rig) -> None:
    rig.broker.looking = AccessDenied("the key is revoked")
    asyncio.run(rig.link.follow())
    assert rig.link.failure.startswith("the key is revoked. Nothing new is sent; exits are still tried")


def test_a_halted_account_stays_halted_though_polls_go_well_and_only_exits_are_sent(rig: Rig) -> None:
    rig.broker.looking = AccessDenied("the key is revoked")
    rig.broker.submitting = venue_order(rig.child, OrderStatus.NEW)

    async def work() -> None:
        await recover(rig.core, [rig.link], rig.clock)
        await rig.link.follow()
        await rig.link.poll()

    rig.run(work)
    assert rig.link.failure.startswith("the key is revoked. Nothing new is sent; exits are still tried")
    [refused] = rig.do(SubmitOrder(ApprovedOrder(rig.child)))
    assert isinstance(refused, SubmitRefused)
    assert refused.code == "halted"


def test_an_exit_of_a_halted_account_is_sent(rig: Rig) -> None:
    rig.broker.looking = AccessDenied("the key is revoked")
    asyncio.run(rig.link.follow())
    rig.broker.submitting = venue_order(rig.child, OrderStatus.NEW)
    given = rig.do(SubmitOrder(ApprovedOrder(replace(rig.child, reduce_only=True))))
    assert given == [OrderReported(rig.broker.submitting)]


def test_trades_from_before_the_adoption_are_not_booked(rig: Rig) -> None:
    """The account was flattened by hand a moment before: the private stream tells of it when it opens."""
    early = rig.desk.execution(rig.child, "0.5", client_order_id=None, ts=START - SECOND)

    async def work() -> None:
        rig.broker.own_fills = [early]
        await rig.link.follow()
        await recover(rig.core, [rig.link], rig.clock)
        await rig.link.follow()

    rig.run(work)
    assert [entry.event for entry in rig.journal.replay()] == [AccountOpened(ts=START, account=ALPHA, balances={})]
    assert rig.engine.ledger.position(ALPHA, PERP) == 0


def balance(asset: str, total: str, account: AccountId = ALPHA) -> Balance:
    return Balance(account=account, asset=asset, total=Decimal(total), free=Decimal(total))


def position(quantity: str) -> VenuePosition:
    return VenuePosition(
        account=ALPHA,
        instrument=PERP,
        quantity=Decimal(quantity),
        entry_price=Decimal(50_000),
        mark=Decimal(50_000),
        unrealised=Decimal(0),
        settle="USDT",
    )


def test_a_flat_account_is_taken_over_with_its_balances(rig: Rig) -> None:
    rig.broker.own_balances = [balance("USDT", "100000.5"), balance("BNB", "0")]

    async def twice() -> None:
        await recover(rig.core, [rig.link], rig.clock)
        await recover(rig.core, [rig.link], rig.clock)

    rig.run(twice)
    [opened] = [entry.event for entry in rig.journal.replay() if isinstance(entry.event, AccountOpened)]
    assert opened == AccountOpened(ts=START, account=ALPHA, balances={"USDT": Decimal("100000.5")})


@pytest.mark.parametrize(
    ("what", "said"),
    [("position", "-0.5 binance_usdm:BTCUSDT"), ("order", "the open order v-"), ("coin", "0.25 BTC")],
)
def test_an_account_that_is_not_flat_is_refused(tmp_path: Path, what: str, said: str) -> None:
    rig = Rig(tmp_path, *((TREND, SPOT) if what == "coin" else (ALPHA, PERP)))
    rig.broker.own_balances = [balance("USDT", "1"), balance("BTC", "0.25" if what == "coin" else "0")]
    rig.broker.own_positions = [position("-0.5")] if what == "position" else []
    rig.broker.own_orders = [venue_order(rig.child, OrderStatus.NEW)] if what == "order" else []
    with pytest.raises(ExceptionGroup) as failure:
        rig.run(lambda: recover(rig.core, [rig.link], rig.clock))
    assert failure.group_contains(BadInput, match=said)
    assert list(rig.journal.replay()) == []


def test_an_account_on_which_another_jtrader_has_orders_is_not_traded(rig: Rig) -> None:
    rig.broker.own_balances = [balance("USDT", "100000")]

    async def work() -> None:
        await recover(rig.core, [rig.link], rig.clock)
        rig.broker.own_orders = [venue_order(rig.child, OrderStatus.NEW)]
        await recover(rig.core, [rig.link], rig.clock)

    with pytest.raises(ExceptionGroup) as failure:
        rig.run(work)
    assert failure.group_contains(BadInput, match=f"orders of another jtrader: {rig.child.client_order_id}")


def test_what_happened_while_the_oms_was_away_is_booked(rig: Rig) -> None:
    late = rig.desk.execution(rig.child, "0.1", client_order_id=None, ts=START + 5 * SECOND)

    async def work() -> None:
        rig.broker.own_balances = [balance("USDT", "100000")]
        await recover(rig.core, [rig.link], rig.clock)
        rig.broker.own_fills = [late]
        await recover(rig.core, [rig.link], rig.clock)

    rig.run(work)
    fills = [entry.event for entry in rig.journal.replay() if isinstance(entry.event, OrderFilled)]
    assert [event.fill for event in fills] == [late]
    assert rig.engine.ledger.position(ALPHA, PERP) == Decimal("0.1")


def test_no_account_trades_before_all_are_read(tmp_path: Path) -> None:
    """A TWAP whose slices are due goes on only when the venue has told what its account did meanwhile."""
    desk = Floor().start("twap", quantity="0.5", seconds=600).run(30).desk
    journal, engine = MemoryJournal(), Engine(INSTRUMENTS, accounts())
    for event in desk.events:
        journal.append(event)
    journal.commit()
    clock = OmsClock(desk.market + 120 * SECOND, lambda: 0)
    sent: list[Command] = []
    core = CoreLoop(engine, journal, clock, LatchFile(tmp_path / "kill"), sent.append, lambda _: None)
    core.replay()
    orders_before: dict[AccountId, list[Command]] = {}

    class Noting(ScriptedBroker):
        def __init__(self, account: AccountId) -> None:
            super().__init__()
            self.account = account

        async def open_orders(self) -> Sequence[VenueOrder]:
            orders_before[self.account] = [command for command in sent if isinstance(command, SubmitOrder)]
            return ()

    async def work() -> None:
        links = [
            VenueLink(account, Noting(account), (name,), clock, core.put, core.ask, asyncio.create_task)
            for account, name in ((TREND, SPOT), (ALPHA, PERP))
        ]
        for name in (PERP, SPOT):
            engine.see(Quote(name, clock.market(), 50_000.0, 1.0, 50_000.1, 1.0), clock.wall())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(core.run())
            await core.ask(Restarted())
            await recover(core, links, clock)
            core.stop()

    asyncio.run(work())
    assert orders_before == {TREND: [], ALPHA: []}
    assert [command for command in sent if isinstance(command, SubmitOrder)], "then it goes on"


def test_differences_with_the_venue_are_sentences(rig: Rig) -> None:
    async def work() -> None:
        rig.broker.own_balances = [balance("USDT", "100000")]
        await recover(rig.core, [rig.link], rig.clock)
        assert await differences(rig.core, rig.link) == {}
        rig.broker.own_positions = [position("0.3")]
        found = await differences(rig.core, rig.link)
        assert found == {PERP: "the venue holds 0.3 of binance_usdm:BTCUSDT, our books 0"}

    rig.run(work)


def test_spot_differences_are_those_of_the_coins(tmp_path: Path) -> None:
    rig = Rig(tmp_path, TREND, SPOT)

    async def work() -> None:
        rig.broker.own_balances = [balance("USDT", "100000", TREND)]
        await recover(rig.core, [rig.link], rig.clock)
        rig.broker.own_balances = [balance("USDT", "1", TREND), balance("BTC", "0.2", TREND)]
        assert list(await differences(rig.core, rig.link)) == [SPOT]

    rig.run(work)


def test_wall_time_never_steps_back_and_market_time_is_the_newest_told() -> None:
    seen = [0]
    clock = OmsClock(100, lambda: seen[0])
    assert clock.market() == 100
    clock.hear(90)
    assert clock.market() == 100
    seen[0] = 300
    clock.hear(200)
    assert clock.market() == 300
    walls = [clock.wall() for _ in range(1_000)]
    assert walls == sorted(walls)
