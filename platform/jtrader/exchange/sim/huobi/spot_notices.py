"""Who listens to which of spot's private topics: `orders#`, `trade.clearing#`, `accounts.update#`."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from jtrader.exchange.sim.huobi.spot_events import balance_row, clearing_event, order_event
from jtrader.exchange.sim.sockets import Socket
from jtrader.exchange.sim.world import Told, World
from jtrader.venue.account import Account
from jtrader.venue.records import BalancesChanged, Holding, OrderReported

_ORDERS = re.compile(r"orders#([a-z0-9]+|\*)")
_TRADES = re.compile(r"trade\.clearing#([a-z0-9]+|\*)(?:#([01]))?")
_BALANCES = re.compile(r"accounts\.update(?:#([012]))?")
_CHANGES = {"ORDER": "order.match", "DEPOSIT": "deposit", "WITHDRAW": "withdraw"}

Push = tuple[str, dict[str, Any]]
"""(topic, data)"""


class SpotNotices:
    def __init__(self, world: World, market: str) -> None:
        self._world = world
        self._venue = world.venues[market]
        self._readers: dict[str, dict[str, set[Socket]]] = defaultdict(lambda: defaultdict(set))
        """By account and topic."""
        self._known: dict[str, dict[str, tuple[int, int]]] = {}
        """Total and free of each asset, as told last, of the accounts that somebody listens to."""

    def topic(self, channel: str) -> str | None:
        """The topic's full name; None for one that there isn't."""
        if (balances := _BALANCES.fullmatch(channel)) is not None:
            return f"accounts.update#{balances[1] or 0}"
        match = _ORDERS.fullmatch(channel) or _TRADES.fullmatch(channel)
        if match is None:
            return None
        return channel if match.re is _ORDERS else f"trade.clearing#{match[1]}#{match[2] or 0}"

    def lists(self, channel: str) -> bool:
        """Whether the topic's pair, if it names one, is listed."""
        match = _ORDERS.fullmatch(channel) or _TRADES.fullmatch(channel)
        return match is None or match[1] == "*" or match[1] in self._venue.listings

    def follow(self, socket: Socket, topic: str, account: Account) -> None:
        """A topic of balances begins with what there is."""
        self._readers[account.name][topic].add(socket)
        known = self._known.setdefault(account.name, _state(account))
        if topic.startswith("accounts"):
            for asset in known:
                row = balance_row(account, asset, account.holding(asset), None, self._world.now)
                socket.send(_push(topic, row), topic)

    def unfollow(self, socket: Socket, topic: str, account: str) -> None:
        self._readers[account][topic].discard(socket)
        self._sweep(account)

    def forget(self, socket: Socket) -> None:
        for account in list(self._readers):
            for sockets in self._readers[account].values():
                sockets.discard(socket)
            self._sweep(account)

    def tell(self, told: Told) -> None:
        if not self._readers:
            return
        for one in told.happened:
            if isinstance(one, OrderReported):
                self._send(one.order.account, self._order_pushes(one))
            elif isinstance(one, BalancesChanged):
                change = "order.cancel" if one.reason == "ORDER" and not one.rows else None
                self._send(one.account, self._changed(one, change or _CHANGES.get(one.reason, "other")))
        for name in list(self._readers):
            self._send(name, self._rest(self._venue.accounts[name]))

    def _order_pushes(self, report: OrderReported) -> Iterator[Push]:
        order = report.order
        if order.account not in self._readers:
            return
        account, listing = self._venue.accounts[order.account], self._venue.listings[order.symbol]
        event = order_event(report, account, listing)
        if event is not None:
            yield from ((f"orders#{name}", event) for name in (order.symbol, "*"))
        cleared = clearing_event(report, account, listing)
        if cleared is not None:
            modes = (0, 1) if report.trade is not None else (1,)
            yield from ((f"trade.clearing#{name}#{mode}", cleared) for name in (order.symbol, "*") for mode in modes)

    def _changed(self, change: BalancesChanged, word: str) -> Iterator[Push]:
        known = self._known.get(change.account)
        if known is None:
            return
        account = self._venue.accounts[change.account]
        for asset, holding in change.holdings.items():
            yield from _balance_pushes(account, asset, holding, known, word, change.ts)

    def _rest(self, account: Account) -> Iterator[Push]:
        """What else has changed: what orders have locked."""
        known = self._known[account.name]
        for asset, holding in account.holdings.items():
            yield from _balance_pushes(account, asset, holding, known, "order.place", self._world.now)

    def _send(self, account: str, pushes: Iterator[Push]) -> None:
        readers = self._readers.get(account)
        if readers is None:
            return
        for topic, data in pushes:
            sockets = readers.get(topic)
            if sockets:
                message = _push(topic, data)
                for socket in sockets:
                    socket.send(message, topic)

    def _sweep(self, account: str) -> None:
        topics = self._readers[account]
        for topic in [topic for topic, sockets in topics.items() if not sockets]:
            del topics[topic]
        if not topics:
            del self._readers[account]
            self._known.pop(account, None)


def _balance_pushes(
    account: Account, asset: str, holding: Holding, known: dict[str, tuple[int, int]], word: str, ts: int
) -> Iterator[Push]:
    """Mode 0 tells balances that changed, 1 balance and available each on its own, 2 both when either has changed."""
    total, free = known.get(asset, (0, 0))
    if (holding.total, holding.free) == (total, free):
        return
    known[asset] = (holding.total, holding.free)
    row = balance_row(account, asset, holding, word, ts)
    without = {"balance": _without(row, "available"), "available": _without(row, "balance")}
    if holding.total != total:
        yield "accounts.update#0", without["balance"]
        yield "accounts.update#1", without["balance"]
    if holding.free != free:
        yield "accounts.update#1", without["available"]
    yield "accounts.update#2", row


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _state(account: Account) -> dict[str, tuple[int, int]]:
    return {asset: (holding.total, holding.free) for asset, holding in account.holdings.items()}


def _push(topic: str, data: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"action": "push", "ch": topic, "data": data})
