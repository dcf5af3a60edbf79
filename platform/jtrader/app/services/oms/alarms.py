"""What people are told at once: fills that nobody here ordered, orders that stay unknown."""

from collections.abc import Sequence

from jtrader.domain.events import OrderFilled, Sequenced
from jtrader.domain.ids import ClientOrderId
from jtrader.domain.money import plain
from jtrader.domain.order import Fill
from jtrader.domain.times import MINUTE
from jtrader.engine.core import Core
from jtrader.engine.doubts import overdue
from jtrader.engine.inputs import Moment
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

    def happened(self, fresh: Sequence[Sequenced]) -> None:
        for entry in fresh:
            if isinstance(entry.event, OrderFilled):
                self._filled(entry.event.fill, entry.event.origin)

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
