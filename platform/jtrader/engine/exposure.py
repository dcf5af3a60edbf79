"""Where an account stands in an instrument, for the gate: UNKNOWN and in-flight orders at full size."""

from collections.abc import Collection
from decimal import Decimal

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import UNASSIGNED, AccountId, ClientOrderId, InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ONE, ZERO, plain
from jtrader.domain.order import Intent, OrderStatus, Side
from jtrader.domain.times import HOUR, MINUTE
from jtrader.engine.core import Core
from jtrader.engine.inputs import Moment
from jtrader.engine.latches import latched
from jtrader.engine.orders import Order
from jtrader.engine.pace import series_of
from jtrader.engine.standing import standing
from jtrader.execution.triggers import WATCHERS
from jtrader.risk.exposure import Exposure, Standing


def exposure_of(
    core: Core, intent: Intent, parent_left: Decimal, now: Moment, without: ClientOrderId | None = None
) -> Exposure:
    """`without`: an order that does not count, since it is about to be another."""
    account, instrument = intent.account, intent.instrument
    trading, rules = core.accounts[account], core.instruments[instrument]
    live = [order for order in core.state.live_orders() if order.id != without]
    own = [order for order in live if order.child.account == account]
    of_strategy = [order for order in own if order.child.strategy == intent.strategy]
    market = [one.id for one in core.accounts.values() if one.market == trading.market]
    pace, minute = core.state.pace, now.market - MINUTE
    unknown_exits, resting_exits = _other_exits(own, intent)
    funds, taken = _funds(core, account, rules, own)
    return Exposure(
        now=now.market,
        **standing(core, rules, account, [account], None, own),
        orders_last_minute=pace.orders_since(minute, account),
        messages_last_minute=pace.messages_since(minute, account),
        orders_last_hour=pace.orders_since(now.market - HOUR, account),
        cancels_last_hour=pace.withdrawn_since(now.market - HOUR, account, trading.market),
        repeats=0
        if core.state.has_sent(intent.parent_id)
        else pace.repeats_since(now.market - trading.limits.repeat_window, series_of(intent)),
        strategy=_of_strategy(core, rules, intent, of_strategy, minute),
        venue=_of_market(core, rules, account, market, live, minute),
        unknown_exits=unknown_exits,
        resting_exits=resting_exits,
        funds=funds,
        funds_taken=taken,
        own_opposite=_own_opposite(own, intent),
        parent_left=parent_left,
        quote=core.market.quotes.get(instrument),
        silent_since=core.market.silent_since(instrument, now.wall),
        kill=core.watch.latch.strongest(account, intent.strategy, trading.market),
        protects=intent.algorithm in WATCHERS,
        narrowed=narrowed(core, account, instrument),
        latched=latched(core, intent),
    )


def reducible_by(core: Core, intent: Intent, now: Moment) -> Decimal:
    """What the way in which the intent gets out lets it take off the position."""
    waits, takes = intent.algorithm in WATCHERS, intent.algorithm == "market"
    exposure = exposure_of(core, intent, ZERO, now)
    return exposure.reducible(intent.side, core.instruments[intent.instrument], waits, takes)


def _other_exits(own: Collection[Order], intent: Intent) -> tuple[Decimal, Decimal]:
    """(UNKNOWN or waiting for a trigger, resting) of the reduce-only orders on the intent's side."""
    doubtful = resting = ZERO
    for order in own:
        child = order.child
        if not (child.reduce_only and (child.instrument, child.side) == (intent.instrument, intent.side)):
            continue
        if order.status is OrderStatus.UNKNOWN or child.type.is_conditional:
            doubtful += order.leaves
        elif not child.takes:
            resting += order.leaves
    return doubtful, resting


def all_narrowed(core: Core) -> dict[tuple[AccountId, InstrumentId], str]:
    """Every place that takes no new risk, and why."""
    places = {*core.watch.drifted}
    places |= {(s.account, s.instrument) for s in core.ledger.positions() if s.strategy == UNASSIGNED and s.quantity}
    places |= {(account, one.instrument) for account, found in core.watch.foreign.items() for one in found.values()}
    return {place: why for place in sorted(places) if (why := narrowed(core, *place))}


