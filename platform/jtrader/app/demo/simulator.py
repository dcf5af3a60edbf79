"""The simulator's own door: its clock. Only people who own the market may hold it."""

from collections.abc import Callable

import httpx
import msgspec
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from jtrader.domain.errors import Unavailable

POLL_SECONDS = 0.5


class Clock(msgspec.Struct, frozen=True):
    """Market time `now` and the live window, ns; `state` is paused or running."""

    now: int
    state: str
    speed: float
    live_start: int
    live_end: int


class SimulatorClock:
    def __init__(self, uri: str) -> None:
        self._http = httpx.Client(base_url=uri, timeout=120)

    def __enter__(self) -> "SimulatorClock":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def read(self) -> Clock:
        return msgspec.convert(self._call("GET", "/sim/clock"), Clock, strict=False)

    def run(self, speed: float, until: int) -> None:
        self._call("POST", "/sim/clock/run", {"speed": speed, "until": until})

    def jump(self, to: int) -> None:
        """By candles only, funding on the way; returns when done."""
        self._call("POST", "/sim/clock/jump", {"to": to})

    def wait_until_paused(self, timeout: float, watch: Callable[[Clock], object]) -> Clock:
        def paused() -> Clock | None:
            clock = self.read()
            watch(clock)
            return clock if clock.state == "paused" else None

        patient = Retrying(
            retry=retry_if_result(lambda clock: clock is None),
            stop=stop_after_delay(timeout),
            wait=wait_fixed(POLL_SECONDS),
        )
        try:
            clock: Clock = patient(paused)  # type: ignore[assignment]
        except RetryError as error:
            raise Unavailable(f"the simulated market was still running after {timeout:.0f} s") from error
        return clock

    def stats(self) -> dict[str, float]:
        return self._call("GET", "/sim/stats")

    def _call(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, float]:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise Unavailable(f"the simulator can't be reached ({error}); see 'jtrader status'") from error
        if answer.is_error:
            raise Unavailable(f"the simulator refused {path} with {answer.status_code}: {answer.text[:200]}")
        return dict(answer.json())
