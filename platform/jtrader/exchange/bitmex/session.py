"""A signed connection to BitMEX: the common one with its request limit, exact JSON and its way to tell the time.

An order's JSON carries our Decimals as numbers, digit by digit. A request ends with the second in its `api-expires`,
five seconds after it was signed: what was not acknowledged by then can't arrive any more.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from jtrader.domain.times import MILLISECOND, SECOND
from jtrader.exchange.bitmex.errors import translate, venue_time
from jtrader.exchange.common.budget import WeightBudget
from jtrader.exchange.common.session import CcxtSession, Keys, Meter
from jtrader.ports.broker import BrokerError

__all__ = ["BitmexSession", "Keys"]

PER_MINUTE = 120
"""Requests of a key, unless BitMEX has granted it more."""
RESERVE = 0.25
"""The share that is kept for cancels and exits."""

EXPIRES_AFTER = 5 * SECOND
"""From a request's signing to its `api-expires`."""

_JSON = msgspec.json.Encoder(decimal_format="number")


class BitmexSession(CcxtSession):
    def __init__(
        self,
        keys: Keys,
        simulator_uri: str | None = None,
        pause_file: Path | None = None,
        per_minute: int = PER_MINUTE,
    ) -> None:
        """`pause_file`: what processes that share a key share, too. Importing ccxt takes seconds of CPU, once a
        process."""
        self.budget = WeightBudget("bitmex", per_minute, per_minute * RESERVE, pause_file)
        meter = Meter(self.budget, lambda *_: 1.0, used)
        options = {"recvWindow": EXPIRES_AFTER // MILLISECOND}
        super().__init__(_bitmex, keys, translate, simulator_uri, options=options, meter=meter)

    def translated(self, error: BaseException, is_order: bool = False) -> BrokerError:
        """A request that came too late tells the venue's clock, by which ours is set right."""
        told = venue_time(getattr(error, "answer", "") or str(error))
        if told is not None:
            self.clock.told(told * 1000 + 500)
        return super().translated(error, is_order)


def used(headers: Mapping[str, str]) -> float | None:
    """What the venue has counted of its limit."""
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        return float(lower["x-ratelimit-limit"]) - float(lower["x-ratelimit-remaining"])
    except (KeyError, ValueError):
        return None


def _bitmex() -> type[Any]:
    from ccxt.async_support.bitmex import bitmex

    class Exact(bitmex):  # type: ignore[misc]
        @staticmethod
        def json(data: Any, params: Any = None) -> str:  # noqa: ARG004
            return _JSON.encode(data).decode()

    return Exact
