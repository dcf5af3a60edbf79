"""What ccxt's errors have in common on every venue: their classes, and whether anything was sent."""

from collections.abc import Mapping

from jtrader.ports.broker import BrokerError


def by_class(
    error: BaseException, kinds: Mapping[str, type[BrokerError]], otherwise: type[BrokerError]
) -> type[BrokerError]:
    """The kind of the nearest class of the error that is named; classes by name, since importing ccxt takes seconds."""
    return next((kinds[one.__name__] for one in type(error).__mro__ if one.__name__ in kinds), otherwise)


def never_connected(error: BaseException) -> bool:
    """The connection was refused, so nothing was sent (aiohttp's ClientConnectorError below ccxt's)."""
    cause = error.__cause__
    return cause is not None and any(c.__name__ == "ClientConnectorError" for c in type(cause).__mro__)
