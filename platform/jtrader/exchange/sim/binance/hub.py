"""Who listens to what: subscriptions to market streams, and private streams by account."""

from collections import defaultdict
from typing import Any

import msgspec

from jtrader.exchange.sim.binance.events import private_events
from jtrader.exchange.sim.binance.market_streams import Teller
from jtrader.exchange.sim.sockets import Socket
from jtrader.exchange.sim.world import Told, World


class Listener(msgspec.Struct, frozen=True):
    """How a connection gets an account's events: wrapped with a subscription's id on the WebSocket API, by listen key
    on the futures' streams."""

    subscription: int | None = None
    listen_key: str = ""


class Hub:
    """Of one market. A combined connection gets `{"stream", "data"}` around each message."""

    def __init__(self, world: World, market: str) -> None:
        self._world = world
        self._market = market
        self._teller = Teller(world, market)
        self._plain: dict[str, set[Socket]] = defaultdict(set)
        self._combined: dict[str, set[Socket]] = defaultdict(set)
        self._private: dict[str, dict[Socket, Listener]] = defaultdict(dict)

    def subscribe(self, socket: Socket, stream: str, combined: bool) -> None:
        (self._combined if combined else self._plain)[stream].add(socket)
        self._read()

    def unsubscribe(self, socket: Socket, stream: str) -> None:
        self._plain[stream].discard(socket)
        self._combined[stream].discard(socket)
        self._read()

    def streams_of(self, socket: Socket) -> list[str]:
        found = {
            name for table in (self._plain, self._combined) for name, sockets in table.items() if socket in sockets
        }
        return sorted(found)

    def listen(self, socket: Socket, account: str, listener: Listener) -> None:
        """Private events of an account."""
        socket.key = account
        self._private[account][socket] = listener

    def unlisten(self, socket: Socket) -> None:
        for sockets in self._private.values():
            sockets.pop(socket, None)

    def expire(self, account: str, listen_key: str, now_ms: int) -> None:
        """Tells the listeners of a listen key that it has expired; their connections stay, and hear no more of it."""
        event = {"e": "listenKeyExpired", "E": now_ms, "listenKey": listen_key}
        listeners = self._private.get(account, {})
        for socket in [socket for socket, listener in listeners.items() if listener.listen_key == listen_key]:
            socket.send(msgspec.json.encode(event), "listenKeyExpired")
            del listeners[socket]

    def forget(self, socket: Socket) -> None:
        for table in (self._plain, self._combined):
            for sockets in table.values():
                sockets.discard(socket)
        self.unlisten(socket)
        self._read()

    def tell(self, told: Told) -> None:
        for one in told.happened:
            for account, event in private_events(one, self._world.venues[self._market]):
                self._send_private(account, event)
        self._teller.tell(told, self._emit)

    def _read(self) -> None:
        """Only streams with a reader are told."""
        for table in (self._plain, self._combined):
            for name in [name for name, sockets in table.items() if not sockets]:
                del table[name]
        self._teller.wants({*self._plain, *self._combined})

    def _emit(self, stream: str, message: Any) -> None:
        body = msgspec.json.encode(message)
        for socket in self._plain.get(stream, ()):
            socket.send(body, stream)
        readers = self._combined.get(stream)
        if readers:
            wrapped = b'{"stream":"' + stream.encode() + b'","data":' + body + b"}"
            for socket in readers:
                socket.send(wrapped, stream)

    def _send_private(self, account: str, event: dict[str, Any]) -> None:
        for socket, listener in self._private.get(account, {}).items():
            shown = (
                event if listener.subscription is None else {"subscriptionId": listener.subscription, "event": event}
            )
            socket.send(msgspec.json.encode(shown), event["e"])
