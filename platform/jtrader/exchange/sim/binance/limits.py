"""Request limits in wall time: weight a minute by address, orders by account; 429 beyond them, 418 for who goes on.

Source: the LIMITS pages of spot, USDT-M and COIN-M (6,000 and 2,400 weight a minute; Retry-After; 418 from two minutes
to three days), and what exchangeInfo tells. How many requests after a 429 bring the ban Binance does not say: here it
is BAN_AFTER of them within the minute. Everybody here asks from one address. The figures are multiplied by `scale`: by
what was granted, and in a market whose time runs faster than the wall clock by that, as its clients ask more often.
"""

from collections.abc import Callable

import msgspec

from jtrader.domain.times import DAY, MILLISECOND, MINUTE, SECOND
from jtrader.exchange.sim.binance.errors import COINM, SPOT, USDM, BinanceError

BAN_AFTER = 10
FIRST_BAN_MS = 120_000
LONGEST_BAN_MS = 3 * DAY // MILLISECOND
SAPI = "sapi"
"""The wallet's doors count apart from spot's."""

_UNITS = {"S": ("SECOND", SECOND), "M": ("MINUTE", MINUTE), "D": ("DAY", DAY)}


class Limit(msgspec.Struct, frozen=True):
    """`kind` is REQUEST_WEIGHT or ORDERS; `span` as in the headers: 1M, 10S, 1D."""

    kind: str
    span: str
    most: int

    @property
    def span_ms(self) -> int:
        return int(self.span[:-1]) * _UNITS[self.span[-1]][1] // MILLISECOND

    def told(self) -> dict[str, str | int]:
        return {
            "rateLimitType": self.kind,
            "interval": _UNITS[self.span[-1]][0],
            "intervalNum": int(self.span[:-1]),
            "limit": self.most,
        }


LIMITS: dict[str, tuple[Limit, ...]] = {
    SPOT: (Limit("REQUEST_WEIGHT", "1M", 6_000), Limit("ORDERS", "10S", 100), Limit("ORDERS", "1D", 200_000)),
    USDM: (Limit("REQUEST_WEIGHT", "1M", 2_400), Limit("ORDERS", "1M", 1_200), Limit("ORDERS", "10S", 300)),
    COINM: (Limit("REQUEST_WEIGHT", "1M", 2_400), Limit("ORDERS", "1M", 1_200)),
    SAPI: (Limit("REQUEST_WEIGHT", "1M", 12_000),),
}


class Ban(msgspec.Struct):
    until_ms: int = 0
    lasts_ms: int = FIRST_BAN_MS
    """The next one."""
    ignored: int = 0
    """Requests after a 429 within its minute."""
    minute: int = 0


class Limits:
    """`scale()` multiplies every limit; `scale_of(account)`, where it is told, an account's limits of orders."""

    def __init__(self, scale: Callable[[], float], scale_of: Callable[[str], float] | None = None) -> None:
        self._scale = scale
        self._scale_of = scale_of or (lambda _: scale())
        self._used: dict[tuple[str, str, str], tuple[int, int]] = {}
        """(door, span, account or "") → (period, count)"""
        self._bans: dict[str, Ban] = {}

    def take(self, door: str, weight: int, wall_ms: int, account: str | None = None) -> None:
        """Counts a request, and with an account an order of it. Raises BinanceError 418 or 429."""
        ban = self._bans.setdefault(door, Ban())
        if wall_ms < ban.until_ms:
            raise _banned(ban, wall_ms)
        for limit in LIMITS[door]:
            if limit.kind == "REQUEST_WEIGHT":
                self._count(door, limit, "", weight, wall_ms)
                if self.used(door, limit.span, "", wall_ms) > limit.most * self._scale():
                    raise self._too_much(ban, limit, wall_ms)
        if account is not None:
            self._take_order(door, account, wall_ms)

    def headers(self, door: str, wall_ms: int, account: str | None = None) -> dict[str, str]:
        """What has been used; of orders too where the request was one."""
        found = {}
        for limit in LIMITS[door]:
            if limit.kind == "REQUEST_WEIGHT":
                name = "X-SAPI-USED-IP-WEIGHT" if door == SAPI else "X-MBX-USED-WEIGHT"
                found[f"{name}-{limit.span}"] = str(self.used(door, limit.span, "", wall_ms))
            elif account is not None:
                found[f"X-MBX-ORDER-COUNT-{limit.span}"] = str(self.used(door, limit.span, account, wall_ms))
        return found

    def rows(self, door: str, wall_ms: int, account: str | None = None) -> list[dict[str, str | int]]:
        """The same for the WebSocket API: `rateLimits` of a reply."""
        return [
            limit.told() | {"count": self.used(door, limit.span, who, wall_ms)}
            for limit in LIMITS[door]
            if (who := "" if limit.kind == "REQUEST_WEIGHT" else account) is not None
        ]

    def used(self, door: str, span: str, account: str, wall_ms: int) -> int:
        limit = next(one for one in LIMITS[door] if one.span == span)
        period, count = self._used.get((door, span, account), (0, 0))
        return count if period == wall_ms // limit.span_ms else 0

    def _count(self, door: str, limit: Limit, account: str, by: int, wall_ms: int) -> None:
        used = self.used(door, limit.span, account, wall_ms)
        self._used[door, limit.span, account] = (wall_ms // limit.span_ms, used + by)

    def _take_order(self, door: str, account: str, wall_ms: int) -> None:
        for limit in LIMITS[door]:
            if limit.kind == "ORDERS":
                self._count(door, limit, account, 1, wall_ms)
                if self.used(door, limit.span, account, wall_ms) > limit.most * self._scale_of(account):
                    span = f"{limit.span[:-1]} {_UNITS[limit.span[-1]][0]}"
                    text = f"Too many new orders; current limit is {limit.most} orders per {span}."
                    raise BinanceError(-1015, text, 429, headers=_retry(limit.span_ms - wall_ms % limit.span_ms))

    def _too_much(self, ban: Ban, limit: Limit, wall_ms: int) -> BinanceError:
        """429; who goes on asking in the same minute is banned, twice as long each time."""
        minute = wall_ms // limit.span_ms
        ban.ignored = ban.ignored + 1 if ban.minute == minute else 0
        ban.minute = minute
        if ban.ignored >= BAN_AFTER:
            ban.until_ms, ban.ignored = wall_ms + ban.lasts_ms, 0
            ban.lasts_ms = min(2 * ban.lasts_ms, LONGEST_BAN_MS)
            return _banned(ban, wall_ms)
        text = (
            f"Too much request weight used; current limit is {limit.most} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        return BinanceError(-1003, text, 429, headers=_retry(limit.span_ms - wall_ms % limit.span_ms))


def _banned(ban: Ban, wall_ms: int) -> BinanceError:
    text = (
        f"Way too much request weight used; IP banned until {ban.until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    return BinanceError(-1003, text, 418, headers=_retry(ban.until_ms - wall_ms))


def _retry(after_ms: int) -> dict[str, str]:
    return {"Retry-After": str(max(1, -(-after_ms // 1_000)))}
