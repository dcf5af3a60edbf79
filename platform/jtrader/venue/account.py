"""An account: one wallet on one market, with its orders, trades, positions and ledger rows."""

from jtrader.venue.records import Holding, Income, IncomeKind, Order, Position, Trade


class Account:
    """Bookkeeping without rules: who may do what is decided by the clearing, what matches by the books."""

    def __init__(self, name: str, number: int, funds: dict[str, int]) -> None:
        self.name = name
        self.number = number
        """The owner's number in the books; above zero."""
        self.opening = dict(funds)
        self.holdings = {asset: Holding(free=amount) for asset, amount in funds.items()}
        self.positions: dict[str, Position] = {}
        self.leverage: dict[str, int] = {}
        self.orders: dict[int, Order] = {}
        self.open_orders: dict[int, Order] = {}
        self.trades: list[Trade] = []
        self.trades_of: dict[int, list[Trade]] = {}
        """By order id."""
        self.income: list[Income] = []
        self._by_client_id: dict[tuple[str, str], int] = {}

    def holding(self, asset: str) -> Holding:
        return self.holdings.setdefault(asset, Holding())

    def position(self, symbol: str) -> Position:
        return self.positions.setdefault(symbol, Position())

    def record(self, order: Order) -> None:
        self.orders[order.id] = order
        self._by_client_id[(order.symbol, order.client_id)] = order.id

    def find(self, symbol: str, order_id: int | None, client_id: str | None) -> Order | None:
        """By the venue's id, else by the newest order under the client's id."""
        if order_id is None and client_id is not None:
            order_id = self._by_client_id.get((symbol, client_id))
        order = self.orders.get(order_id) if order_id is not None else None
        return order if order is not None and order.symbol == symbol else None

    def open_of(self, symbol: str) -> list[Order]:
        return [order for order in self.open_orders.values() if order.symbol == symbol]

    def record_trade(self, trade: Trade) -> None:
        self.trades.append(trade)
        self.trades_of.setdefault(trade.order_id, []).append(trade)

    def book(self, row: Income) -> None:
        """A ledger row moves the wallet by its amount."""
        self.income.append(row)
        self.holding(row.asset).free += row.amount

    def income_sum(self, asset: str, *kinds: IncomeKind) -> int:
        wanted = kinds or tuple(IncomeKind)
        return sum(row.amount for row in self.income if row.asset == asset and row.kind in wanted)
