"""Limits that change while the oms runs: all or none, by a named person, large ones in two steps, old ones on error."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, LIMITS, START, TREND, Desk
from jtrader.app.services.oms.core_loop import CoreLoop
from jtrader.app.services.oms.latch import LatchFile
from jtrader.app.services.oms.rpc_limits import LimitMethods, LimitsAnswer
from jtrader.domain.errors import BadInput
from jtrader.domain.events import LimitsChanged, Sequenced
from jtrader.domain.ids import AccountId, StrategyId
from jtrader.domain.times import SECOND
from jtrader.engine.commands import Command
from jtrader.engine.inputs import IntentSubmitted, Moment
from jtrader.risk.changes import changes
from jtrader.risk.limits import Limits, LimitSet, ScopeLimits, StrategyLimits
from jtrader.store.journal.memory import MemoryJournal

D = Decimal
Sets = Mapping[AccountId, LimitSet]
STRATEGY = StrategyId("momentum")


class StillClock:
    def market(self) -> int:
        return START

    def wall(self) -> int:
        return 1_000 * SECOND


def sets(alpha: Limits = LIMITS, **more: Any) -> dict[AccountId, LimitSet]:
    return {ALPHA: LimitSet(account=alpha, **more), TREND: LimitSet(account=LIMITS)}


class Rig:
    """`wanted` is what the settings hold, or the fault that they have."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk()
        self.wanted: Sets | BadInput = sets()
        self.journal = MemoryJournal()
        for event in self.desk.events:
            self.journal.append(event)
        self._latch = LatchFile(folder / "kill.json")

    def _read(self) -> Sets:
        if isinstance(self.wanted, BadInput):
            raise self.wanted
        return self.wanted

    def reload(self, wanted: Sets | BadInput, confirm: str = "", actor: str = "ann") -> LimitsAnswer:
        self.wanted = wanted
        return self.run(lambda methods: methods.reload_limits(actor, "more room", confirm))

    def run(self, work: Callable[[LimitMethods], Awaitable[Any]]) -> Any:
        async def all_of_it() -> Any:
            core = CoreLoop(self.desk.engine, self.journal, StillClock(), self._latch, _nowhere, self._publish)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(core.run())
                try:
                    return await work(LimitMethods(core, self._read))
                except BadInput as refused:  # raised below, past the group
                    return refused
                finally:
                    core.stop()

        told = asyncio.run(all_of_it())
        if isinstance(told, BadInput):
            raise told
        return told

    def _publish(self, fresh: Sequence[Sequenced]) -> None:
        self.desk.events += [entry.event for entry in fresh]

    def code(self, quantity: str) -> str:
        answer = self.desk.engine.handle(
            IntentSubmitted(self.desk.intent(quantity=quantity)), Moment(START, 1_000 * SECOND)
        ).answer
        assert answer is not None
        return answer.code


def _nowhere(command: Command) -> None:
    """No venue is asked here."""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_new_limits_bind_the_next_order_and_are_journaled_with_the_person(rig: Rig) -> None:
    answer = rig.reload(sets(replace(LIMITS, max_order_notional=D(20_000))))
    assert answer.applied
    assert answer.changes == ["alpha.account.max_order_notional: 100000 → 20000"]
    assert (rig.code("0.5"), rig.code("0.3")) == ("order_notional", "")
    [event] = [event for event in rig.desk.events if isinstance(event, LimitsChanged)]
    assert event.changes == {"alpha.account.max_order_notional": ("100000", "20000")}
    assert (event.actor, event.reason) == ("ann", "more room")
    assert rig.run(lambda methods: methods.limits())[ALPHA].account.max_order_notional == D(20_000)


def test_a_large_change_takes_two_steps_and_none_is_made_in_the_first(rig: Rig) -> None:
    wanted = sets(replace(LIMITS, max_order_notional=D(10_000_000), max_open_orders=40))
    first = rig.reload(wanted)
    assert not first.applied
    assert first.large == ["alpha.account.max_order_notional: 100000 → 10000000"]
    assert len(first.changes) == 2
    assert rig.code("2") == "order_notional"
    assert rig.reload(wanted, first.confirm).applied
    assert rig.desk.engine.core.accounts[ALPHA].limits == wanted[ALPHA].account


def test_a_word_confirms_what_was_looked_at_and_nothing_else(rig: Rig) -> None:
    first = rig.reload(sets(replace(LIMITS, max_order_notional=D(10_000_000))))
    with pytest.raises(BadInput, match="confirms other limits"):
        rig.reload(sets(replace(LIMITS, max_order_notional=D(99_000_000))), first.confirm)
    assert rig.desk.engine.core.accounts[ALPHA].limits == LIMITS


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (BadInput("limits.alpha.max_open_orders = lots: is no number"), "is no number"),
        ({ALPHA: LimitSet(account=LIMITS)}, "start the oms anew"),
    ],
)
def test_the_old_limits_stay_on_an_error(rig: Rig, wanted: Sets | BadInput, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        rig.reload(wanted)
    assert rig.desk.engine.core.accounts[ALPHA].limits == LIMITS


def test_nobody_changes_limits_and_nothing_is_no_change(rig: Rig) -> None:
    with pytest.raises(BadInput, match="who you are"):
        rig.reload(sets(replace(LIMITS, max_open_orders=40)), actor=" ")
    answer = rig.reload(sets())
    assert (answer.applied, answer.changes, answer.confirm) == (False, [], "")


LARGE_OR_NOT: list[tuple[str, Any, Any, bool]] = [
    ("max_open_orders", 5, 50, False),
    ("max_open_orders", 5, 51, True),
    ("max_open_orders", 50, 5, False),
    ("max_open_orders", 50, 4, True),
    ("max_open_orders", 0, 5, True),
    ("max_open_orders", None, 5, True),
    ("max_open_orders", 5, None, True),
    ("leverage", D(1), D(20), True),
    ("deny", (), ("x",), False),
]


@pytest.mark.parametrize(("name", "before", "after", "is_large"), LARGE_OR_NOT)
def test_what_is_large(name: str, before: Any, after: Any, is_large: bool) -> None:
    [change] = changes(sets(replace(LIMITS, **{name: before})), sets(replace(LIMITS, **{name: after})))
    assert (change.name, change.is_large) == (f"alpha.account.{name}", is_large)


def test_limits_of_strategies_and_markets_are_compared_too() -> None:
    own = {STRATEGY: StrategyLimits(capital=D(1_000))}
    found = changes(sets(), sets(strategies=own, venue=ScopeLimits(max_open_orders=3)))
    assert [str(change) for change in found] == [
        "alpha.strategies.momentum.capital: unset → 1000",
        "alpha.venue.max_open_orders: unset → 3",
    ]
    assert all(change.is_large for change in found)
