"""Who reads which table of which symbol or account."""

from collections import defaultdict
from collections.abc import Sequence

from jtrader.exchange.sim.bitmex.account_rows import account_number
from jtrader.exchange.sim.bitmex.account_tables import AccountTables
from jtrader.exchange.sim.bitmex.market_tables import MarketTables
from jtrader.exchange.sim.bitmex.tables import Row, message, partial
from jtrader.exchange.sim.bitmex.words import MARKET
from jtrader.exchange.sim.sockets import Socket
from jtrader.exchange.sim.world import Told, World
from jtrader.venue.account import Account
from jtrader.venue.records import (
    BalancesChanged,
    ModeChanged,
    OrderReported,
    RulesChanged,
    StatusChanged,
    TradePrinted,
)

Topic = tuple[str, str]
"""(table, symbol); the symbol is empty for all symbols, an account's name for private tables."""


class Hub:
    def __init__(self, world: World) -> None:
        self._world = world
        self._market = MarketTables(world)
        self._accounts: dict[str, AccountTables] = {}
        self._readers: dict[Topic, set[Socket]] = defaultdict(set)

    def follow(self, socket: Socket, table: str, symbol: str) -> None:
        """A public table: the state now, then every change."""
        symbols = [symbol] if symbol else list(self._world.venues[MARKET].listings)
        rows = [row for one in symbols for row in self._market.rows(table, one, not self._is_read(table, one))]
        socket.send(partial(table, {"symbol": symbol} if symbol else {}, rows), _topic(table, symbol))
        self._readers[(table, symbol)].add(socket)

    def follow_account(self, socket: Socket, table: str, account: Account) -> None:
        tables = self._accounts.setdefault(account.name, AccountTables(self._world, account))
        socket.send(partial(table, {"account": account_number(account)}, tables.rows(table)), table)
        self._readers[(table, account.name)].add(socket)

    def unfollow(self, socket: Socket, table: str, name: str) -> None:
        self._readers[(table, name)].discard(socket)

    def forget(self, socket: Socket) -> None:
        for readers in self._readers.values():
            readers.discard(socket)

    def tell(self, told: Told) -> None:
        for one in told.happened:
            if not isinstance(one, TradePrinted | StatusChanged | RulesChanged):
                self._tell_account(one)
        self._market.tell(told, self._is_read, self._emit_market)

    def _tell_account(self, one: OrderReported | BalancesChanged | ModeChanged) -> None:
        name = one.order.account if isinstance(one, OrderReported) else one.account
        tables = self._accounts.get(name)

        def say(table: str, action: str, rows: Sequence[Row]) -> None:
            self._emit(table, name, action, rows)

        if tables is not None:
            tables.tell(one, say)

    def _is_read(self, table: str, symbol: str) -> bool:
        return bool(self._readers.get((table, symbol)) or self._readers.get((table, "")))

    def _emit_market(self, table: str, symbol: str, action: str, rows: Sequence[Row]) -> None:
        readers = self._readers.get((table, symbol), set()) | self._readers.get((table, ""), set())
        self._send(readers, message(table, action, rows), _topic(table, symbol))

    def _emit(self, table: str, account: str, action: str, rows: Sequence[Row]) -> None:
        readers = self._readers.get((table, account))
        if readers:
            self._send(readers, message(table, action, rows), table)

    def _send(self, readers: set[Socket], body: bytes, topic: str) -> None:
        for socket in readers:
            socket.send(body, topic)


def _topic(table: str, symbol: str) -> str:
    return f"{table}:{symbol}" if symbol else table
