"""One WebSocket connection to a venue, kept up: subscribe, read, answer pings, reconnect with jitter, renew in time.

    line = Line("wss://fstream.binance.com/public/ws/0", greeting=[subscribe_message])
    connection = Connection(line, simulator_uri, on_message, on_up, on_down)
    task = asyncio.create_task(connection.run())      # until cancelled
    connection.send(message)                          # for example to subscribe again
    connection.renew()                                # the next socket opens beside this one, then this one closes

`on_message` gets whole messages as bytes, inflated; from two sockets while one replaces the other, so that the same
message may come twice: receivers drop what they have by its number. If it raises BadInput the connection starts over.
"""

import asyncio
import logging
import random
import zlib
from collections.abc import Callable, Iterable

import msgspec
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.exchange.localnet import LocalTarget, local_target

log = logging.getLogger(__name__)

IDLE_SECONDS = 20.0
"""Wall seconds without a message after which the peer is pinged, and again until it counts as gone: a half-open socket
is found after twice that."""
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0
"""Wall seconds between two attempts: at random in the upper half of a bound that doubles, so that many clients don't
come back at one instant."""
_STEADY_SECONDS = 10.0
"""A connection that lasted this long was a good one: the bound starts over."""

OnMessage = Callable[[bytes], None]


class TopicRefused(BadInput):
    """The venue refuses to tell of one instrument; the connection is well and stays."""

    def __init__(self, instrument: InstrumentId, why: str) -> None:
        super().__init__(why)
        self.instrument = instrument


class Line(msgspec.Struct, frozen=True):
    """An address and how one talks there.

    `greeting`: text messages sent once connected, iterated anew for each socket, so that a signature can be made then.
    The connection is up with the `answers`-th message that comes (1: the venue's answer to a subscription; an opened
    socket alone is no sign). `inflate` unpacks binary frames. `pong` returns the answer to a message that is the
    venue's ping, None for all others (called for every message, so it looks at the first bytes only). `ping` is sent
    instead of a WebSocket ping, for venues that want a text, after `idle` wall seconds without a message; anything that
    comes within as many again is a sign of life.
    """

    url: str
    greeting: Iterable[bytes] = ()
    answers: int = 1
    inflate: Callable[[bytes], bytes] | None = None
    pong: Callable[[bytes], bytes | None] | None = None
    ping: bytes | None = None
    idle: float = IDLE_SECONDS


class _Socket(WSListener):
    """One socket of a connection: puts frames together and hands messages on."""

    def __init__(self, line: Line, on_message: OnMessage, on_up: Callable[[], None]) -> None:
        self._line = line
        self._on_message = on_message
        self._on_up = on_up
        self._part = b""
        self._is_binary = False
        self._awaited = line.answers
        self.transport: WSTransport | None = None
        self.up = asyncio.Event()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        for message in self._line.greeting:
            transport.send(WSMsgType.TEXT, message)

    def send_user_specific_ping(self, transport: WSTransport) -> None:
        if self._line.ping is None:
            transport.send_ping()
        else:
            transport.send(WSMsgType.TEXT, self._line.ping)

    def is_user_specific_pong(self, frame: WSFrame) -> bool:
        """Asked for frames that come while a ping is out: any of them is a sign of life, a text is read as well."""
        if self.transport is not None:
            self.transport.notify_user_specific_pong_received()
        return frame.msg_type is WSMsgType.PONG

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is WSMsgType.CLOSE:
            transport.disconnect()
            return
        if kind not in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            return
        message = frame.get_payload_as_bytes()
        if kind is not WSMsgType.CONTINUATION:
            self._is_binary = kind is WSMsgType.BINARY
        if self._part or not frame.fin:
            self._part += message
            if not frame.fin:
                return
            message, self._part = self._part, b""
        self._take(transport, message)

    def _take(self, transport: WSTransport, message: bytes) -> None:
        line = self._line
        try:
            if self._is_binary and line.inflate is not None:
                message = line.inflate(message)
            if line.pong is not None and (answer := line.pong(message)) is not None:
                transport.send(WSMsgType.TEXT, answer)
                return
            self._on_message(message)
        except (BadInput, OSError, EOFError, zlib.error) as error:
            log.error("%s sent what can't be followed (%s); starting the connection over", line.url, error)
            transport.disconnect(graceful=False)
            return
        if self._awaited:
            self._awaited -= 1
            if not self._awaited:
                self.up.set()
                self._on_up()


