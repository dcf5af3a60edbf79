"""Whether an order on HTX's coin-margined markets opens or closes, how much of it, and under which leverage.

The venue keeps a long and a short position side by side. An order that reduces our net position is sent as a close, if
the position reaches that far, any other as an open; one that waits for its trigger price closes only if it may only
reduce, since nobody knows what will be held then. A reduce-only order for more than the position closes the position.
What resting closes have frozen can't be closed by another order: such a one is refused, and says so. An opening order
brings the leverage that the account has at that moment, since another one would change it.
"""

from decimal import Decimal
from typing import NamedTuple

from jtrader.domain.money import ZERO, plain
from jtrader.domain.order import ChildOrder
from jtrader.exchange.huobi.inverse_names import InverseNames
from jtrader.exchange.huobi.rows import exact, row_field
from jtrader.exchange.huobi.session import HuobiSession
from jtrader.ports.broker import OrderRefusedByVenue, Reason, RetryLater


class Stance(NamedTuple):
    """How an order goes out; `quantity` in contracts."""

    quantity: Decimal
    is_close: bool
    leverage: int


class _Held(NamedTuple):
    """Contracts that an order could close; `available` without those that resting closes have frozen."""

    volume: Decimal = ZERO
    available: Decimal = ZERO
    leverage: int = 0


async def stance_of(order: ChildOrder, session: HuobiSession, names: InverseNames) -> Stance:
    """Raises OrderRefusedByVenue where a reduce-only order can't reduce, and what the venue raises."""
    held = await _held(order, session, names)
    quantity, is_close = _fitted(order, held)
    return Stance(quantity, is_close, held.leverage or await _leverage(order, session, names))


async def _held(order: ChildOrder, session: HuobiSession, names: InverseNames) -> _Held:
    """What the order would close, and the leverage of what is held on either side."""
    call, owner, held = names.call("PositionInfo"), names.owner(order.instrument), _Held()
    for row in await session.data(call, owner, urgent=order.reduce_only, prompt=True) or ():
        if row_field(row, "contract_code") == names.code(order.instrument):
            held = held._replace(leverage=int(row_field(row, "lever_rate")))
            if row_field(row, "direction") == order.side.opposite.value:
                held = held._replace(volume=exact(row, "volume"), available=exact(row, "available"))
    return held


async def _leverage(order: ChildOrder, session: HuobiSession, names: InverseNames) -> int:
    """Of an account that holds nothing of the contract: a person may have changed it since the last order."""
    call, owner = names.call("AccountInfo"), names.owner(order.instrument)
    rows = await session.data(call, owner, urgent=order.reduce_only, prompt=True)
    if not rows:
        raise RetryLater(f"HTX tells no leverage for {order.instrument}, and an order has to bring the right one")
    return int(row_field(rows[0], "lever_rate"))


def _fitted(order: ChildOrder, held: _Held) -> tuple[Decimal, bool]:
    """How much can be sent, and whether it closes."""
    if order.type.is_conditional:
        return order.quantity, order.reduce_only
    if not order.reduce_only:
        return order.quantity, ZERO < order.quantity <= held.available
    wanted = min(order.quantity, held.volume)
    if held.volume == ZERO:
        why = "there is nothing to close on the other side"
    elif wanted > held.available:
        frozen = held.volume - held.available
        why = f"resting closing orders have frozen {plain(frozen)} of {plain(held.volume)} contracts: cancel them first"
    else:
        return wanted, True
    raise OrderRefusedByVenue(f"{order.client_order_id} may only reduce, and {why}", reason=Reason.REDUCE_ONLY)
