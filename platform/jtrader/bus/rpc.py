"""Commands by RPC: a ROUTER serves, DEALERs ask; msgpack with typed parameters, results and errors.

Request `{"id", "method", "params", "deadline"}`, reply `{"id", "ok", "result" | "error": {"kind", "message"}}`.
`deadline` is wall time in ns: what the caller no longer waits for is not carried out. A request is never queued for a
server that is not there, and never sent twice.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, get_type_hints

import msgspec
import zmq
import zmq.asyncio

from jtrader.bus.sockets import bind, check_loopback
from jtrader.domain.errors import BadInput, Broken, JtraderError, Unavailable

T = TypeVar("T")
Handler = Callable[..., Awaitable[Any]]


class RpcTimeout(Unavailable):
    """The request was sent and nobody answered in time: it may have been carried out."""


class RpcFault(JtraderError):
    """The server failed with an error that has no type here; the message is the server's."""


_ERRORS: dict[str, type[JtraderError]] = {
    "BadInput": BadInput,
    "Unavailable": Unavailable,
    "Broken": Broken,
}


class _Request(msgspec.Struct):
    id: int
    method: str
    params: msgspec.Raw = msgspec.Raw(b"\x80")
    deadline: int = 0


class _Error(msgspec.Struct):
    kind: str
    message: str


class _Reply(msgspec.Struct, omit_defaults=True):
    id: int
    ok: bool
    result: Any = None
    error: _Error | None = None


class _RawReply(msgspec.Struct):
    id: int
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"\xc0")
    error: _Error | None = None


def _error_kind(error: JtraderError) -> str:
    """The nearest ancestor that a client knows, else the error's own name."""
    return next((c.__name__ for c in type(error).__mro__ if c.__name__ in _ERRORS), type(error).__name__)


class RpcServer:
    """Serves `handlers`: async functions whose annotated parameters are what a caller may send, by name.

    Handlers start in the order of arrival and run as tasks. A JtraderError goes to the caller; any other exception
    ends `serve`, so that the host halts.
    """

    def __init__(self, uri: str, handlers: Mapping[str, Handler], wall: Callable[[], int] = time.time_ns) -> None:
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self.uri = bind(self._context, self._socket, uri)
        self._handlers = {name: (handler, _params_type(name, handler)) for name, handler in handlers.items()}
        self._wall = wall
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_Request)

    async def serve(self) -> None:
        """Runs until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                sender, *frames = await self._socket.recv_multipart()
                try:
                    [payload] = frames
                    request = self._decoder.decode(payload)
                except ValueError as error:
                    await self._send(sender, _Reply(0, ok=False, error=_Error("BadInput", f"not a request: {error}")))
                    continue
                tasks.create_task(self._answer(sender, request))

    def close(self) -> None:
        self._context.destroy(linger=200)

    async def _answer(self, sender: bytes, request: _Request) -> None:
        if request.deadline and self._wall() > request.deadline:
            return
        try:
            reply = _Reply(request.id, ok=True, result=await self._call(request))
        except JtraderError as error:
            reply = _Reply(request.id, ok=False, error=_Error(_error_kind(error), str(error)))
        await self._send(sender, reply)

    async def _call(self, request: _Request) -> Any:
        if request.method not in self._handlers:
            raise BadInput(f"no method '{request.method}'; there are {', '.join(sorted(self._handlers))}")
        handler, params_type = self._handlers[request.method]
        try:
            params = msgspec.msgpack.decode(request.params, type=params_type)
        except ValueError as error:
            raise BadInput(f"{request.method}: {error}") from error
        return await handler(**msgspec.structs.asdict(params))

    async def _send(self, receiver: bytes, reply: _Reply) -> None:
        await self._socket.send_multipart((receiver, self._encoder.encode(reply)))


def _params_type(method: str, handler: Handler) -> type[msgspec.Struct]:
    """A struct of the handler's annotated parameters; unknown names are refused."""
    hints = get_type_hints(handler)
    fields: list[Any] = []
    for name, parameter in inspect.signature(handler).parameters.items():
        default = () if parameter.default is inspect.Parameter.empty else (parameter.default,)
        fields.append((name, hints[name], *default))
    return msgspec.defstruct(f"{method}_params", fields, kw_only=True, forbid_unknown_fields=True)


class RpcClient:
    """Asks one server; safe for concurrent calls. Reconnects by itself: after a timeout on a fresh socket."""

    def __init__(self, uri: str, timeout: float = 5.0, wall: Callable[[], int] = time.time_ns) -> None:
        self._uri = check_loopback(uri)
        self._timeout = timeout
        self._wall = wall
        self._context = zmq.asyncio.Context()
        self._socket: zmq.asyncio.Socket | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[_RawReply]] = {}
        self._next_id = 0
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_RawReply)

    async def call(
        self, method: str, result: type[T], params: Mapping[str, Any] | None = None, timeout: float | None = None
    ) -> T:
        """The method's answer as `result`. Raises Unavailable (nobody there: nothing was done), RpcTimeout (it may
        have been done), and what the server raised: BadInput, Broken, RpcFault."""
        limit = self._timeout if timeout is None else timeout
        self._next_id += 1
        deadline = self._wall() + int(limit * 1e9)
        raw_params = msgspec.Raw(self._encoder.encode(params or {}))
        request = self._encoder.encode(_Request(self._next_id, method, raw_params, deadline))
        reply = await self._ask(self._next_id, method, request, limit)
        if reply.ok:
            return msgspec.msgpack.decode(reply.result, type=result)
        error = reply.error or _Error("RpcFault", f"{method} failed without a reason")
        raise _ERRORS.get(error.kind, RpcFault)(error.message)

    async def close(self) -> None:
        await self._disconnect()
        self._context.term()

    async def _ask(self, request_id: int, method: str, request: bytes, limit: float) -> _RawReply:
        socket = self._connected()
        future: asyncio.Future[_RawReply] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = future
        sent = False
        try:
            async with asyncio.timeout(limit):
                await socket.send(request)
                sent = True
                return await future
        except TimeoutError:
            await self._reconnect(socket)
            if not sent:
                raise Unavailable(
                    f"nobody serves {method} at {self._uri}; see 'jtrader status', start it with 'make up'"
                ) from None
            raise RpcTimeout(f"no answer to {method} from {self._uri} within {limit:g} s") from None
        finally:
            self._waiting.pop(request_id, None)

    def _connected(self) -> zmq.asyncio.Socket:
        if self._socket is None:
            self._socket = self._context.socket(zmq.DEALER)
            self._socket.linger = 0
            self._socket.immediate = True  # queue for a live server only
            self._socket.reconnect_ivl = 50
            self._socket.reconnect_ivl_max = 1000
            self._socket.connect(self._uri)
            self._reader = asyncio.create_task(self._read(self._socket))
        return self._socket

    async def _read(self, socket: zmq.asyncio.Socket) -> None:
        while True:
            reply = self._decoder.decode(await socket.recv())
            future = self._waiting.get(reply.id)
            if future is not None and not future.done():
                future.set_result(reply)

    async def _reconnect(self, used: zmq.asyncio.Socket) -> None:
        """Drops the socket of a timed-out call unless other calls still wait on it or it was dropped already."""
        if self._socket is used and len(self._waiting) <= 1:
            await self._disconnect()

    async def _disconnect(self) -> None:
        reader, self._reader = self._reader, None
        socket, self._socket = self._socket, None
        if reader is not None:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
        if socket is not None:
            socket.close()
