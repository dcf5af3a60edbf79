"""What the private tables tell of one account: orders and executions as they happen, wallets and positions as they
change."""

from collections.abc import Callable, Sequence

from jtrader.exchange.sim.bitmex import account_rows as rows
from jtrader.exchange.sim.bitmex.tables import Row, changed
from jtrader.exchange.sim.bitmex.wallet_history import moved_row
from jtrader.exchange.sim.bitmex.words import MARKET, asset_of, wallets
from jtrader.exchange.sim.world import World
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.records import BalancesChanged, Execution, Happened, ModeChanged, Order, OrderReported

Say = Callable[[str, str, Sequence[Row]], None]
"""(table, action, rows) to the account's readers."""

_EXEC_TYPES = {
    Execution.NEW: "New",
    Execution.CANCELED: "Canceled",
    Execution.EXPIRED: "Canceled",
    Execution.AMENDED: "Replaced",
    Execution.TRIGGERED: "TriggeredOrActivatedBySystem",
    Execution.REJECTED: "Rejected",
}
_SETTLED = ("transactID", "transactStatus", "timestamp")
"""What an update says of a withdrawal: it was asked for, and now is done."""
_ORDER_KEYS = ("orderID", "clOrdID", "account", "symbol", "timestamp")


class AccountTables:
    """Keeps what was told of the orders that live, so that updates tell only what changed."""

    def __init__(self, world: World, account: Account) -> None:
        self._world = world
        self._account = account
        self._orders: dict[int, Row] = {}

    def rows(self, table: str) -> list[Row]:
        """A table's state for a new reader."""
        account, listings = self._account, self._listings
        if table == "order":
            open_now = [*account.open_orders.values(), *account.open_conditionals.values()]
            found = [(order.id, rows.order_row(order, account, listings[order.symbol])) for order in open_now]
            self._orders.update(found)
            return [row for _, row in found]
        assets = [asset for word in wallets() if (asset := asset_of(word)) in account.holdings and asset is not None]
        if table == "margin":
            return [rows.margin_row(self._world, account, asset) for asset in assets]
        if table == "wallet":
            return [rows.wallet_row(self._world, account, asset) for asset in assets]
        if table == "position":
            symbols = set(account.positions) | set(account.leverage)
            return [rows.position_row(self._world, account, listings[symbol]) for symbol in sorted(symbols)]
        return []

    def tell(self, one: Happened, say: Say) -> None:
        if isinstance(one, OrderReported):
            self._tell_order(one, say)
        elif isinstance(one, BalancesChanged):
            self._tell_balances(one, say)
        elif isinstance(one, ModeChanged) and one.symbol:
            say("position", "update", [self._position(one.symbol)])

    @property
    def _listings(self) -> dict[str, Listing]:
        return self._world.venues[MARKET].listings

    def _tell_order(self, report: OrderReported, say: Say) -> None:
        order, trade = report.order, report.trade
        listing = self._listings[order.symbol]
        self._tell_row(order, listing, say)
        if trade is not None:
            row = rows.trade_execution(self._world, trade, order, self._account, listing)
        else:
            kind = _EXEC_TYPES[report.execution]
            row = rows.execution_row(order, self._account, listing, kind, report.ts)
        say("execution", "insert", [row])

    def _tell_row(self, order: Order, listing: Listing, say: Say) -> None:
        now = rows.order_row(order, self._account, listing)
        before = self._orders.get(order.id)
        if before is None:
            say("order", "insert", [now])
        else:
            row = changed(before, now, _ORDER_KEYS)
            if row is not None:
                say("order", "update", [row])
        if order.is_open:
            self._orders[order.id] = now
        else:
            self._orders.pop(order.id, None)

    def _tell_balances(self, change: BalancesChanged, say: Say) -> None:
        assets = [asset for asset in change.holdings if asset in {asset_of(word) for word in wallets()}]
        if assets:
            say("margin", "update", [rows.margin_row(self._world, self._account, asset) for asset in assets])
        if change.positions:
            say("position", "update", [self._position(position.symbol) for position in change.positions.values()])
        executed = [
            rows.income_execution(self._world, row, self._account, self._listings[row.symbol])
            for row in change.rows
            if row.symbol and rows.is_execution(row)
        ]
        if executed:
            say("execution", "insert", executed)
        moved = [found for row in change.rows if (found := moved_row(self._account, row)) is not None]
        if moved:
            leaving = [row for row in moved if row["transactType"] == "Withdrawal"]
            say("transact", "insert", [row | {"transactStatus": "Pending"} if row in leaving else row for row in moved])
            if leaving:
                say("transact", "update", [{key: row[key] for key in _SETTLED} for row in leaving])
            say("wallet", "update", [rows.wallet_row(self._world, self._account, asset) for asset in assets])

    def _position(self, symbol: str) -> Row:
        return rows.position_row(self._world, self._account, self._listings[symbol])
