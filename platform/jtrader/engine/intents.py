"""From an intent to child orders: admit, plan, size, gate, journal, then command to send."""

import math
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from jtrader.domain.events import ChildAccepted, ChildRefused, IntentReceived, IntentRefused, SignalRecorded
from jtrader.domain.ids import ClientOrderId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import plain
from jtrader.domain.order import ChildOrder, Intent
from jtrader.domain.signal import Signal
from jtrader.engine.commands import SubmitOrder
from jtrader.engine.core import Core
from jtrader.engine.exposure import exposure_of
from jtrader.engine.inputs import Moment
from jtrader.engine.latches import latch
from jtrader.engine.orders import Parent
from jtrader.engine.pace import series_of, wish_of
from jtrader.execution.algorithm import ParentView, Slice
from jtrader.risk.gate import judge
from jtrader.risk.intent import judge_intent
from jtrader.risk.verdict import RefusalCode, Refused

MOST_DIGITS = 18
"""Digits before the point of an amount that somebody could mean."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Answer(msgspec.Struct, frozen=True):
    """To the one who submitted an intent: accepted = working or done, else why not."""

    accepted: bool
    code: str = ""
    reason: str = ""


ACCEPTED = Answer(accepted=True)


def submit(core: Core, intent: Intent, signal: Signal | None, now: Moment) -> Answer:
    """The same intent told again changes nothing and gets the same answer."""
    known = core.state.parents.get(intent.parent_id)
    if known is not None and known.intent == intent:
        return _standing(core, known)
    refusal = _admit(core, intent, signal, now)
    if signal is not None and signal.signal_id not in core.state.signals and _is_finite(signal):
        core.emit(SignalRecorded(ts=now.market, signal=signal))
    if refusal is not None:
        code, reason = refusal
        core.emit(IntentRefused(ts=now.market, intent=intent, code=code, reason=reason))
        return Answer(False, code, reason)
    core.emit(IntentReceived(ts=now.market, intent=intent))
    core.watch.parents[intent.parent_id] = None
    return work(core, core.state.parents[intent.parent_id], now)


def work(core: Core, parent: Parent, now: Moment) -> Answer:
    """Sends what the parent's algorithm wants sent now; a parent that is over is not asked again."""
    instrument = core.instruments[parent.intent.instrument]
    algorithm = core.algorithms[parent.intent.algorithm]
    view = _view(core, parent, now)
    if algorithm.is_over(view):
        core.watch.parents.pop(parent.intent.parent_id, None)
        return ACCEPTED
    answer = ACCEPTED
    for piece in algorithm.plan(view):
        answer = _send(core, core.state.parents[parent.intent.parent_id], instrument, piece, now)
    return answer


def _send(core: Core, parent: Parent, instrument: Instrument, piece: Slice, now: Moment) -> Answer:
    intent = parent.intent
    filled, working = core.state.progress(parent)
    exposure = exposure_of(core, intent, intent.quantity - filled - working, now)
    quantity = piece.quantity
    if intent.reduce_only:
        quantity = min(quantity, exposure.reducible(intent.side, instrument))
    child = ChildOrder(
        client_order_id=_next_id(core, now),
        parent_id=intent.parent_id,
        strategy=intent.strategy,
        account=intent.account,
        instrument=intent.instrument,
        side=intent.side,
        type=piece.type,
        time_in_force=piece.time_in_force,
        quantity=instrument.quantity_down(quantity),
        price=piece.price,
        reduce_only=intent.reduce_only,
        ts=now.market,
    )
    verdict = judge(child, instrument, core.accounts[intent.account].limit_set, exposure)
    if isinstance(verdict, Refused):
        core.emit(ChildRefused(ts=now.market, order=child, code=verdict.code, reason=verdict.reason))
        if verdict.code is RefusalCode.REPEATED:
            latch(core, now.market, verdict.code, verdict.reason, *series_of(child))
        return Answer(False, verdict.code, verdict.reason)
    core.emit(ChildAccepted(ts=now.market, order=child))
    core.command(SubmitOrder(verdict))
    return ACCEPTED


