"""WebSocket connections with a queue each, so that a slow reader holds up nobody but itself."""

import asyncio
from collections import deque
from typing import Protocol

from aiohttp import WSMsgType, web

MOST_QUEUED = 100_000
"""A reader that is this far behind is disconnected, as a venue does."""


class Socket:
    """One client. `send` never waits; `pump` writes until the socket closes."""

    def __init__(self, ws: web.WebSocketResponse) -> None:
        self._ws = ws
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self.sent = 0
        self.is_open = True

    def send(self, message: bytes) -> None:
        """Queues one text message."""
        if self.is_open:
            self._queue.append(message)
            self._wake.set()

    def close(self) -> None:
        self.is_open = False
        self._wake.set()

    async def pump(self) -> None:
        while self.is_open:
            await self._wake.wait()
            self._wake.clear()
            if len(self._queue) > MOST_QUEUED:
                break
            await self._flush()
        self.is_open = False
        await self._ws.close(code=1008 if self._queue else 1000)

    async def _flush(self) -> None:
        try:
            while self._queue and self.is_open:
                await self._ws.send_frame(self._queue.popleft(), WSMsgType.TEXT)
                self.sent += 1
        except ConnectionError:
            self.is_open = False


class Sockets:
    """All that are open now."""

    def __init__(self) -> None:
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


async def converse(request: web.Request, sockets: Sockets, talk: Conversation) -> web.StreamResponse:
    """Serves one WebSocket until it closes. `opened` comes first, so nothing is missed once the client is connected."""
    ws = web.WebSocketResponse(compress=False)
    socket = Socket(ws)
    talk.opened(socket)
    try:
        await ws.prepare(request)
        sockets.add(socket)
        pump = asyncio.create_task(socket.pump())
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    talk.heard(socket, message.data)
        finally:
            socket.close()
            await pump
    finally:
        talk.closed(socket)
        sockets.remove(socket)
    return ws
