"""Take-profit and stop-loss orders that depend on something: on the other of their pair, and on the position.

The first of a pair that triggers ends the other; when a position is gone, what was to close it is gone too (HTX,
guides of take profit and stop loss orders).
"""

from jtrader.exchange.sim.huobi.client_ids import kind_of, partner
from jtrader.exchange.sim.world import Told, World
from jtrader.venue.records import BalancesChanged, Execution, Happened, Order, OrderReported


def end_dependants(world: World, told: Told) -> bool:
    """Cancels what lost its reason in what happened; True where something was."""
    lost = [order for one in told.happened for order in _dependants(world, told.market, one)]
    venue, ended = world.venues[told.market], False
    for order in lost:
        if order.is_waiting:
            venue.cancel(venue.accounts[order.account], order, world.now)
            ended = True
    return ended


def _dependants(world: World, market: str, one: Happened) -> list[Order]:
    if isinstance(one, OrderReported) and one.execution is Execution.TRIGGERED:
        account = world.venues[market].accounts[one.order.account]
        other = partner(account, one.order)
        return [other] if other is not None else []
    if isinstance(one, BalancesChanged):
        account = world.venues[market].accounts[one.account]
        gone = {(p.symbol, p.leg) for p in one.positions.values() if not account.position(p.symbol, p.leg).lots}
        waiting = account.open_conditionals.values()
        return [order for order in waiting if kind_of(order).is_tpsl and (order.symbol, order.leg) in gone]
    return []
