"""Where an account stands in an instrument, for the gate: UNKNOWN and in-flight orders at full size."""

from decimal import Decimal

from jtrader.domain.ids import UNASSIGNED, AccountId, InstrumentId
from jtrader.domain.money import ZERO, plain
from jtrader.domain.order import Intent, OrderStatus, Side
from jtrader.domain.times import MINUTE
from jtrader.engine.core import Core
from jtrader.engine.inputs import Moment
from jtrader.risk.exposure import Exposure


def exposure_of(core: Core, intent: Intent, parent_left: Decimal, now: Moment) -> Exposure:
    account, instrument = intent.account, intent.instrument
    on_side = {Side.BUY: ZERO, Side.SELL: ZERO}
    unknown_exits, open_orders = ZERO, 0
    for order in core.state.live_orders():
        child = order.child
        if child.account != account:
            continue
        open_orders += 1
        if child.instrument == instrument:
            on_side[child.side] += order.leaves
            if order.status is OrderStatus.UNKNOWN and child.reduce_only and child.side is intent.side:
                unknown_exits += order.leaves
    accepted = core.state.accepted.get(account, ())
    return Exposure(
        now=now.market,
        net=core.ledger.position(account, instrument),
        open_buys=on_side[Side.BUY],
        open_sells=on_side[Side.SELL],
        unknown_exits=unknown_exits,
        open_orders=open_orders,
        orders_last_minute=sum(ts > now.market - MINUTE for ts in accepted),
        parent_left=parent_left,
        quote=core.market.quotes.get(instrument),
        silent_since=core.market.silent_since(instrument, now.wall),
        kill=core.watch.latch.strongest(account, intent.strategy),
        narrowed=narrowed(core, account, instrument),
    )


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
    if foreign is not None:
        name = foreign.client_order_id or "without a client id"
        return (
            f"the venue has an open order that this desk did not send ({name}). Exits stay open; this ends when the"
            " order has"
        )
    return core.watch.drifted.get((account, instrument), "")
