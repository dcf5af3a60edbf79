"""What people are told at once: fills that nobody here ordered, orders that stay unknown, stops that can't act."""

from collections.abc import Sequence

from jtrader.domain.events import ChildRefused, OrderFilled, OrderRejected, ParentChanged, Sequenced
from jtrader.domain.ids import ClientOrderId, ParentId
from jtrader.domain.money import plain
from jtrader.domain.order import Fill, ParentState
from jtrader.domain.times import MINUTE
from jtrader.engine.core import Core
from jtrader.engine.doubts import overdue
from jtrader.engine.inputs import Moment
from jtrader.execution.triggers import WATCHERS
from jtrader.ports.alerts import Alerts

REPEAT = 5 * MINUTE
"""Wall time after which what still stands is told again."""


class Alarms:
    """`unknown` tells of each order that has been UNKNOWN for more than `patience` (ns) what to do."""

    def __init__(self, core: Core, alerts: Alerts, patience: int) -> None:
        self.unknown: dict[ClientOrderId, str] = {}
        self._core = core
        self._alerts = alerts
        self._patience = patience
        self._told: dict[ClientOrderId, int] = {}
        self._stops: dict[ParentId, int] = {}
        """Market time at which somebody was told last that a triggered stop is not let through."""

    def happened(self, fresh: Sequence[Sequenced]) -> None:
        for entry in fresh:
            if isinstance(entry.event, OrderFilled):
                self._filled(entry.event.fill, entry.event.origin)
            elif isinstance(entry.event, ParentChanged) and entry.event.state is ParentState.FAILED:
                self._stop(entry.event.parent_id, f"has ended: {entry.event.reason}")
            elif isinstance(entry.event, ChildRefused | OrderRejected):
                self._refused(entry.event)

    def _refused(self, event: ChildRefused | OrderRejected) -> None:
        name = event.order.client_order_id if isinstance(event, ChildRefused) else event.client_order_id
        parent_id = self._core.state.orders[name].child.parent_id
        told = self._stops.get(parent_id)
        is_triggered = bool(self._core.state.parents[parent_id].memo.get("triggered"))
        if is_triggered and (told is None or event.ts - told >= REPEAT):
            self._stops[parent_id] = event.ts
            self._stop(parent_id, f"is triggered and its order was refused ({event.reason}). It is tried again")

    def _stop(self, parent_id: ParentId, what: str) -> None:
        """Pages where a stop that was to reduce a position leaves it open."""
        intent = self._core.state.parents[parent_id].intent
        held = self._core.ledger.position(intent.account, intent.instrument)
        if intent.algorithm not in WATCHERS or not intent.reduce_only or -intent.side.sign * held <= 0:
            return
        sentence = (
            f"{intent.algorithm} {parent_id} of strategy {intent.strategy} on account {intent.account} {what}."
            f" {plain(held)} {intent.instrument} is open and this stop does not protect it: set another one, or close"
            " the position"
        )
        self._alerts.send("page", f"stop {parent_id}", sentence)

    def _filled(self, fill: Fill, origin: str) -> None:
        order = self._core.state.orders.get(fill.client_order_id) if fill.client_order_id else None
        if origin:
            self._alerts.send("page", f"external fill {fill.account} {fill.instrument}", _external(fill, origin))
        elif order is not None and order.filled > order.total:
            sentence = (
                f"order {order.id} on account {fill.account} was for {plain(order.total)} {fill.instrument}"
                f" and has filled {plain(order.filled)}: it is booked as the venue says. Ask the venue; exits stay open"
            )
            self._alerts.send("page", f"overfill {order.id}", sentence)

    def look(self, now: Moment) -> None:
        """Call it each second."""
        self.unknown = overdue(self._core, self._patience, now)
        self._told = {name: told for name, told in self._told.items() if name in self.unknown}
        for name, sentence in self.unknown.items():
            if name not in self._told or now.wall - self._told[name] >= REPEAT:
                self._told[name] = now.wall
                self._alerts.send("page", f"unknown order {name}", sentence)


def _external(fill: Fill, origin: str) -> str:
    where = f"{fill.instrument} --account {fill.account}"
    return (
        f"{origin}: {fill.side} {plain(fill.quantity)} {fill.instrument} at {plain(fill.price)} on account"
        f" {fill.account} was not ordered here. It is booked to UNASSIGNED; it takes no new risk, exits stay open and"
        f" are capped by the venue's position. Next: jtrader positions assign {where} --to STRATEGY --reason …"
    )
