"""From an intent to a parent order: admit it or say why not, then let it begin."""

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from jtrader.domain.events import IntentReceived, IntentRefused, SignalRecorded
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import plain
from jtrader.domain.order import Intent
from jtrader.domain.signal import Signal
from jtrader.engine import parents
from jtrader.engine.core import Core
from jtrader.engine.exposure import reducible_by
from jtrader.engine.inputs import Moment
from jtrader.engine.orders import Parent
from jtrader.engine.pace import wish_of
from jtrader.risk.intent import judge_intent
from jtrader.risk.verdict import RefusalCode

MOST_DIGITS = 18
"""Digits before the point of an amount that somebody could mean."""


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
    refused = parents.begin(core, intent.parent_id, now)
    if refused is not None and core.algorithms[intent.algorithm].one_shot:
        return Answer(False, refused.code, refused.reason)
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
    if not _is_plain(intent.params):
        return "params hold something that is no finite number, text, yes or no, or list of those"
    if signal is not None and not _is_finite(signal):
        return f"signal {signal.signal_id} has a prediction or feature that is no finite number"
    if signal is not None and (intent.signal_id != signal.signal_id or intent.instrument != signal.instrument):
        return f"the intent names signal {intent.signal_id}, but comes with {signal.signal_id} of {signal.instrument}"
    return ""


def _is_plain(value: Any) -> bool:
    """It can be journaled and read again as it is."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    if isinstance(value, list):
        return all(_is_plain(each) for each in value)
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _is_sane(amount: Decimal) -> bool:
    """Finite, and small enough to be divided by any step exactly."""
    return amount.is_finite() and amount.adjusted() < MOST_DIGITS


def _is_finite(signal: Signal) -> bool:
    """The journal keeps finite numbers only: any other could not be read again."""
    return all(map(math.isfinite, (signal.prediction, *signal.features.values())))


def _dust(core: Core, intent: Intent, instrument: Instrument, now: Moment) -> tuple[RefusalCode, str] | None:
    quantity = intent.quantity
    if intent.reduce_only:
        quantity = min(quantity, reducible_by(core, intent, now))
    if instrument.quantity_down(quantity) >= instrument.min_quantity:
        return None
    what = f"{plain(quantity)} to {'reduce' if intent.reduce_only else 'trade'}"
    return RefusalCode.DUST, f"{instrument.id}: {what} is below the least quantity {plain(instrument.min_quantity)}"


def _standing(core: Core, parent: Parent) -> Answer:
    """The answer that a known parent's first submission got."""
    is_single = core.algorithms[parent.intent.algorithm].one_shot
    last = core.state.orders[parent.children[-1]] if parent.children and is_single else None
    if last is not None and last.status == "refused":
        code, _, reason = last.reason.partition(": ")
        return Answer(False, code, reason)
    return ACCEPTED


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
