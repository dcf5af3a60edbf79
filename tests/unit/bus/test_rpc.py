"""RPC: typed parameters and results, errors with their type, timeouts that tell sent from not sent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
import pytest
import zmq
import zmq.asyncio

from jtrader.bus.rpc import Handler, RpcClient, RpcFault, RpcServer, RpcTimeout
from jtrader.domain.errors import BadInput, Broken, JtraderError, Unavailable


class Order(msgspec.Struct, frozen=True):
    quantity: Decimal
    note: str | None = None


class OutOfPaper(JtraderError):
    """An error that the client does not know."""


class Desk:
    """Handlers that remember what they did."""

    def __init__(self) -> None:
        self.done: list[Order] = []

    async def double(self, order: Order, times: int = 2) -> Order:
        self.done.append(order)
        return Order(order.quantity * times, order.note)

    async def fail(self, kind: str) -> None:
        errors = {"BadInput": BadInput, "Broken": Broken, "Unavailable": Unavailable}
        raise errors.get(kind, OutOfPaper)(f"because {kind}")

    async def sleep(self) -> None:
        await asyncio.sleep(60)

    def handlers(self) -> dict[str, Handler]:
        return {"double": self.double, "fail": self.fail, "sleep": self.sleep}


@contextlib.asynccontextmanager
async def serving(desk: Desk, uri: str = "tcp://127.0.0.1:*") -> AsyncIterator[str]:
    server = RpcServer(uri, desk.handlers())
    task = asyncio.create_task(server.serve())
    try:
        yield server.uri
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()


def test_exact_amounts_survive_the_way_there_and_back() -> None:
    async def run() -> None:
        async with serving(Desk()) as uri:
            client = RpcClient(uri)
            answer = await client.call("double", Order, {"order": Order(Decimal("0.12345678"))})
            assert answer == Order(Decimal("0.24691356"))
            await client.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "params", "error", "says"),
    [
        ("fail", {"kind": "BadInput"}, BadInput, "because BadInput"),
        ("fail", {"kind": "Broken"}, Broken, "because Broken"),
        ("fail", {"kind": "Unavailable"}, Unavailable, "because Unavailable"),
        ("fail", {"kind": "Paper"}, RpcFault, "because Paper"),
        ("halve", {}, BadInput, "no method 'halve'; there are double, fail, sleep"),
        ("double", {"order": {"quantity": "many"}}, BadInput, "double"),
        ("double", {}, BadInput, "order"),
        ("double", {"order": {"quantity": "1"}, "tiems": 3}, BadInput, "tiems"),
    ],
)
def test_errors_keep_their_type_and_sentence(
    method: str, params: dict[str, object], error: type[JtraderError], says: str
) -> None:
    async def run() -> None:
        async with serving(Desk()) as uri:
            client = RpcClient(uri)
            with pytest.raises(error, match=says):
                await client.call(method, object, params)
            await client.close()

    asyncio.run(run())


def test_concurrent_calls_get_their_own_answers() -> None:
    async def run() -> None:
        async with serving(Desk()) as uri:
            client = RpcClient(uri)
            calls = (client.call("double", Order, {"order": Order(Decimal(n))}) for n in range(200))
            assert [answer.quantity for answer in await asyncio.gather(*calls)] == [2 * n for n in range(200)]
            await client.close()

    asyncio.run(run())


def test_without_a_server_nothing_is_sent_neither_now_nor_later() -> None:
    async def run() -> None:
        async with serving(Desk()) as uri:
            pass
        client = RpcClient(uri)
        with pytest.raises(Unavailable, match="nobody serves double") as refusal:
            await client.call("double", Order, {"order": Order(Decimal(1))}, timeout=0.1)
        assert not isinstance(refusal.value, RpcTimeout)
        desk = Desk()
        async with serving(desk, uri):
            await client.call("double", Order, {"order": Order(Decimal(2))})
        assert [order.quantity for order in desk.done] == [2]
        await client.close()

    asyncio.run(run())


def test_no_answer_in_time_is_a_timeout_and_the_next_call_goes_through() -> None:
    async def run() -> None:
        async with serving(Desk()) as uri:
            client = RpcClient(uri)
            with pytest.raises(RpcTimeout, match=r"no answer to sleep"):
                await client.call("sleep", object, timeout=0.1)
            answer = await client.call("double", Order, {"order": Order(Decimal(3))})
            assert answer.quantity == 6
            await client.close()

    asyncio.run(run())


def test_a_request_nobody_waits_for_any_more_is_not_carried_out() -> None:
    async def run() -> None:
        desk = Desk()
        late = RpcServer("tcp://127.0.0.1:*", desk.handlers(), wall=lambda: 2**62)
        task = asyncio.create_task(late.serve())
        client = RpcClient(late.uri)
        with pytest.raises(RpcTimeout):
            await client.call("double", Order, {"order": Order(Decimal(1))}, timeout=0.2)
        assert desk.done == []
        await client.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        late.close()

    asyncio.run(run())


def test_a_restarted_server_is_found_again_at_the_latest_after_one_timeout() -> None:
    async def run() -> None:
        async with serving(Desk()) as uri:
            client = RpcClient(uri)
            await client.call("double", Order, {"order": Order(Decimal(1))})
        async with serving(Desk(), uri):
            with contextlib.suppress(RpcTimeout):  # sent into the old connection before its end was noticed
                await client.call("double", Order, {"order": Order(Decimal(4))}, timeout=0.5)
            answer = await client.call("double", Order, {"order": Order(Decimal(5))})
            assert answer.quantity == 10
        await client.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ([b"", b"\x80"], "not a request"),
        ([b"\xff\xff"], "not a request"),
        (
            [msgspec.msgpack.encode({"id": 1, "method": "fail", "params": msgspec.Raw(b"\x81\xa4kind\xa2\xff\xfe")})],
            "fail: 'utf-8'",
        ),
    ],
    ids=["frames of another kind of socket", "no request", "text that is none"],
)
def test_nonsense_is_answered_and_ends_nothing(frames: list[bytes], said: str) -> None:
    async def run() -> None:
        async with serving(Desk()) as uri:
            with zmq.asyncio.Context() as context, context.socket(zmq.DEALER) as stranger:
                stranger.linger = 0
                stranger.connect(uri)
                await stranger.send_multipart(frames)
                [reply] = await asyncio.wait_for(stranger.recv_multipart(), 5)
                assert said in msgspec.msgpack.decode(reply)["error"]["message"]
            client = RpcClient(uri)
            assert await client.call("double", Order, {"order": Order(Decimal(2))}) == Order(Decimal(4))
            await client.close()

    asyncio.run(run())
