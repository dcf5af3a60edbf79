"""One WebSocket connection of Binance's market streams, kept up: subscribe, read, reconnect with jitter."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

import msgspec
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from jtrader.domain.errors import BadInput
from jtrader.exchange.localnet import LocalTarget

log = logging.getLogger(__name__)

IDLE_SECONDS = 20.0
"""Wall seconds without a message after which the peer is pinged, and again until it counts as gone."""
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0
"""Wall seconds between two attempts: at random in the upper half of a bound that doubles, so that many clients don't
come back at one instant."""
_STEADY_SECONDS = 10.0
"""A connection that lasted this long was a good one: the bound starts over."""

OnMessage = Callable[[bytes], None]


class _Reader(WSListener):
    """Hands whole text messages on; picows answers pings. The first message, the venue's answer to the subscription,
    is the sign that the connection is up: an opened socket alone is none."""

    def __init__(self, subscribe: bytes, on_message: OnMessage, on_up: Callable[[], None]) -> None:
        self._subscribe = subscribe
        self._on_message = on_message
        self._on_up = on_up
        self._part = b""
        self.is_up = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        transport.send(WSMsgType.TEXT, self._subscribe)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()
            return
        if frame.msg_type not in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            return
        message = frame.get_payload_as_bytes()
        if self._part or not frame.fin:
            self._part += message
            if not frame.fin:
                return
            message, self._part = self._part, b""
        try:
            self._on_message(message)
        except (BadInput, msgspec.DecodeError) as error:
            log.error("Binance sent what can't be followed (%s); starting the connection over", error)
            transport.disconnect(graceful=False)
            return
        if not self.is_up:
            self.is_up = True
            self._on_up()


class Connection:
    """A target and the streams on it. `run` returns only by cancellation."""

    def __init__(
        self,
        target: LocalTarget,
        streams: Sequence[str],
        on_message: OnMessage,
        on_up: Callable[[], None],
        on_down: Callable[[], None],
    ) -> None:
        self.target = target
        self._subscribe = msgspec.json.encode({"method": "SUBSCRIBE", "params": list(streams), "id": 1})
        self._on_message = on_message
        self._on_up = on_up
        self._on_down = on_down

    async def run(self) -> None:
        """Connects, reads until the connection ends, says so, and starts over."""
        clock = asyncio.get_running_loop().time
        wait = _FIRST_WAIT
        while True:
            started = clock()
            try:
                await self._session()
                log.warning("%s: connection ended, connecting again", self.target.host)
            except (OSError, WSError, TimeoutError) as error:
                log.warning("%s: no connection (%s), trying again", self.target.host, error)
            wait = _FIRST_WAIT if clock() - started > _STEADY_SECONDS else min(2 * wait, _LONGEST_WAIT)
            await asyncio.sleep(random.uniform(wait / 2, wait))

    async def _session(self) -> None:
        reader = _Reader(self._subscribe, self._on_message, self._on_up)
        transport, _ = await ws_connect(
            lambda: reader,
            self.target.url,
            extra_headers={"Host": self.target.host},
            enable_auto_ping=True,
            auto_ping_idle_timeout=IDLE_SECONDS,
            auto_ping_reply_timeout=IDLE_SECONDS,
            max_redirects=0,
        )
        try:
            await transport.wait_disconnected()
        finally:
            transport.disconnect(graceful=False)
            if reader.is_up:
                self._on_down()
