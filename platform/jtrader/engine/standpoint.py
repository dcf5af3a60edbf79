"""What losses are measured from, and what risk has latched: a fold over events."""

from decimal import Decimal

import msgspec

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.events import EquityMarked, KillChanged, LedgerAdjusted, RiskLatched
from jtrader.domain.ids import AccountId, StrategyId
from jtrader.domain.money import ZERO
from jtrader.domain.times import DAY

MOVED = frozenset({EntryKind.TRANSFER, EntryKind.CONVERT})
"""Rows of the venue that move money without winning or losing any."""

Owner = tuple[AccountId, StrategyId | None, str]
"""Account, strategy (None = the whole account), asset."""


class Standpoint(msgspec.Struct, frozen=True):
    """Equity net of transfers: when the UTC day began, and at its highest."""

    day: int
    start: Decimal
    peak: Decimal


class RiskState:
    """Read it freely; `State.apply` alone changes it."""

    def __init__(self) -> None:
        self.latches: dict[tuple[object, ...], RiskLatched] = {}
        """What risk has stopped, until it is released."""
        self.standpoints: dict[Owner, Standpoint] = {}
        self.moved: dict[tuple[AccountId, str], Decimal] = {}
        """Transfers and what people corrected since the account was opened, inward positive."""
        self.kill_changed = 0
        """Wall time of the last change of the kill latch that is journaled."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RiskState) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def booked(self, entry: VenueEntry) -> None:
        if entry.kind in MOVED:
            key = (entry.account, entry.asset)
            self.moved[key] = self.moved.get(key, ZERO) + entry.amount

    def adjusted(self, event: LedgerAdjusted) -> None:
        """A correction of the books is neither won nor lost."""
        key = (event.account, event.asset)
        self.moved[key] = self.moved.get(key, ZERO) + event.amount

    def marked(self, event: EquityMarked) -> None:
        owner, day = (event.account, event.strategy, event.asset), event.ts // DAY
        old = self.standpoints.get(owner)
        if old is None:
            self.standpoints[owner] = Standpoint(day, event.equity, event.equity)
        else:
            start = old.start if day == old.day else event.equity
            self.standpoints[owner] = Standpoint(day, start, max(old.peak, event.equity))

    def latched(self, event: RiskLatched) -> None:
        self.latches[event.key] = event

    def killed(self, event: KillChanged) -> list[RiskLatched]:
        """The latches that a release ended; losses are then measured from the next equity on."""
        self.kill_changed = event.at
        if event.level:
            return []
        released = [latch for latch in self.latches.values() if _covers(event, latch)]
        for latch in released:
            del self.latches[latch.key]
            owned = [owner for owner in self.standpoints if owner[:2] == (latch.account, latch.strategy)]
            for owner in owned if latch.instrument is None else ():
                del self.standpoints[owner]
        return released


def _covers(change: KillChanged, latch: RiskLatched) -> bool:
    """A strategy's release does not release its account."""
    return (
        change.account in (None, latch.account)
        and change.strategy in (None, latch.strategy)
        and change.venue in (None, latch.market, latch.market.partition("_")[0])
    )