def narrowed(core: Core, account: AccountId, instrument: InstrumentId) -> str:
    """Why no new risk may be taken: a position, an order or a difference that no strategy of ours explains."""
    stray = core.ledger.strategy_position(account, UNASSIGNED, instrument)
    if stray:
        assign = f"jtrader positions assign {instrument} --account {account} --to STRATEGY --reason …"
        return (
            f"{plain(stray)} of the position is UNASSIGNED; it was not traded by a strategy of this desk. Exits stay"
            f" open; '{assign}' ends this"
        )
    foreign = core.watch.foreign_in(account, instrument)
    if foreign is not None and foreign.is_of_jtrader:
        return (
            f"the venue has the open order {foreign.client_order_id} of another jtrader on this account: stop that one,"
            " or cancel the order at the venue. Exits stay open"
        )
    if foreign is not None and foreign.is_ours:
        return (
            f"the venue has order {foreign.client_order_id} open, which has ended by our books; it is being cancelled."
            " Exits stay open; this ends when the order has"
        )
    if foreign is not None:
        name = foreign.client_order_id or "without a client id"
        return (
            f"the venue has an open order that this desk did not send ({name}). Exits stay open; this ends when the"
            " order has"
        )
    drift = core.watch.drifted.get((account, instrument))
    if drift is None:
        return ""
    return (
        f"{drift}. Exits stay open, capped by our books; this ends when both are equal. 'jtrader positions' and the"
        " venue's page show the two, 'jtrader reconcile' what differs line by line"
    )


def _of_strategy(core: Core, rules: Instrument, intent: Intent, live: Collection[Order], minute: int) -> Standing:
    account, strategy, pace = intent.account, intent.strategy, core.state.pace
    if strategy not in core.accounts[account].strategies:
        return Standing()
    orders = pace.orders_since(minute, account, strategy)
    return Standing(
        **standing(core, rules, account, [account], strategy, live),
        orders_last_minute=orders,
        messages_last_minute=pace.messages_since(minute, account, strategy),
    )


def _of_market(
    core: Core,
    rules: Instrument,
    account: AccountId,
    accounts: Collection[AccountId],
    live: Collection[Order],
    minute: int,
) -> Standing:
    if not core.accounts[account].is_venue_limited:
        return Standing()
    orders = sum(core.state.pace.orders_since(minute, one) for one in accounts)
    inside = [order for order in live if order.child.account in accounts]
    return Standing(
        **standing(core, rules, account, accounts, None, inside),
        orders_last_minute=orders,
        messages_last_minute=sum(core.state.pace.messages_since(minute, one) for one in accounts),
    )


def _funds(
    core: Core, account: AccountId, rules: Instrument, live: Collection[Order]
) -> tuple[Decimal | None, Decimal]:
    """What the account has of the asset that pays, and what working spot buys may still take of it, fees included."""
    if not rules.is_spot:
        try:
            return core.ledger.equity(account, core.mark).get(rules.settle, ZERO), ZERO
        except BadInput:
            return None, ZERO
    taken = ZERO
    collar = core.accounts[account].limits.price_collar or ZERO
    for order in live:
        child, other = order.child, core.instruments[order.child.instrument]
        if child.side is Side.BUY and other.quote == rules.quote:
            mark = core.mark(child.instrument)
            price = child.price or (None if mark is None else mark * (ONE + 2 * collar))
            if price is None:
                return None, ZERO
            taken += order.leaves * price * (ONE + max(other.taker_fee, ZERO))
    return core.ledger.balances(account).get(rules.quote, ZERO), taken


def _own_opposite(live: Collection[Order], intent: Intent) -> Decimal | None:
    prices = [
        order.child.price
        for order in live
        if order.child.instrument == intent.instrument
        and order.child.side is not intent.side
        and order.child.price is not None
        and (not order.child.type.is_conditional)
    ]
    if not prices:
        return None
    return min(prices) if intent.side is Side.BUY else max(prices)
