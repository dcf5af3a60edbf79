"""What follows from the one child of an algorithm that makes one."""

from jtrader.domain.order import OrderStatus, ParentState
from jtrader.execution.algorithm import ParentView, Plan

_NEVER_STOOD = (OrderStatus.REFUSED, OrderStatus.REJECTED)


def ended(view: ParentView) -> Plan:
    """RUNNING while the child may fill; then DONE, or FAILED where it never stood."""
    if view.live:
        return Plan()
    if view.newest is not None and view.newest.status in _NEVER_STOOD and not view.filled:
        return Plan(state=ParentState.FAILED, reason=view.newest.reason)
    return Plan(state=ParentState.DONE, reason=f"filled {view.filled:f} of {view.intent.quantity:f}")
