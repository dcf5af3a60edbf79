"""An account: one wallet on one market, with its orders, trades, positions and ledger rows."""

import msgspec

from jtrader.venue.records import Holding, Income, IncomeKind, Order, Position, Trade, position_key
from jtrader.venue.words import Leg


class Modes(msgspec.Struct, gc=False):
    """How an account is kept. `leverage` and `isolated` are by symbol; what isn't named has the market's default."""

    hedge: bool = False
    multi_asset: bool = False
    """Kept and told; margin is reckoned a settle asset on its own in either case."""
    native_fee: bool = False
    leverage: dict[str, int] = {}
    isolated: dict[str, bool] = {}


class Account:
    """Bookkeeping without rules: who may do what is decided by the clearing, what matches by the books."""

    def __init__(self, name: str, number: int, funds: dict[str, int]) -> None:
        self.name = name
        self.number = number
        """The owner's number in the books; above zero."""
        self.opening = dict(funds)
        self.holdings = {asset: Holding(free=amount) for asset, amount in funds.items()}
        self.positions: dict[str, Position] = {}
        """By `position_key`: the symbol in one-way mode."""
        self.modes = Modes()
        self.orders: dict[int, Order] = {}
        self.open_orders: dict[int, Order] = {}
        """Those that stand in the book."""
        self.open_conditionals: dict[int, Order] = {}
        """Those that wait for their price."""
        self.trades: list[Trade] = []
        self.trades_of: dict[int, list[Trade]] = {}
        """By order id."""
        self.income: list[Income] = []
        self.busted: list[tuple[str, int]] = []
        """(symbol, trade id) of trades that the venue took back."""
        self._by_client_id: dict[tuple[str, str], int] = {}
        self._by_algo_id: dict[int, int] = {}

    @property
    def leverage(self) -> dict[str, int]:
        return self.modes.leverage

    def holding(self, asset: str) -> Holding:
        return self.holdings.setdefault(asset, Holding())

    def position(self, symbol: str, leg: Leg = Leg.BOTH) -> Position:
        key = position_key(symbol, leg)
        found = self.positions.get(key)
        if found is None:
            found = self.positions[key] = Position(symbol=symbol, leg=leg)
        return found

    def positions_of(self, symbol: str) -> list[Position]:
        """The symbol's positions: at most one in one-way mode, at most two in hedge mode."""
        return [position for position in self.positions.values() if position.symbol == symbol]

    def net_lots(self, symbol: str) -> int:
        return sum(position.lots for position in self.positions_of(symbol))

    def record(self, order: Order) -> None:
        self.orders[order.id] = order
        self._by_client_id[(order.symbol, order.client_id)] = order.id
        if order.algo_id:
            self._by_algo_id[order.algo_id] = order.id

    def find(self, symbol: str, order_id: int | None, client_id: str | None) -> Order | None:
        """By the venue's id, else by the newest order under the client's id."""
        if order_id is None and client_id is not None:
            order_id = self._by_client_id.get((symbol, client_id))
        order = self.orders.get(order_id) if order_id is not None else None
        return order if order is not None and order.symbol == symbol else None

    def find_algo(self, algo_id: int) -> Order | None:
        """A conditional order by the id under which it waits or waited."""
        return self.orders.get(self._by_algo_id.get(algo_id, 0))

    def open_of(self, symbol: str) -> list[Order]:
        return [order for order in self.open_orders.values() if order.symbol == symbol]

    def waiting_of(self, symbol: str) -> list[Order]:
        return [order for order in self.open_conditionals.values() if order.symbol == symbol]

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
