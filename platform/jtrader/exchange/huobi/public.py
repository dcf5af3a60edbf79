"""The client of HTX's public requests, for callers that can wait."""

from pathlib import Path
from typing import Any

from jtrader.exchange.common.public import PublicClient
from jtrader.exchange.huobi.errors import refusal, translate
from jtrader.ports.broker import BrokerError, OrderRefusedByVenue, Reason

PAUSE_MS = 100
"""Between requests: the venue allows 10 a second on spot and 80 a second on contracts."""
BAD_SYMBOLS = ("base-symbol-error", "invalid symbol", "1013", "1014")


def public_client(
    where: str, simulator_uri: str | None, patience: float, pause_file: Path | None = None
) -> PublicClient:
    config = {"rateLimit": PAUSE_MS, "rateLimiterAlgorithm": "leakyBucket"}
    return PublicClient(where, _htx, _translated, simulator_uri, patience, config, pause_file, _refused)


def _translated(error: BaseException, is_order: bool = False, retry_after: float = 1.0) -> BrokerError:
    return _named(translate(error, is_order, retry_after))


def _refused(answer: Any) -> BrokerError | None:
    refused = refusal(answer)
    return None if refused is None else _named(refused)


def _named(error: BrokerError) -> BrokerError:
    """A symbol that it does not know is told as such."""
    if error.code in BAD_SYMBOLS:
        return OrderRefusedByVenue(str(error), error.code, Reason.NOT_TRADING)
    return error


def _htx() -> type[Any]:
    """Importing ccxt takes seconds of CPU, once a process."""
    from ccxt.async_support.htx import htx

    return htx  # type: ignore[no-any-return]
