"""How often one may ask, in wall time. https://www.bitmex.com/app/restAPI#Limits

A key has 120 requests, an address without one 30; they come back evenly over a minute. What changes orders or positions
has 10 a second on top. What is left is told in headers; beyond it the answer is 429 with Retry-After.
"""

import math

import msgspec

from jtrader.domain.times import SECOND
from jtrader.exchange.sim.bitmex.errors import BitmexError

WITH_KEY, WITHOUT_KEY = 120, 30
A_SECOND = 10
_MINUTE = 60 * SECOND


class _Bucket(msgspec.Struct):
    tokens: float
    at: int


class Limits:
    def __init__(self) -> None:
        self._minute: dict[str, _Bucket] = {}
        self._second: dict[str, tuple[int, int]] = {}

    def take(self, who: str, most: int, acts: bool, wall: int, pace: float = 1.0) -> dict[str, str]:
        """Counts one request of a key or an address, which may have `pace` times the usual; answers with the headers.
        Raises BitmexError."""
        most = int(most * pace)
        bucket = self._minute.setdefault(who, _Bucket(most, wall))
        bucket.tokens = min(most, bucket.tokens + (wall - bucket.at) * most / _MINUTE)
        bucket.at = wall
        headers = self._headers(bucket, most, wall)
        if bucket.tokens < 1:
            raise _too_fast(headers, math.ceil((1 - bucket.tokens) * 60 / most))
        bucket.tokens -= 1
        headers = self._headers(bucket, most, wall)
        if acts:
            headers["x-ratelimit-remaining-1s"] = str(self._take_second(who, wall, headers, int(A_SECOND * pace)))
        return headers

    def _take_second(self, who: str, wall: int, headers: dict[str, str], most: int) -> int:
        second = wall // SECOND
        known, used = self._second.get(who, (second, 0))
        used = used if known == second else 0
        if used >= most:
            raise _too_fast(headers | {"x-ratelimit-remaining-1s": "0"}, 1)
        self._second[who] = (second, used + 1)
        return most - used - 1

    def _headers(self, bucket: _Bucket, most: int, wall: int) -> dict[str, str]:
        full = wall // SECOND + math.ceil((most - bucket.tokens) * 60 / most)
        return {
            "x-ratelimit-limit": str(most),
            "x-ratelimit-remaining": str(max(0, int(bucket.tokens))),
            "x-ratelimit-reset": str(full),
        }


def _too_fast(headers: dict[str, str], seconds: int) -> BitmexError:
    return BitmexError(
        f"Rate limit exceeded, retry in {seconds} seconds.", 429, headers=headers | {"Retry-After": str(seconds)}
    )
