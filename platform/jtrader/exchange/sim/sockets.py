"""WebSocket connections with a queue each, so that a slow reader holds up nobody but itself."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from aiohttp import WSMsgType, web

from jtrader.exchange.sim.faults.faults import Faults
from jtrader.exchange.sim.faults.messages import Line

MOST_QUEUED = 100_000
"""A reader that is this far behind is disconnected, as a venue does."""
PARTING_SECONDS = 0.5
"""How long a client has to answer a close frame."""


Pack = Callable[[bytes], bytes]
"""What a venue makes of a message before it leaves, for example a gzip member; a packed message is a binary frame."""


class Socket:
    """One client. `send` never waits; `pump` writes until the socket closes."""

    def __init__(
        self, ws: web.WebSocketResponse, request: web.Request, faults: Faults, pack: Pack | None = None
    ) -> None:
        self._ws = ws
        self._pack = pack
        self._request = request
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._left = asyncio.Event()
        self._code = 1000
        self._leaves = False
        self.key = ""
        """The client's API key, once it has proven it."""
        self.line = Line(faults, self, request.host.partition(":")[0].lower(), request.path)
        self.sent = 0
        self.is_open = True

    def send(self, message: bytes, topic: str = "") -> None:
        """Queues one message, as it is before packing. `topic` names the stream it is of, for the fault script; a
        reply has none."""
        if self.line.is_quiet:
            self._put(message)
        else:
            self.line.outgoing(message, topic, self._put)

    def close(self, code: int = 1000) -> None:
        if self.is_open:
            self.is_open = False
            self._code = code
            self._wake.set()

    def leave(self, code: int = 1000) -> None:
        """Closes once everything that is queued is out."""
        self._leaves, self._code = True, code
        self._wake.set()

    def reset(self) -> None:
        """Ends without a word."""
        self.close()
        if self._request.transport is not None:
            self._request.transport.abort()

    async def pump(self) -> None:
        """Writes until the socket closes; then says so, and gives the client a moment to agree."""
        while self.is_open:
            await self._wake.wait()
            self._wake.clear()
            if len(self._queue) > MOST_QUEUED:
                self._code = 1008
                break
            await self._flush()
            if self._leaves:
                break
        self.is_open = False
        if not self._left.is_set():
            await self._part()
        await self._ws.close()

    def left(self) -> None:
        """Nothing more will be heard of the client."""
        self._left.set()
        self.close()

    async def _part(self) -> None:
        with suppress(ConnectionError, TimeoutError):
            await self._ws.send_frame(self._code.to_bytes(2), WSMsgType.CLOSE)
            await asyncio.wait_for(self._left.wait(), PARTING_SECONDS)

    def _put(self, message: bytes) -> None:
        if self.is_open:
            self._queue.append(message)
            self._wake.set()

    async def _flush(self) -> None:
        try:
            while self._queue and self.is_open:
                message = self._queue.popleft()
                if self._pack is None:
                    await self._ws.send_frame(message, WSMsgType.TEXT)
                else:
                    await self._ws.send_frame(self._pack(message), WSMsgType.BINARY)
                self.sent += 1
        except ConnectionError:
            self.is_open = False


class Sockets:
    """All that are open now, and the fault script that their messages pass through."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._open: set[Socket] = set()
        self._gone = 0

    def __len__(self) -> int:
        return len(self._open)

    @property
    def sent(self) -> int:
        return self._gone + sum(socket.sent for socket in self._open)

    def add(self, socket: Socket) -> None:
        self._open.add(socket)

    def remove(self, socket: Socket) -> None:
        if socket in self._open:
            self._open.remove(socket)
            self._gone += socket.sent

    def close_all(self) -> None:
        for socket in self._open:
            socket.close()


class Conversation(Protocol):
    """What a door does with one client."""

    def opened(self, socket: Socket) -> None: ...

    def heard(self, socket: Socket, text: str) -> None: ...

    def closed(self, socket: Socket) -> None: ...


async def converse(
    request: web.Request, sockets: Sockets, talk: Conversation, pack: Pack | None = None
) -> web.StreamResponse:
    """Serves one WebSocket until it closes. `opened` comes first, so nothing is missed once the client is connected."""
    ws = web.WebSocketResponse(compress=False, autoping=False, autoclose=False)
    socket = Socket(ws, request, sockets.faults, pack)
    talk.opened(socket)
    try:
        await ws.prepare(request)
        sockets.add(socket)
        socket.line.opened()
        pump = asyncio.create_task(socket.pump())
        try:
            async for message in ws:
                if message.type is WSMsgType.PING and not socket.line.half_open:
                    await ws.pong(message.data)
                elif message.type is WSMsgType.TEXT:
                    _hear(socket, talk, message.data)
        finally:
            socket.line.closed()
            socket.left()
            await pump
    finally:
        talk.closed(socket)
        sockets.remove(socket)
    return ws


def _hear(socket: Socket, talk: Conversation, text: str) -> None:
    if socket.line.is_quiet:
        talk.heard(socket, text)
    else:
        socket.line.incoming(text.encode(), lambda message: talk.heard(socket, message.decode()))