def _admit(core: Core, intent: Intent, signal: Signal | None, now: Moment) -> tuple[RefusalCode, str] | None:
    """Why the intent can't become a parent, or None."""
    account = core.accounts.get(intent.account)
    instrument = core.instruments.get(intent.instrument)
    algorithm = core.algorithms.get(intent.algorithm)
    if intent.parent_id in core.state.parents:
        return RefusalCode.DUPLICATE_PARENT, f"parent id {intent.parent_id} was used for another intent"
    if account is None:
        return RefusalCode.UNKNOWN_ACCOUNT, f"account '{intent.account}' is not traded here: {_list(core.accounts)}"
    if instrument is None or instrument.market != account.market:
        return RefusalCode.UNKNOWN_INSTRUMENT, f"account '{account.id}' can't trade '{intent.instrument}'"
    if algorithm is None:
        return RefusalCode.UNKNOWN_ALGORITHM, f"no algorithm '{intent.algorithm}'; there are {_list(core.algorithms)}"
    if fault := _inconsistent(intent, signal) or algorithm.check(intent, instrument):
        return RefusalCode.BAD_INTENT, fault
    if signal is not None and account.permission not in signal.model.allowed_brokers:
        model = f"{signal.model.name} version {signal.model.version}"
        return RefusalCode.MODEL_NOT_ALLOWED, f"{model} is limited to {', '.join(signal.model.allowed_brokers)}"
    wanted = core.state.pace.wishes.get(wish_of(intent))
    return judge_intent(intent, signal, account.limits, now.market, wanted) or _dust(core, intent, instrument, now)


def _inconsistent(intent: Intent, signal: Signal | None) -> str:
    if not (_is_sane(intent.quantity) and intent.quantity > 0):
        return f"quantity {intent.quantity} is not above zero and below 1e{MOST_DIGITS}"
    if intent.limit_price is not None and not _is_sane(intent.limit_price):
        return f"limit_price {intent.limit_price} is not a number below 1e{MOST_DIGITS}"
    if signal is not None and not _is_finite(signal):
        return f"signal {signal.signal_id} has a prediction or feature that is no finite number"
    if signal is not None and (intent.signal_id != signal.signal_id or intent.instrument != signal.instrument):
        return f"the intent names signal {intent.signal_id}, but comes with {signal.signal_id} of {signal.instrument}"
    return ""


def _is_sane(amount: Decimal) -> bool:
    """Finite, and small enough to be divided by any step exactly."""
    return amount.is_finite() and amount.adjusted() < MOST_DIGITS


def _is_finite(signal: Signal) -> bool:
    """The journal keeps finite numbers only: any other could not be read again."""
    return all(map(math.isfinite, (signal.prediction, *signal.features.values())))


def _dust(core: Core, intent: Intent, instrument: Instrument, now: Moment) -> tuple[RefusalCode, str] | None:
    quantity = intent.quantity
    if intent.reduce_only:
        quantity = min(quantity, exposure_of(core, intent, quantity, now).reducible(intent.side, instrument))
    if instrument.quantity_down(quantity) >= instrument.min_quantity:
        return None
    what = f"{plain(quantity)} to {'reduce' if intent.reduce_only else 'trade'}"
    return RefusalCode.DUST, f"{instrument.id}: {what} is below the least quantity {plain(instrument.min_quantity)}"


def _view(core: Core, parent: Parent, now: Moment) -> ParentView:
    filled, working = core.state.progress(parent)
    return ParentView(
        now=now.market,
        intent=parent.intent,
        instrument=core.instruments[parent.intent.instrument],
        filled=filled,
        working=working,
        children=len(parent.children),
        quote=core.market.quotes.get(parent.intent.instrument),
    )


def _standing(core: Core, parent: Parent) -> Answer:
    """The answer that a known parent's first submission got."""
    last = core.state.orders[parent.children[-1]] if parent.children else None
    if last is not None and last.status == "refused":
        code, _, reason = last.reason.partition(": ")
        return Answer(False, code, reason)
    return ACCEPTED


def _next_id(core: Core, now: Moment) -> ClientOrderId:
    """Unique for ever: the number of orders of this journal, and wall time in microseconds for another journal's."""
    return ClientOrderId(f"jt{_base36(now.wall // 1000)}-{_base36(len(core.state.orders) + 1)}")


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
