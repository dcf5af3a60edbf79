"""Tells when what a ccxt.pro watcher subscribes to has been sent: ccxt itself says only what has arrived.

    class_ = hearing(ccxt.pro.okx)
    with subscribing(sent):                      # an asyncio.Event
        rows = await exchange.watch_orders(…)    # sets it meanwhile, also where the subscription was there before

A proof of the key that goes out before it is no subscription.
"""

import asyncio
import contextlib
import contextvars
import inspect
from collections.abc import Iterator
from typing import Any

_subscribing: contextvars.ContextVar[asyncio.Event | None] = contextvars.ContextVar("subscribing", default=None)


@contextlib.contextmanager
def subscribing(sent: asyncio.Event | None) -> Iterator[None]:
    token = _subscribing.set(sent)
    try:
        yield
    finally:
        _subscribing.reset(token)


class _Line:
    """Of one connection: messages that are yet to be sent, and who waits for them."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._send = client.send
        self._owed: dict[int, Any] = {}
        self._waiting: list[asyncio.Event] = []
        client.send = self.send
        client.connected.add_done_callback(lambda _: self._look())

    async def send(self, message: Any) -> None:
        await self._send(message)
        self._owed.pop(id(message), None)
        self._look()

    def watched(self, message: Any) -> None:
        if message is not None:
            self._owed[id(message)] = message
        if (sent := _subscribing.get()) is not None:
            self._waiting.append(sent)
            self._look()

    def _look(self) -> None:
        if self._client.isConnected and not self._owed:
            for sent in self._waiting:
                sent.set()
            self._waiting.clear()


def hearing(base: type[Any]) -> type[Any]:
    """A ccxt.pro class with that."""

    class Hearing(base):  # type: ignore[misc]
        def line(self, url: str) -> _Line:
            client = self.client(url)
            if not hasattr(client, "line"):
                client.line = _Line(client)
            return client.line  # type: ignore[no-any-return]

        def watch(
            self, url: str, message_hash: Any, message: Any = None, subscribe_hash: Any = None, subscription: Any = None
        ) -> Any:
            line, client = self.line(url), self.client(url)
            is_known = subscribe_hash is None and message_hash in client.futures
            is_new = not is_known and not client.subscriptions.get(subscribe_hash)
            future = super().watch(url, message_hash, message, subscribe_hash, subscription)
            line.watched(message if is_new else None)
            return future

        def watch_multiple(
            self,
            url: str,
            message_hashes: Any,
            message: Any = None,
            subscribe_hashes: Any = None,
            subscription: Any = None,
        ) -> Any:
            line, client = self.line(url), self.client(url)
            is_new = any(one not in client.subscriptions for one in subscribe_hashes or ())
            future = super().watch_multiple(url, message_hashes, message, subscribe_hashes, subscription)
            line.watched(message if is_new else None)
            return future

        if inspect.iscoroutinefunction(getattr(base, "authenticate", None)):

            async def authenticate(self, *given: Any, **named: Any) -> Any:
                with subscribing(None):
                    return await super().authenticate(*given, **named)

    return Hearing
