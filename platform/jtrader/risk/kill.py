"""Kill levels and the latch that keeps them: a file that is read before each send and that outlives every process."""

from enum import IntEnum

import msgspec
from msgspec.structs import replace

from jtrader.domain.ids import AccountId, StrategyId
from jtrader.domain.order import ChildOrder, VenueOrder

KILL_PARENT = "kill-"
"""How the ids of the parent orders begin that a kill makes; nobody else's may."""
MOST_CHANGES = 100
"""Changes that the latch remembers, newest last, until the oms has journaled them."""


class KillLevel(IntEnum):
    """Cancels are allowed below level 5."""

    NORMAL = 0
    NO_NEW_RISK = 1
    """Reduce-only orders alone."""
    NO_ORDERS = 2
    """What works goes on working, and stops that are watched here still act."""
    CANCEL_ALL = 3
    """No orders; those that work are cancelled, protective ones stay and still act, and positions stay."""
    FLATTEN = 4
    """All orders are cancelled and the positions closed in slices, within the collar."""
    REVOKE = 5
    """The oms ends and uses the keys no more."""


class Kill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody stopped something: `account`, `strategy` and `venue` narrow the scope, None = all of them."""

    level: KillLevel
    reason: str
    actor: str
    account: AccountId | None = None
    strategy: StrategyId | None = None
    venue: str | None = None
    """A market, for example binance_usdm, or the venue of several: binance."""

    @property
    def scope(self) -> tuple[str | None, ...]:
        return self.account, self.strategy, self.venue

    def covers(self, account: AccountId, strategy: StrategyId, market: str) -> bool:
        return self.strategy in (None, strategy) and self.touches(account, market)

    def touches(self, account: AccountId, market: str) -> bool:
        """Some of the account's strategies, or all of them."""
        return self.account in (None, account) and is_venue_of(self.venue, market)

    def stops(self, order: ChildOrder, protects: bool = False) -> bool:
        """Of an order that it covers. `protects`: its parent is a stop that is watched here; like a stop at the venue
        it may act while levels 2 and 3 stand."""
        if self.level is KillLevel.NO_NEW_RISK:
            return not order.reduce_only
        if self.level is KillLevel.FLATTEN:
            return not (order.reduce_only and order.parent_id.startswith(KILL_PARENT))
        if self.level in (KillLevel.NO_ORDERS, KillLevel.CANCEL_ALL) and protects:
            return not order.reduce_only
        return self.level is not KillLevel.NORMAL


class Change(Kill, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A level was set for a scope, or released (level 0) there and in all that is narrower. `at`: wall time, ns."""

    at: int

    def releases(self, kill: Kill) -> bool:
        return (
            self.account in (None, kill.account)
            and self.strategy in (None, kill.strategy)
            and (self.venue is None or (kill.venue is not None and is_venue_of(self.venue, kill.venue)))
        )


class Latch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `run/kill.json`: `{"kills": [{"level": 2, "reason": "…", "actor": "…"}]}`, and who changed it."""

    kills: tuple[Kill, ...] = ()
    changes: tuple[Change, ...] = ()

    def strongest(self, account: AccountId, strategy: StrategyId, market: str) -> Kill | None:
        """The highest kill that covers them, or None."""
        covering = [kill for kill in self.kills if kill.covers(account, strategy, market)]
        return max(covering, key=lambda kill: kill.level, default=None)

    def revoked(self, account: AccountId, market: str) -> Kill | None:
        """The kill that takes the account's keys away, or None: they serve all of its strategies."""
        of_it = (kill for kill in self.kills if kill.level is KillLevel.REVOKE and kill.touches(account, market))
        return next(of_it, None)

    def changed(self, change: Change) -> "Latch":
        """A level replaces another of the same scope. A change is later than the one before it, whatever the clock
        says: the time is what tells a new change from one that is journaled."""
        if self.changes:
            change = replace(change, at=max(change.at, self.changes[-1].at + 1))
        if change.level is KillLevel.NORMAL:
            kills = tuple(kill for kill in self.kills if not change.releases(kill))
        else:
            made = Kill(**{name: getattr(change, name) for name in Kill.__struct_fields__})
            kills = (*(kill for kill in self.kills if kill.scope != change.scope), made)
        return Latch(kills, (*self.changes, change)[-MOST_CHANGES:])

    @property
    def level(self) -> KillLevel:
        """The highest level of any scope."""
        return max((kill.level for kill in self.kills), default=KillLevel.NORMAL)


OPEN = Latch()


def is_venue_of(venue: str | None, market: str) -> bool:
    return venue in (None, market) or market.startswith(f"{venue}_")


def is_protective(order: ChildOrder | VenueOrder) -> bool:
    """A reduce-only stop and the like: levels 2 and 3 leave it where it is."""
    is_triggered = isinstance(order, VenueOrder) and order.is_triggered
    return order.reduce_only and (order.type.is_conditional or is_triggered)


def parse_latch(content: bytes) -> Latch:
    """The latch in a file's bytes. What can't be read stops all orders: a damaged latch must not start trading."""
    try:
        return msgspec.json.decode(content, type=Latch)
    except msgspec.DecodeError as error:
        reason = f"the kill latch can't be read ({error}); write it anew or remove it"
        return Latch((Kill(level=KillLevel.NO_ORDERS, reason=reason, actor="oms"),))
