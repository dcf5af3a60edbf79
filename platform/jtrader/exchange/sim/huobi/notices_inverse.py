"""Notifications of the coin-margined markets: `orders.…`, `trigger_order.…`, `accounts.…`, `positions.…`.

Swaps are named by contract, dated futures by coin, in lower case. Source: coin_margined_swap v1 and dm v1, WebSocket
order and user data.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.client_ids import Kind, kind_of
from jtrader.exchange.sim.huobi.contract_desk import margin_at
from jtrader.exchange.sim.huobi.names import FUTURE
from jtrader.exchange.sim.huobi.notice import Notice, event_of, of_accounts
from jtrader.exchange.sim.huobi.rows_account import account_rows, held_of, position_row
from jtrader.exchange.sim.huobi.rows_inverse import order_row, trade_of_order, trigger_row
from jtrader.exchange.sim.world import Told, World
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.records import BalancesChanged, Execution, Order, OrderReported

_KINDS = ("orders", "trigger_order", "accounts", "positions")
_NOT_TRIGGERED = {
    "relation_order_id": "-1",
    "triggered_price": None,
    "triggered_at": 0,
    "order_insert_at": 0,
    "canceled_at": 0,
    "fail_code": None,
    "fail_reason": None,
}


class InverseSpeaker:
    def __init__(self, world: World, market: str) -> None:
        self._world = world
        self._market = market
        self._venue = world.venues[market]

    def topic(self, request: dict[str, Any]) -> tuple[str, str] | None:
        kind, _, name = str(request.get("topic")).lower().partition(".")
        return (kind, name) if kind in _KINDS and name else None

    def name(self, listing: Listing) -> str:
        return (listing.instrument.base if self._market == FUTURE else listing.symbol).lower()

    def headed(self, kind: str, name: str, wanted: str) -> dict[str, Any]:
        """Orders are always told under their own name, accounts and positions of all without one."""
        if wanted == "*" and kind in ("accounts", "positions"):
            return {"op": "notify", "topic": kind}
        return {"op": "notify", "topic": f"{kind}.{name}"}

    def opening(self, kind: str, account: Account, listings: Sequence[Listing]) -> dict[str, Any] | None:
        if kind == "accounts":
            return {"event": "init", "data": account_rows(self._world, self._market, account, list(listings))}
        if kind == "positions":
            held = held_of(account, list(listings))
            return {"event": "init", "data": [self._position(account, one.symbol, one.leg) for one in held]}
        return None

    def notices(self, told: Told, accounts: frozenset[str]) -> Iterator[Notice]:
        for one in of_accounts(told, accounts):
            if isinstance(one, OrderReported):
                yield from self._of_order(one)
            else:
                yield from self._of_balances(one)

    def _of_order(self, report: OrderReported) -> Iterator[Notice]:
        order = report.order
        if order.trigger is not None and kind_of(order) is Kind.PLAIN:
            yield from self._of_trigger(report)
        if order.is_waiting or report.execution is Execution.TRIGGERED or (order.trigger and not order.triggered):
            return
        account, listing = self._venue.accounts[order.account], self._venue.listings[order.symbol]
        margin = margin_at(self._world, self._market)
        trades = [trade_of_order(report.trade, listing)] if report.trade is not None else []
        row = order_row(order, account, listing, margin, self._world.now)
        yield self._notice("orders", order.account, listing, {**row, "trade": trades})
        event = {Execution.NEW: "order.open", Execution.CANCELED: "order.cancel", Execution.EXPIRED: "order.cancel"}
        if report.execution in event:
            yield self._accounts(account, listing, event[report.execution])

    def _of_trigger(self, report: OrderReported) -> Iterator[Notice]:
        order, execution = report.order, report.execution
        if execution is Execution.NEW:
            event = "trigger_success" if order.triggered else "order"
        elif execution is Execution.REJECTED:
            event = "trigger_fail"
        elif execution in (Execution.CANCELED, Execution.EXPIRED) and not order.triggered:
            event = "cancel"
        else:
            return
        listing = self._venue.listings[order.symbol]
        yield self._notice("trigger_order", order.account, listing, {"event": event, "data": [self._trigger(order)]})

    def _trigger(self, order: Order) -> dict[str, Any]:
        account, listing = self._venue.accounts[order.account], self._venue.listings[order.symbol]
        margin = margin_at(self._world, self._market)
        return _NOT_TRIGGERED | trigger_row(order, account, listing, margin, self._world.now)

    def _of_balances(self, change: BalancesChanged) -> Iterator[Notice]:
        account = self._venue.accounts[change.account]
        event = event_of(change, account)
        for listing in self._venue.listings.values():
            if listing.settle in change.holdings:
                yield self._accounts(account, listing, event)
        for position in change.positions.values():
            row = self._position(account, position.symbol, position.leg)
            listing = self._venue.listings[position.symbol]
            yield self._notice("positions", account.name, listing, {"event": event, "data": [row]})

    def _accounts(self, account: Account, listing: Listing, event: str) -> Notice:
        rows = account_rows(self._world, self._market, account, [listing])
        return self._notice("accounts", account.name, listing, {"event": event, "data": rows})

    def _position(self, account: Account, symbol: str, leg: Any) -> dict[str, Any]:
        return position_row(self._world, self._market, account, account.position(symbol, leg))

    def _notice(self, kind: str, account: str, listing: Listing, body: dict[str, Any]) -> Notice:
        return Notice(kind, account, self.name(listing), {"ts": to_millis(self._world.now), **body})
