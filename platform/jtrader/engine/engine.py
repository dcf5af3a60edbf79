"""The OMS core. `handle` takes one input and gives the events to journal and the commands to carry out after that."""

from collections.abc import Iterable, Mapping

import msgspec

from jtrader.domain.books import PnlPoint, PositionState
from jtrader.domain.events import AccountOpened, Event, MarkSeen, Sequenced
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Event as MarketEvent
from jtrader.domain.order import ParentWish
from jtrader.domain.times import MINUTE, iso
from jtrader.engine import (
    amends,
    corrections,
    doubts,
    expiries,
    fundings,
    intents,
    kills,
    limits,
    losses,
    parents,
    people,
    reports,
)
from jtrader.engine.commands import Command
from jtrader.engine.core import Core, TradingAccount
from jtrader.engine.inputs import (
    AccountFound,
    AcknowledgeAsked,
    AdjustAsked,
    AmendAsked,
    AmendNotOffered,
    AmendRefused,
    AmendUncertain,
    AssignAsked,
    CancelAllAsked,
    CancelAsked,
    CancelUnclear,
    EntryReported,
    FillReported,
    Input,
    IntentSubmitted,
    LimitsAsked,
    Moment,
    OpenOrdersListed,
    OrderAbsent,
    OrderReported,
    ParentWished,
    ResolveAsked,
    Restarted,
    SubmitRefused,
    SubmitUncertain,
    Ticked,
)
from jtrader.engine.intents import ACCEPTED, Answer
from jtrader.engine.state import State
from jtrader.execution.algorithm import Algorithm
from jtrader.execution.catalogue import ALGORITHMS
from jtrader.ledger.book import Ledger
from jtrader.risk.kill import Latch


class Outcome(msgspec.Struct, frozen=True):
    """Events first to disk, then commands to the world, then the answer to whoever asked."""

    events: tuple[Event, ...]
    commands: tuple[Command, ...]
    answer: Answer | None = None