class Connection:
    """A line, kept up by `run`. `is_up`: some socket of it stands and has been answered."""

    def __init__(
        self,
        line: Line,
        simulator_uri: str | None,
        on_message: OnMessage,
        on_up: Callable[[], None],
        on_down: Callable[[], None],
    ) -> None:
        """`simulator_uri` leads it to the simulator on this machine; without one it goes to the venue."""
        self.line = line
        self.target = (
            local_target(line.url, simulator_uri) if simulator_uri else LocalTarget(line.url, line.url.split("/")[2])
        )
        self._on_message = on_message
        self._tell_up = on_up
        self._tell_down = on_down
        self._current: _Socket | None = None
        self._renewal = asyncio.Event()
        self.is_up = False
        self.renewals = 0

    async def run(self) -> None:
        """Connects, reads until the connection ends, says so, and starts over. Returns only by cancellation."""
        clock = asyncio.get_running_loop().time
        wait = _FIRST_WAIT
        while True:
            started = clock()
            try:
                await self._serve()
                log.warning("%s: connection ended, connecting again", self.target.host)
            except (OSError, WSError, TimeoutError) as error:
                log.warning("%s: no connection (%s), trying again", self.target.host, error)
            wait = _FIRST_WAIT if clock() - started > _STEADY_SECONDS else min(2 * wait, _LONGEST_WAIT)
            await asyncio.sleep(random.uniform(wait / 2, wait))

    def send(self, message: bytes) -> None:
        """A text message on the socket that stands; dropped where none does: the greeting comes again with the next."""
        if self._current is not None and self._current.transport is not None:
            self._current.transport.send(WSMsgType.TEXT, message)

    def renew(self) -> None:
        """Opens the next socket beside the current one, which closes once the next is up: nothing is missed where a
        venue ends connections after a day."""
        self._renewal.set()

    async def _serve(self) -> None:
        """One socket, and those that replace it while it stands."""
        self._renewal.clear()
        self._current = self._socket()  # before it opens: an answer to its greeting may want one of ours at once
        try:
            await self._open(self._current)
            while (replacement := await self._replacement()) is not None:
                assert self._current.transport is not None
                self._current.transport.disconnect(graceful=False)
                self._current = replacement
                self.renewals += 1
        finally:
            _drop(self._current)
            self._current = None
            if self.is_up:
                self.is_up = False
                self._tell_down()

    async def _replacement(self) -> _Socket | None:
        """Waits until the current socket ends (None), or another is up beside it."""
        assert self._current is not None
        assert self._current.transport is not None
        ended = asyncio.ensure_future(self._current.transport.wait_disconnected())
        try:
            while True:
                renewing = asyncio.ensure_future(self._renewal.wait())
                await asyncio.wait({ended, renewing}, return_when=asyncio.FIRST_COMPLETED)
                renewing.cancel()
                if ended.done():
                    return None
                self._renewal.clear()
                if (next_one := await self._beside()) is not None:
                    return next_one
        finally:
            ended.cancel()

    async def _beside(self) -> _Socket | None:
        """The next socket once it is up; None where that fails."""
        made = self._socket()
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._open(made)
                await made.up.wait()
                return made
        except (OSError, WSError, TimeoutError) as error:
            log.warning("%s: no second connection (%s), the first stays", self.target.host, error)
            _drop(made)
            return None
        except asyncio.CancelledError:
            _drop(made)
            raise

    def _socket(self) -> _Socket:
        return _Socket(self.line, self._on_message, self._on_up)

    async def _open(self, made: _Socket) -> None:
        made.transport, _ = await ws_connect(
            lambda: made,
            self.target.url,
            extra_headers={"Host": self.target.host},
            enable_auto_ping=True,
            auto_ping_idle_timeout=self.line.idle,
            auto_ping_reply_timeout=self.line.idle,
            max_redirects=0,
        )

    def _on_up(self) -> None:
        if not self.is_up:
            self.is_up = True
            self._tell_up()


def _drop(socket: _Socket | None) -> None:
    if socket is not None and socket.transport is not None:
        socket.transport.disconnect(graceful=False)
