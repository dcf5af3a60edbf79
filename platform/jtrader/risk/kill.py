"""Kill levels and the latch that keeps them: a file that is read before each send and that outlives every process."""

from enum import IntEnum

import msgspec

from jtrader.domain.ids import AccountId, StrategyId


class KillLevel(IntEnum):
    """Each level includes those before it. Cancels are allowed at every level."""

    NORMAL = 0
    NO_NEW_RISK = 1
    """Reduce-only orders alone."""
    NO_ORDERS = 2
    CANCEL_ALL = 3
    """No orders, all working orders are cancelled; positions stay."""


class Kill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody stopped something: `account`, `strategy` and `venue` narrow the scope, None = all of them."""

    level: KillLevel
    reason: str
    actor: str
    account: AccountId | None = None
    strategy: StrategyId | None = None
    venue: str | None = None
    """A market, for example binance_usdm, or the venue of several: binance."""

    def covers(self, account: AccountId, strategy: StrategyId, market: str) -> bool:
        return (
            self.account in (None, account)
            and self.strategy in (None, strategy)
            and (self.venue in (None, market) or market.startswith(f"{self.venue}_"))
        )


class Latch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `run/kill.json`: `{"kills": [{"level": 2, "reason": "…", "actor": "…"}]}`."""

    kills: tuple[Kill, ...] = ()

    def strongest(self, account: AccountId, strategy: StrategyId, market: str) -> Kill | None:
        """The highest kill that covers them, or None."""
        covering = [kill for kill in self.kills if kill.covers(account, strategy, market)]
        return max(covering, key=lambda kill: kill.level, default=None)

    @property
    def level(self) -> KillLevel:
        """The highest level of any scope."""
        return max((kill.level for kill in self.kills), default=KillLevel.NORMAL)


OPEN = Latch()


def parse_latch(content: bytes) -> Latch:
    """The latch in a file's bytes. What can't be read stops all orders: a damaged latch must not start trading."""
    try:
        return msgspec.json.decode(content, type=Latch)
    except msgspec.DecodeError as error:
        reason = f"the kill latch can't be read ({error}); write it anew or remove it"
        return Latch((Kill(level=KillLevel.NO_ORDERS, reason=reason, actor="oms"),))