class Engine:
    """One desk: every account's orders, fills and books. Not thread-safe; no clock, no I/O."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        accounts: Iterable[TradingAccount],
        algorithms: Mapping[str, Algorithm] = ALGORITHMS,
    ) -> None:
        self._core = Core(instruments, accounts, algorithms)

    @property
    def state(self) -> State:
        return self._core.state

    @property
    def ledger(self) -> Ledger:
        return self._core.ledger

    @property
    def core(self) -> Core:
        """For reading."""
        return self._core

    def replay(self, entries: Iterable[Sequenced]) -> int:
        """Rebuilds the state; returns the number of the last record. Raises Broken at a hole or an illegal step."""
        for entry in entries:
            self._core.replay(entry)
        return self.state.seq

    def positions(self) -> list[PositionState]:
        """Every strategy's position at the newest mark."""
        return self.ledger.positions(self._core.mark)

    def pnl(self, ts: int) -> list[PnlPoint]:
        """P&L at the newest marks, stamped `ts`."""
        return self.ledger.pnl_points(ts, self._core.mark)

    def stale_marks(self) -> dict[InstrumentId, str]:
        """What is held and valued at a price that is too old, with the time it is from."""
        held = {name: self._core.market.valued(name) for name in self.ledger.instruments_held(open_only=True)}
        return {name: iso(mark.ts) if mark else "never" for name, mark in held.items() if not mark or mark.is_stale}

    def see(self, event: MarketEvent, wall: int) -> None:
        """A quote, mark, trade or feed status: what the gate and live P&L look at."""
        self._core.market.see(event, wall)

    def latch(self, latch: Latch) -> None:
        """The kill latch as it stands now; call it before `handle`."""
        self._core.watch.latch = latch

    def drifted(self, account: AccountId, differences: Mapping[InstrumentId, str]) -> None:
        """Where the venue's position differs from ours, by instrument, as sentences; replaces what was said before."""
        drift = self._core.watch.drifted
        for place in [place for place in drift if place[0] == account]:
            del drift[place]
        drift.update({(account, name): reason for name, reason in differences.items()})

    def handle(self, given: Input, now: Moment) -> Outcome:
        """Raises Broken where an invariant does not hold: the process must stop."""
        answer = self._dispatch(given, now)
        amends.go_on(self._core, now)
        parents.follow_up(self._core, tuple(self._core.emitted), now)
        events, commands = self._core.take()
        return Outcome(tuple(events), tuple(commands), answer)

    def _dispatch(self, given: Input, now: Moment) -> Answer | None:
        core = self._core
        match given:
            case IntentSubmitted(intent=intent, signal=signal):
                return kills.not_theirs(core, intent, now) or intents.submit(core, intent, signal, now)
            case LimitsAsked():
                return limits.change(core, given, now)
            case CancelAsked():
                return people.cancel(core, given, now)
            case AmendAsked():
                return amends.amend(core, given, now)
            case AmendRefused():
                amends.refused(core, given, now)
            case AmendUncertain(client_order_id=client_order_id):
                amends.uncertain(core, core.state.orders[client_order_id], now)
            case AmendNotOffered(client_order_id=client_order_id):
                amends.not_offered(core, core.state.orders[client_order_id], now)
            case AssignAsked():
                return people.assign(core, given, now)
            case ResolveAsked():
                return people.resolve(core, given, now)
            case AcknowledgeAsked():
                return corrections.acknowledge(core, given, now)
            case AdjustAsked():
                return corrections.adjust(core, given, now)
            case FillReported(fill=fill):
                reports.fill_reported(core, fill, now)
            case OrderReported(order=order):
                amends.reported(core, given, now)
                reports.order_reported(core, order, now)
            case EntryReported(entry=entry):
                reports.entry_reported(core, entry, now)
            case SubmitRefused():
                reports.submit_refused(core, given, now)
            case SubmitUncertain():
                reports.submit_uncertain(core, given, now)
            case CancelUnclear(client_order_id=client_order_id):
                core.watch.doubt(client_order_id, now.wall)
            case OrderAbsent():
                doubts.absent(core, given, now)
            case OpenOrdersListed():
                doubts.listed(core, given, now)
            case CancelAllAsked():
                self._cancel_all(given, now)
            case ParentWished():
                fault = parents.wish(core, given, now)
                return Answer(False, "bad_wish", fault) if fault else ACCEPTED
            case Ticked():
                self._tick(now)
            case Restarted():
                doubts.restarted(core, now)
                amends.restarted(core, now)
                parents.restarted(core)
            case AccountFound(account=account, balances=balances):
                if account not in core.state.opened:
                    core.emit(AccountOpened(ts=now.market, account=account, balances=balances))
        return None

    def _tick(self, now: Moment) -> None:
        core = self._core
        kills.obey(core, now)
        doubts.book_unclaimed(core, now)
        doubts.ask(core, now)
        parents.work_all(core, now)
        fundings.passed(core, now)
        expiries.passed(core, now)
        losses.watch(core, now)
        if now.market // MINUTE > core.state.marked_minute:
            self._mark(now)

    def _cancel_all(self, given: CancelAllAsked, now: Moment) -> None:
        """Parents first, that none of them sends anew what is cancelled."""
        account, actor = given.account, given.actor or "cancel all"
        asked_before = {order.id for order in self.state.live_orders() if order.cancel_wanted}
        for parent_id in list(self._core.watch.parents):
            intent = self.state.parents[parent_id].intent
            if account in (None, intent.account) and parents.may_send(self._core, parent_id):
                parents.wish(self._core, ParentWished(parent_id, ParentWish.CANCEL, actor, given.reason), now)
        for order in self.state.live_orders():
            by_parent = order.cancel_wanted and order.id not in asked_before
            if account in (None, order.child.account) and not by_parent:
                doubts.cancel(self._core, order, given.reason, now, given.actor)

    def _mark(self, now: Moment) -> None:
        """Journals the marks of what is held, once a market minute."""
        core = self._core
        held = {name for account in core.accounts for name in core.ledger.net_holdings(account)}
        for name in sorted(held):
            mark = core.market.valued(name)
            if mark is not None and not mark.is_stale:
                core.emit(MarkSeen(ts=now.market, instrument=name, mark=mark.price))
