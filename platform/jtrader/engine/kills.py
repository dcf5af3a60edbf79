"""What a kill does to orders and positions, each second until it is done: changes are journaled, orders cancelled,
positions closed in slices."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from jtrader.domain.events import IntentRefused, KillChanged
from jtrader.domain.ids import InstrumentId, ParentId, StrategyId, market_of
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ONE
from jtrader.domain.order import ChildOrder, Intent, OrderStatus, Side
from jtrader.domain.payoff import notional
from jtrader.domain.times import SECOND
from jtrader.engine import doubts, intents
from jtrader.engine.core import Core, TradingAccount
from jtrader.engine.exposure import exposure_of
from jtrader.engine.inputs import Moment
from jtrader.engine.intents import Answer
from jtrader.engine.watch import Flattening
from jtrader.execution.driver import backoff
from jtrader.execution.triggers import WATCHERS
from jtrader.risk.gate import EXIT_COLLAR_STEPS
from jtrader.risk.kill import KILL_PARENT, Kill, KillLevel, is_protective
from jtrader.risk.price import touch_of
from jtrader.risk.verdict import RefusalCode

WIDEN_EVERY = 10 * SECOND
"""Wall time after which a position that can't be closed within the collar is tried with the next wider one: twice the
collar, three times … up to EXIT_COLLAR_STEPS."""
MOST_UNKNOWN = 2
"""UNKNOWN slices of one place: one, and the one that may be sent over it where the venue enforces reduce-only."""


def obey(core: Core, now: Moment) -> None:
    latch = core.watch.latch
    for change in latch.changes:
        if change.at > core.state.risk.kill_changed:
            told = {name: getattr(change, name) for name in change.__struct_fields__} | {"level": int(change.level)}
            core.emit(KillChanged(ts=now.market, **told))
    if latch.level >= KillLevel.CANCEL_ALL:
        _cancel(core, now)
    if latch.level >= KillLevel.FLATTEN:
        _flatten(core, now)
    else:
        core.watch.flattening.clear()


def protects(core: Core, child: ChildOrder) -> bool:
    """Whether it is an order of a stop that is watched here."""
    return core.state.parents[child.parent_id].intent.algorithm in WATCHERS


def not_theirs(core: Core, intent: Intent, now: Moment) -> Answer | None:
    """Refuses an intent that calls itself a kill's."""
    if not intent.parent_id.startswith(KILL_PARENT):
        return None
    reason = f"parent ids that begin with '{KILL_PARENT}' are those of kills"
    core.emit(IntentRefused(ts=now.market, intent=intent, code=RefusalCode.BAD_INTENT, reason=reason))
    return Answer(False, RefusalCode.BAD_INTENT, reason)


def _cancel(core: Core, now: Moment) -> None:
    for order in core.state.live_orders():
        child = order.child
        kill = core.watch.latch.strongest(child.account, child.strategy, market_of(child.instrument))
        if kill is None or order.id in core.watch.killed or child.parent_id.startswith(KILL_PARENT):
            continue
        is_kept = is_protective(child) or (child.reduce_only and protects(core, child))
        keeps = is_kept and kill.level is not KillLevel.FLATTEN
        if kill.level >= KillLevel.CANCEL_ALL and not keeps:
            core.watch.killed.add(order.id)
            doubts.cancel(core, order, f"kill level {int(kill.level)}: {kill.reason}", now)


def _flatten(core: Core, now: Moment) -> None:
    for account in core.accounts.values():
        for name, strategy, quantity in list(_held(core, account)):
            kill = core.watch.latch.strongest(account.id, strategy, account.market)
            if kill is not None and kill.level is KillLevel.FLATTEN:
                _close(core, account, core.instruments[name], strategy, quantity, kill, now)


def _held(core: Core, account: TradingAccount) -> Iterator[tuple[InstrumentId, StrategyId, Decimal]]:
    """The strategies' positions on the side of the venue's net: closing those closes it."""
    net = core.ledger.net_holdings(account.id)
    for state in core.ledger.positions(core.mark):
        held = net.get(state.instrument)
        if state.account == account.id and held is not None and state.quantity * held.quantity > 0:
            yield state.instrument, state.strategy, state.quantity


def _close(
    core: Core, account: TradingAccount, rules: Instrument, strategy: StrategyId, held: Decimal, kill: Kill, now: Moment
) -> None:
    """One slice: at the market, reduce-only, no more than an order may be, one at a time; after slices that closed
    nothing it waits longer and longer."""
    place = account.id, rules.id
    unknown = 0
    for order in core.state.live_orders():
        child = order.child
        if child.parent_id.startswith(KILL_PARENT) and (child.account, child.instrument) == place:
            if order.status is not OrderStatus.UNKNOWN:
                return
            unknown += 1
    flattening = core.watch.flattening.setdefault(place, Flattening(since=now.wall))
    if unknown >= MOST_UNKNOWN or 0 <= now.wall - flattening.sent < backoff(_failures(core, flattening)):
        return
    side = Side.SELL if held > 0 else Side.BUY
    intent = Intent(
        parent_id=ParentId(f"{KILL_PARENT}{now.wall}-{len(core.state.parents)}"),
        strategy=strategy,
        account=account.id,
        instrument=rules.id,
        side=side,
        quantity=abs(held),
        ts=now.market,
        reduce_only=True,
        reason=f"kill level {int(kill.level)} by {kill.actor}: {kill.reason}",
    )
    exposure = exposure_of(core, intent, intent.quantity, now)
    collar, most = account.limits.price_collar, account.limits.max_order_notional
    oldest = account.limits.max_quote_age
    if exposure.quote is None or exposure.silent_since is not None or collar is None or most is None or oldest is None:
        return
    if now.market - exposure.quote.ts > oldest or not 0 < exposure.quote.bid < exposure.quote.ask:
        return
    touch = touch_of(exposure.quote, rules)
    step = min(1 + (now.wall - flattening.since) // WIDEN_EVERY, EXIT_COLLAR_STEPS)
    if abs(touch.against(side) - touch.mid) > collar * step * touch.mid:
        return
    each = notional(rules.product, ONE, rules.contract_value, touch.mid)
    largest = min(most / each, rules.market_max_quantity or rules.max_quantity, rules.max_quantity)
    quantity = rules.quantity_down(min(abs(held), exposure.reducible(side, rules), largest))
    if quantity >= rules.min_quantity:
        flattening.since = flattening.sent = now.wall
        flattening.slices.append(intent.parent_id)
        intents.submit(core, replace(intent, quantity=quantity), None, now)


def _failures(core: Core, flattening: Flattening) -> int:
    """How many of the newest slices in a row were refused, rejected, are UNKNOWN or ended without a fill."""
    failures = 0
    for parent_id in reversed(flattening.slices):
        parent = core.state.parents.get(parent_id)
        if parent is not None and parent.filled:
            break
        failures += 1
    return failures
