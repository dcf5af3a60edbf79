"""Notifications of linear swaps (v5): `orders`, `algo_orders`, `trade`, `positions` for a contract or all; `account`.

They are as ccxt 4.5.83 reads them; `algo_orders`, which it doesn't read, has REST's rows.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.account_v5 import balance_row, position_rows
from jtrader.exchange.sim.huobi.contract_desk import margin_at
from jtrader.exchange.sim.huobi.notice import Notice, event_of, of_accounts
from jtrader.exchange.sim.huobi.numbers import words
from jtrader.exchange.sim.huobi.rows_account import held_of
from jtrader.exchange.sim.huobi.rows_inverse import trade_name
from jtrader.exchange.sim.huobi.rows_v5 import algo_row, client_id, match_of, order_row
from jtrader.exchange.sim.huobi.words import side_word
from jtrader.exchange.sim.world import Told, World
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.records import BalancesChanged, Execution, Order, OrderReported, Trade

_KINDS = ("orders", "algo_orders", "trade", "positions")
_OF_ALGOS = (Execution.NEW, Execution.REJECTED)
_NOT_AMENDED = {"amend_origin_volume": "", "amend_source": "", "amend_result": ""}


class V5Speaker:
    def __init__(self, world: World, market: str) -> None:
        self._world = world
        self._market = market
        self._venue = world.venues[market]

    def topic(self, request: dict[str, Any]) -> tuple[str, str] | None:
        kind = str(request.get("topic"))
        if kind == "account":
            return kind, "*"
        name = request.get("contract_code")
        return (kind, str(name).lower()) if kind in _KINDS and name else None

    def name(self, listing: Listing) -> str:
        return listing.symbol.lower()

    def headed(self, kind: str, name: str, wanted: str) -> dict[str, Any]:  # noqa: ARG002 - the same for everybody
        return {"op": "notify", "topic": kind, "contract_code": "" if name == "*" else name.upper()}

    def opening(self, kind: str, account: Account, listings: Sequence[Listing]) -> dict[str, Any] | None:
        if kind == "account":
            return {"event": "snapshot", "data": self._balance(account)}
        if kind == "positions":
            held = held_of(account, list(listings))
            return {"event": "snapshot", "data": position_rows(self._world, self._market, account, held)}
        return None

    def notices(self, told: Told, accounts: frozenset[str]) -> Iterator[Notice]:
        for one in of_accounts(told, accounts):
            if isinstance(one, OrderReported):
                yield from self._of_order(one)
            else:
                yield from self._of_balances(one)

    def _of_order(self, report: OrderReported) -> Iterator[Notice]:
        """What waits for its price shows once it goes to work."""
        order = report.order
        account, listing = self._venue.accounts[order.account], self._venue.listings[order.symbol]
        margin = margin_at(self._world, self._market)
        if order.trigger is not None and (report.execution in _OF_ALGOS or not order.triggered):
            yield self._notice(
                "algo_orders", order.account, listing, {"data": [algo_row(order, account, listing, margin)]}
            )
        if report.execution is Execution.TRIGGERED or (order.trigger and not order.triggered):
            return
        row = order_row(order, account, listing, margin)
        del row["id"]
        row["cancel_reason"] = row["cancel_reason"] or ""
        yield self._notice("orders", order.account, listing, {"data": {**row, **_NOT_AMENDED}})
        if report.trade is not None:
            yield self._notice(
                "trade", order.account, listing, {"data": [_trade_row(report.trade, order, account, listing)]}
            )
        event = {Execution.NEW: "order.open", Execution.CANCELED: "order.cancel", Execution.EXPIRED: "order.cancel"}
        if report.execution in event:
            yield self._account(account, event[report.execution])

    def _of_balances(self, change: BalancesChanged) -> Iterator[Notice]:
        account = self._venue.accounts[change.account]
        event = event_of(change, account)
        yield self._account(account, event)
        for position in change.positions.values():
            listing = self._venue.listings[position.symbol]
            held = [account.position(position.symbol, position.leg)]
            rows = position_rows(self._world, self._market, account, held)
            yield self._notice("positions", account.name, listing, {"event": event, "data": rows})

    def _account(self, account: Account, event: str) -> Notice:
        return Notice("account", account.name, "*", {**self._at(), "event": event, "data": self._balance(account)})

    def _balance(self, account: Account) -> dict[str, Any]:
        assets = sorted({listing.settle for listing in self._venue.listings.values()})
        return balance_row(account, margin_at(self._world, self._market), assets, self._world.now)

    def _notice(self, kind: str, account: str, listing: Listing, body: dict[str, Any]) -> Notice:
        return Notice(kind, account, self.name(listing), {**self._at(), **body})

    def _at(self) -> dict[str, int]:
        return {"ts": to_millis(self._world.now)}


def _trade_row(trade: Trade, order: Order, account: Account, listing: Listing) -> dict[str, Any]:
    """It tells no fee."""
    at = str(to_millis(trade.ts))
    return {
        "direction": side_word(trade.side),
        "id": trade_name(trade),
        "contract_code": trade.symbol,
        "contract_type": "swap",
        "order_id": str(trade.order_id),
        "trade_id": str(match_of(trade, account)),
        "position_side": trade.leg.value,
        "trade_volume": str(trade.lots),
        "trade_price": words(trade.price * listing.tick),
        "trade_turnover": words(trade.quote),
        "role": "maker" if trade.maker else "taker",
        "client_order_id": client_id(order),
        "created_time": at,
        "updated_time": at,
    }
