"""Who reads which market channel of one market."""

from collections import defaultdict

import msgspec

from jtrader.domain.times import SECOND, to_millis
from jtrader.exchange.sim.huobi.channels import listing_of, stream_of
from jtrader.exchange.sim.huobi.depth_streams import IncrementStream
from jtrader.exchange.sim.huobi.stream import Moment, Stream, Tick
from jtrader.exchange.sim.sockets import Socket
from jtrader.exchange.sim.world import Told, World
from jtrader.venue.records import TradePrinted

_Name = tuple[str, bool]
"""A channel, and whether changes are wanted instead of the whole."""


class _Live:
    """A channel that somebody reads."""

    def __init__(self, channel: str, stream: Stream) -> None:
        self.channel = channel
        self.stream = stream
        self.readers: set[Socket] = set()


class Hub:
    def __init__(self, world: World, market: str) -> None:
        self._world = world
        self._market = market
        self._live: dict[str, dict[_Name, _Live]] = defaultdict(dict)
        """By symbol."""
        self._second = world.now // SECOND

    def serves(self, channel: str, incremental: bool) -> bool:
        return stream_of(self._world, self._market, channel, incremental) is not None

    def follow(self, socket: Socket, channel: str, incremental: bool) -> None:
        """The channel must be one that is served. The socket gets its opening, also where it had it already."""
        listing = listing_of(self._world, self._market, channel)
        assert listing is not None, channel
        live = self._live[listing.symbol].get((channel, incremental))
        if live is None:
            stream = stream_of(self._world, self._market, channel, incremental)
            assert stream is not None, channel
            live = self._live[listing.symbol][(channel, incremental)] = _Live(channel, stream)
        live.readers.add(socket)
        opening = live.stream.opening()
        if opening is not None:
            socket.send(self._message(channel, opening), channel)

    def unfollow(self, socket: Socket, channel: str, incremental: bool) -> bool:
        """False where the socket did not read it."""
        listing = listing_of(self._world, self._market, channel)
        live = self._live[listing.symbol].get((channel, incremental)) if listing is not None else None
        if listing is None or live is None or socket not in live.readers:
            return False
        live.readers.remove(socket)
        self._sweep(listing.symbol)
        return True

    def forget(self, socket: Socket) -> None:
        for symbol in list(self._live):
            for live in self._live[symbol].values():
                live.readers.discard(socket)
            self._sweep(symbol)

    def whole(self, channel: str) -> Tick | None:
        """The whole book of an incremental channel, as its readers know it; None for other channels."""
        listing = listing_of(self._world, self._market, channel)
        live = self._live[listing.symbol].get((channel, False)) if listing is not None else None
        stream = live.stream if live is not None else stream_of(self._world, self._market, channel, False)
        return stream.whole() if isinstance(stream, IncrementStream) else None

    def tell(self, told: Told) -> None:
        printed: dict[str, list[TradePrinted]] = defaultdict(list)
        for one in told.happened:
            if isinstance(one, TradePrinted):
                printed[one.symbol].append(one)
        second_began = told.now // SECOND != self._second
        self._second = told.now // SECOND
        for symbol, book in self._world.venues[self._market].books.items():
            changed = bool(book.drain_changes())
            lives = self._live.get(symbol)
            if lives:
                moment = Moment(told.now, printed[symbol], changed, second_began)
                for live in lives.values():
                    self._emit(live, moment)

    def _emit(self, live: _Live, moment: Moment) -> None:
        for tick in live.stream.tell(moment):
            message = self._message(live.channel, tick)
            for socket in live.readers:
                socket.send(message, live.channel)

    def _message(self, channel: str, tick: Tick) -> bytes:
        return msgspec.json.encode({"ch": channel, "ts": to_millis(self._world.now), "tick": tick})

    def _sweep(self, symbol: str) -> None:
        lives = self._live[symbol]
        for name in [name for name, live in lives.items() if not live.readers]:
            del lives[name]
