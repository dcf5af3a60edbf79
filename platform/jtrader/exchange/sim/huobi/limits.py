"""How often one may ask, in wall time: fixed windows for each key (private) or address (public).

Contracts: 72 trades and 72 queries in 3 s for an account, 240 public requests in 3 s, 800 market data requests in 1 s
for an address (htx.com, rate limits of coin-margined contracts). v5 and spot: the rates behind the costs that ccxt
4.5.83 gives their paths. Contract answers tell what is left in `ratelimit-…` headers, spot's in `X-HB-RateLimit-…`.
"""

import msgspec

from jtrader.exchange.sim.huobi.errors import Family, too_fast


class Allowance(msgspec.Struct, frozen=True):
    """`most` requests in `millis`, together for all paths of this name, or for each path if `by_path`."""

    name: str
    most: int
    millis: int
    by_path: bool = False


MARKET_DATA = Allowance("market data", 800, 1_000)
PUBLIC = Allowance("public", 240, 3_000)
CONTRACT_TRADE = Allowance("trade", 72, 3_000)
CONTRACT_READ = Allowance("read", 72, 3_000)
V5_PUBLIC = Allowance("v5 public", 80, 1_000, by_path=True)
V5_TRADE = Allowance("v5 trade", 24, 1_000, by_path=True)
V5_ACCOUNT = Allowance("v5 account", 48, 1_000, by_path=True)
SPOT_TRADE = Allowance("spot trade", 100, 2_000, by_path=True)
SPOT_READ = Allowance("spot read", 50, 2_000, by_path=True)
SPOT_WALLET = Allowance("spot wallet", 20, 2_000, by_path=True)


class Limits:
    """What was used of the running windows."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str, str], tuple[int, int]] = {}

    def take(
        self, allowance: Allowance, path: str, who: str, wall_ms: int, family: Family, pace: float = 1.0
    ) -> dict[str, str]:
        """Counts one request of a key or an address, which may have `pace` times the usual; answers with the headers
        that tell what is left. Raises HuobiError."""
        most = int(allowance.most * pace)
        place = (allowance.name, path if allowance.by_path else "", who)
        window = wall_ms // allowance.millis
        known, used = self._used.get(place, (window, 0))
        if known != window:
            used = 0
        if used >= most:
            raise too_fast(family)
        self._used[place] = (window, used + 1)
        left, reset = most - used - 1, (window + 1) * allowance.millis
        if family.is_spot:
            return {"X-HB-RateLimit-Requests-Remain": str(left), "X-HB-RateLimit-Requests-Expire": str(reset)}
        return {
            "ratelimit-limit": str(most),
            "ratelimit-interval": str(allowance.millis),
            "ratelimit-remaining": str(left),
            "ratelimit-reset": str(reset),
        }
