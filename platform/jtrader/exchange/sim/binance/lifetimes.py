"""How long connections last: 24 hours of market time, as Binance ends them all, whatever they carry."""

from collections import OrderedDict

from jtrader.domain.times import HOUR
from jtrader.exchange.sim.sockets import Socket

LONGEST = 24 * HOUR


class Lifetimes:
    """Of one door's connections, in the order in which they were opened."""

    def __init__(self) -> None:
        self._opened: OrderedDict[Socket, int] = OrderedDict()

    def opened(self, socket: Socket, now: int) -> None:
        self._opened[socket] = now

    def closed(self, socket: Socket) -> None:
        self._opened.pop(socket, None)

    def passed(self, now: int) -> None:
        """Ends those that are older than that."""
        while self._opened:
            socket, opened = next(iter(self._opened.items()))
            if now - opened < LONGEST:
                return
            del self._opened[socket]
            socket.close(1001)
