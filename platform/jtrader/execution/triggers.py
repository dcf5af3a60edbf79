"""What stops have in common: the price that is watched, when it crosses, and how a triggered stop gets out.

A trigger is latched: the memo that says so is journaled before the order, and a restart does not trigger again. Data
that are stale never trigger.
"""

from decimal import Decimal

import msgspec

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import plain
from jtrader.domain.order import Completion, Intent, ParentState, Side, TriggerBy
from jtrader.domain.times import MINUTE
from jtrader.execution.algorithm import ParentView, Plan, Print
from jtrader.execution.driver import may_take, stuck
from jtrader.execution.params import Params, limit_fault, params_fault, window_fault
from jtrader.execution.sizing import BPS, lots_of, take_price, taking

WATCHERS = frozenset({"stop", "stop_limit", "trailing"})
"""The algorithms that wait for a trigger: what other exits work meanwhile is not taken from them."""
MOST_AGE = 1 * MINUTE
"""Market time after which a mark or index counts as stale."""
MOST_STEPS = 5
"""A reduce-only exit that finds nothing widens its collar by its own width with each try, this often at most."""


class TriggerParams(Params, frozen=True, kw_only=True):
    source: TriggerBy = TriggerBy.LAST
    collar_bps: Decimal = Decimal(100)
    """How far from the mid the triggered order may take."""

    def fault(self) -> str:
        return "" if self.collar_bps > 0 else f"'collar_bps' is {self.collar_bps}; it must be above 0"


class Latch(msgspec.Struct, frozen=True, omit_defaults=True):
    """The memo of a stop: when it was triggered (market time, 0 = not yet) and at which price."""

    triggered: int = 0
    price: Decimal | None = None
    tries: int = 0
    """Orders that were made to take since."""
    local: bool = False
    """The venue would not keep it: it is watched here."""
    escalated: bool = False
    """A stop-limit has given up its limit order."""

    def memo(self) -> dict[str, object]:
        told: dict[str, object] = msgspec.to_builtins(self)
        return told


def latch_of(view: ParentView) -> Latch:
    return msgspec.convert(view.memo, Latch)


def trigger_fault(intent: Intent, instrument: Instrument, kind: type[Params], needs_limit: bool) -> str:
    """Why the intent can't be a stop; empty when it can."""
    if intent.completion is Completion.MUST_COMPLETE:
        return f"algorithm '{intent.algorithm}' can't promise to complete: its trigger may never come"
    if intent.limit_price is not None and not needs_limit:
        return f"algorithm '{intent.algorithm}' takes no limit_price; use 'stop_limit'"
    return (
        params_fault(intent, kind)
        or limit_fault(intent, instrument.price_tick, needed=needs_limit)
        or window_fault(intent, needs_end=False)
    )


def price_fault(name: str, price: Decimal | None, instrument: Instrument) -> str:
    if price is not None and (price <= 0 or not instrument.price_on_grid(price)):
        return f"'{name}' {plain(price)} is not a multiple of {plain(instrument.price_tick)}"
    return ""


def watched(view: ParentView, source: TriggerBy) -> Print | str:
    """The price that is watched, or why it can't be."""
    told = {TriggerBy.LAST: view.last, TriggerBy.MARK: view.mark, TriggerBy.INDEX: view.index}[source]
    if told is None:
        return f"stale data: no {source} price has been seen"
    if source is not TriggerBy.LAST and view.now - told.ts > MOST_AGE:
        return f"stale data: the {source} price is older than {MOST_AGE // MINUTE} min"
    return told


def blind(why: str, latch: Latch) -> Plan:
    """It can't see, and says so; it does not trigger."""
    return Plan(state=ParentState.PAUSED, reason=why, memo=latch.memo())


def exact(price: float) -> Decimal:
    return Decimal(repr(price))


def worst(side: Side, seen: Print) -> Decimal:
    """The farthest that the price went towards a stop of `side`: up for a buy, down for a sell."""
    return exact(seen.high if side is Side.BUY else seen.low)


def furthest(side: Side, seen: Print) -> Decimal:
    """The farthest that it went away from the stop."""
    return exact(seen.low if side is Side.BUY else seen.high)


def crosses(side: Side, price: Decimal, trigger: Decimal) -> bool:
    """A buy stop is hit from below, a sell stop from above."""
    return price >= trigger if side is Side.BUY else price <= trigger


def get_out(view: ParentView, latch: Latch, collar_bps: Decimal) -> Plan:
    """Takes all that is left within the collar of where the market is now, again and again."""
    why = f"triggered at {plain(latch.price)}" if latch.price is not None else "triggered"
    if view.live:
        return Plan(reason=why, memo=latch.memo())
    steps = min(latch.tries + 1, MOST_STEPS) if view.intent.reduce_only else 1
    price = take_price(view, collar_bps * BPS * steps, keep_limit=False)
    if price is None:
        return Plan(reason=f"{why}: nothing to take within the collar", memo=latch.memo(), save=True)
    if not may_take(view):
        return Plan(reason=why, memo=latch.memo())
    quantity = lots_of(view, view.left, price)
    if not quantity:
        return msgspec.structs.replace(stuck(view), memo=latch.memo())
    tried = msgspec.structs.replace(latch, tries=latch.tries + 1)
    return Plan(place=(taking(quantity, price),), reason=why, memo=tried.memo())
