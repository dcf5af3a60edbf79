"""Who listens to what: subscriptions to market streams, and private streams by account."""

from collections import defaultdict
from typing import Any

import msgspec

from jtrader.exchange.sim.binance import rows_spot, rows_usdm
from jtrader.exchange.sim.binance.errors import SPOT
from jtrader.exchange.sim.binance.market_streams import Teller
from jtrader.exchange.sim.sockets import Socket
from jtrader.exchange.sim.world import Told, World
from jtrader.venue.records import BalancesChanged, OrderReported


class Hub:
    """Of one market. A combined connection gets `{"stream", "data"}` around each message."""

    def __init__(self, world: World, market: str) -> None:
        self._world = world
        self._market = market
        self._teller = Teller(world, market)
        self._plain: dict[str, set[Socket]] = defaultdict(set)
        self._combined: dict[str, set[Socket]] = defaultdict(set)
        self._private: dict[str, dict[Socket, int | None]] = defaultdict(dict)

    def subscribe(self, socket: Socket, stream: str, combined: bool) -> None:
        (self._combined if combined else self._plain)[stream].add(socket)

    def unsubscribe(self, socket: Socket, stream: str) -> None:
        self._plain[stream].discard(socket)
        self._combined[stream].discard(socket)

    def streams_of(self, socket: Socket) -> list[str]:
        found = {
            name for table in (self._plain, self._combined) for name, sockets in table.items() if socket in sockets
        }
        return sorted(found)

    def listen(self, socket: Socket, account: str, subscription: int | None = None) -> None:
        """Private events of an account; with a subscription id they come wrapped, as on the WebSocket API."""
        self._private[account][socket] = subscription

    def unlisten(self, socket: Socket) -> None:
        for sockets in self._private.values():
            sockets.pop(socket, None)

    def forget(self, socket: Socket) -> None:
        for table in (self._plain, self._combined):
            for sockets in table.values():
                sockets.discard(socket)
        self.unlisten(socket)

    def tell(self, told: Told) -> None:
        self._tell_private(told)
        self._teller.tell(told, self._is_wanted, self._emit)

    def _is_wanted(self, stream: str) -> bool:
        return bool(self._plain.get(stream) or self._combined.get(stream))

    def _emit(self, stream: str, message: dict[str, Any]) -> None:
        body = msgspec.json.encode(message)
        for socket in self._plain.get(stream, ()):
            socket.send(body)
        readers = self._combined.get(stream)
        if readers:
            wrapped = b'{"stream":"' + stream.encode() + b'","data":' + body + b"}"
            for socket in readers:
                socket.send(wrapped)

    def _tell_private(self, told: Told) -> None:
        for one in told.happened:
            if isinstance(one, OrderReported):
                self._send_private(one.order.account, [self._order_event(one)])
            elif isinstance(one, BalancesChanged):
                self._send_private(one.account, self._balance_events(one))

    def _send_private(self, account: str, events: list[dict[str, Any]]) -> None:
        for socket, subscription in self._private.get(account, {}).items():
            for event in events:
                shown = event if subscription is None else {"subscriptionId": subscription, "event": event}
                socket.send(msgspec.json.encode(shown))

    def _order_event(self, report: OrderReported) -> dict[str, Any]:
        listing = self._world.venues[self._market].listings[report.order.symbol]
        shape = rows_spot.execution_report if self._market == SPOT else rows_usdm.order_update
        return shape(report, listing)

    def _balance_events(self, change: BalancesChanged) -> list[dict[str, Any]]:
        venue = self._world.venues[self._market]
        if venue.linear is None:
            return rows_spot.account_events(change)
        return [rows_usdm.account_update(change, venue.listings, venue.linear)]
