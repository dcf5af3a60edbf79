"""One line to a venue against a real socket: greetings, frames, pings, endings, the second socket beside the first."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Callable

from aiohttp import WSMsgType, web

from fixtures.wire import Wire
from jtrader.domain.errors import BadInput
from jtrader.exchange.common.connection import Connection, Line

URL = "wss://venue.example/feed"


class Venue:
    """Answers every message with `ok` (unless `is_dumb`) and keeps its sockets for the test."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, str]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.is_dumb = False
        self.answers_pings = True

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse(autoping=self.answers_pings)
        await line.prepare(request)
        self.sockets.append(line)
        number = len(self.sockets)
        async for message in line:
            if message.type is WSMsgType.TEXT:
                self.heard.append((number, message.data))
                if not self.is_dumb:
                    await line.send_str("ok")
        return line


class Stage:
    def __init__(self, venue: Venue, uri: str, line: Line) -> None:
        self.venue = venue
        self.uri = uri
        self.told: list[bytes] = []
        self.changes: list[str] = []
        self.answer = b""
        self.connection = Connection(
            line, uri, self.take, lambda: self.changes.append("up"), lambda: self.changes.append("down")
        )

    def take(self, message: bytes) -> None:
        if message == b"poison":
            raise BadInput("a subscription was refused")
        self.told.append(message)
        if self.answer:
            self.connection.send(self.answer)


@contextlib.asynccontextmanager
async def stage(line: Line, venue: Venue | None = None) -> AsyncIterator[Stage]:
    venue = venue or Venue()
    app = web.Application()
    app.router.add_get("/feed", venue.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made = Stage(venue, f"http://127.0.0.1:{runner.addresses[0][1]}", line)
    running = asyncio.create_task(made.connection.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await runner.cleanup()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def test_it_is_up_when_every_subscription_is_answered() -> None:
    async def work() -> None:
        venue = Venue()
        venue.is_dumb = True
        async with stage(Line(URL, [b"trades", b"books"], answers=2), venue) as at:
            await until(lambda: len(venue.heard) == 2)
            await venue.sockets[0].send_str("trades ok")
            await until(lambda: len(at.told) == 1)
            assert (at.connection.is_up, at.changes) == (False, [])
            await venue.sockets[0].send_str("books ok")
            await until(lambda: at.connection.is_up)
            assert venue.heard == [(1, "trades"), (1, "books")]
            at.connection.send(b"more")
            await until(lambda: (1, "more") in venue.heard)

    asyncio.run(work())


def test_packed_binary_frames_are_inflated_and_pings_answered_aside() -> None:
    def pong(message: bytes) -> bytes | None:
        return message.replace(b"ping", b"pong") if message.startswith(b"ping") else None

    async def work() -> None:
        async with stage(Line(URL, [b"hello"], inflate=gzip.decompress, pong=pong)) as at:
            await until(lambda: at.connection.is_up)
            at.venue.is_dumb = True
            line = at.venue.sockets[0]
            await line.send_bytes(gzip.compress(b"ping 7"))
            await line.send_bytes(gzip.compress(b"news" * 50_000))
            await until(lambda: len(at.told) == 2)
            assert at.told == [b"ok", b"news" * 50_000]
            await until(lambda: at.venue.heard == [(1, "hello"), (1, "pong 7")])
            at.venue.is_dumb = False
            await line.send_bytes(b"not packed")
            await until(lambda: at.changes == ["up", "down", "up"])

    asyncio.run(work())


def test_a_refusal_starts_the_connection_over() -> None:
    async def work() -> None:
        async with stage(Line(URL, [b"hello"])) as at:
            await until(lambda: at.connection.is_up)
            await at.venue.sockets[0].send_str("poison")
            await until(lambda: len(at.venue.sockets) == 2 and at.connection.is_up)
            assert at.changes == ["up", "down", "up"]

    asyncio.run(work())


def test_a_peer_that_hangs_up_at_once_is_tried_again() -> None:
    async def work() -> None:
        async with stage(Line(URL, [b"hello"])) as at, Wire(at.uri) as wire:
            changes: list[str] = []
            through = Connection(
                at.connection.line, wire.uri, at.take, lambda: changes.append("up"), lambda: changes.append("down")
            )
            running = asyncio.create_task(through.run())
            await until(lambda: through.is_up)
            wire.is_down = True
            wire.cut()
            await until(lambda: wire.refused >= 1)
            wire.is_down = False
            await until(lambda: through.is_up)
            assert changes == ["up", "down", "up"]
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(work())


def test_the_next_socket_is_up_before_the_last_one_closes() -> None:
    async def work() -> None:
        async with stage(Line(URL, [b"hello"])) as at:
            await until(lambda: at.connection.is_up)
            at.venue.is_dumb = True
            at.connection.renew()
            await until(lambda: len(at.venue.heard) == 2)
            first, second = at.venue.sockets
            await first.send_str("from the first")
            await until(lambda: at.told[-1:] == [b"from the first"])
            assert (at.connection.renewals, first.closed) == (0, False)
            await second.send_str("from the second")
            await until(lambda: first.closed)
            assert (at.connection.renewals, at.changes) == (1, ["up"])
            at.connection.send(b"to the second")
            await until(lambda: (2, "to the second") in at.venue.heard)

    asyncio.run(work())


def test_a_second_socket_that_fails_leaves_the_first() -> None:
    async def work() -> None:
        async with stage(Line(URL, [b"hello"])) as at:
            await until(lambda: at.connection.is_up)
            at.venue.is_dumb = True
            at.connection.renew()
            await until(lambda: len(at.venue.heard) == 2)
            await at.venue.sockets[1].close()
            await at.venue.sockets[0].send_str("still here")
            await until(lambda: at.told[-1:] == [b"still here"])
            assert (at.connection.is_up, at.connection.renewals, at.changes) == (True, 0, ["up"])

    asyncio.run(work())


def test_a_peer_that_answers_nothing_any_more_is_left() -> None:
    async def work() -> None:
        venue = Venue()
        venue.answers_pings = False
        async with stage(Line(URL, [b"hello"], idle=0.1), venue) as at:
            await until(lambda: at.changes[:3] == ["up", "down", "up"])

    asyncio.run(work())


def test_a_text_ping_is_sent_where_a_venue_wants_one_and_any_answer_will_do() -> None:
    async def work() -> None:
        venue = Venue()
        venue.answers_pings = False
        async with stage(Line(URL, [b"hello"], ping=b"ping", idle=0.1), venue) as at:
            await until(lambda: venue.heard.count((1, "ping")) == 3)
            assert at.changes == ["up"]

    asyncio.run(work())


def test_a_greeting_s_answer_may_be_answered_at_once() -> None:
    """The venue speaks with its handshake still on the way: what we say to that is not lost."""

    class Hasty(Venue):
        async def serve(self, request: web.Request) -> web.WebSocketResponse:
            line = web.WebSocketResponse()
            await line.prepare(request)
            await line.send_str("welcome")
            self.sockets.append(line)
            async for message in line:
                self.heard.append((len(self.sockets), message.data))
            return line

    async def work() -> None:
        async with stage(Line(URL), Hasty()) as at:
            at.answer = b"subscribe"
            await until(lambda: [text for _, text in at.venue.heard] == ["subscribe"])

    for _ in range(5):
        asyncio.run(work())
