"""What the engine keeps in mind but not on disk: open questions to the venue. After a restart they are asked anew."""

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, ParentId, StrategyId, TradeId, VenueOrderId
from jtrader.domain.order import Fill, VenueOrder
from jtrader.domain.times import SECOND
from jtrader.risk.kill import OPEN, Latch

PATIENCE = 1 * SECOND
"""Wall time that the stream gets to tell by itself what a query would tell."""
ASK_AGAIN = 5 * SECOND
"""Wall time between two queries for one order."""
CLOCK_ERROR = 1 * SECOND
"""By how much a venue's clock may be off from what we take for its time: a request may live that much longer."""
ABSENCE_GAP = 10 * SECOND
"""Wall time between two findings of absence that prove it."""
OUR_IDS = r"jt[0-9a-z]+-[0-9a-z]+"
"""What client order ids of any jtrader look like: the start of its run, and a number."""


class Doubt(msgspec.Struct):
    """An order that has to be looked up: when it was sent at the latest, when to ask next, when it was first absent."""

    sent: int
    due: int
    absent: int | None = None


class ForeignOrder(msgspec.Struct, frozen=True):
    """An open order that this desk did not send; `heard` of it at this wall time."""

    instrument: InstrumentId
    client_order_id: ClientOrderId | None
    heard: int
    is_ours: bool = False
    """This desk did send it, and it has ended by our books."""

    @property
    def is_of_jtrader(self) -> bool:
        """Another jtrader trades the account, or did: its ids look like ours and are not in our journal."""
        return not self.is_ours and re.fullmatch(OUR_IDS, self.client_order_id or "") is not None


class Flattening(msgspec.Struct):
    """How the closing of a position goes. Wall times: `since` the last slice was sent, or the first could have been;
    `sent`, 0 before the first."""

    since: int
    sent: int = 0
    slices: list[ParentId] = []


class Hold(msgspec.Struct, frozen=True):
    """A parent that the gate still refuses for the reason journaled last: tried again `tries` times, at market time
    `tried` last. `is_due`: it works towards the next try, though the journal has it as PAUSED."""

    tries: int = 0
    tried: int = 0
    is_due: bool = False


class Watch:
    def __init__(self) -> None:
        self.started = 0
        """Wall time at which this run began: every order that it sends carries it in its id."""
        self.doubts: dict[ClientOrderId, Doubt] = {}
        self.unknown_since: dict[ClientOrderId, int] = {}
        """Wall time at which an order was first seen UNKNOWN."""
        self.amends: dict[ClientOrderId, int] = {}
        """Orders that are being amended: when the request was sent at the latest, wall time."""
        self.ended: dict[ClientOrderId, VenueOrder] = {}
        """Terminal reports whose fills have not all come in yet."""
        self.waiting: dict[tuple[AccountId, InstrumentId, TradeId], Fill] = {}
        """Fills that may belong to an order whose venue id is not known yet."""
        self.parents: dict[ParentId, None] = {}
        """Parents that may still send or have something working."""
        self.foreign: dict[AccountId, dict[VenueOrderId, ForeignOrder]] = {}
        """The open orders at the venue that are not ours, or have ended by our books."""
        self.memos: dict[ParentId, Mapping[str, Any]] = {}
        """What parents remember and the journal does not know yet."""
        self.holds: dict[ParentId, Hold] = {}
        """Parents that the gate holds up, until it lets an order of theirs pass or says something new."""
        self.restarted: set[ParentId] = set()
        """Parents that were not looked at since the process was started."""
        self.is_recovering = False
        """The venue is still being asked what happened while the process was away: parents wait."""
        self.revenants: dict[AccountId, frozenset[ClientOrderId]] = {}
        """Orders that have ended by our books and that the venue listed as open last."""
        self.expiry_prices: dict[InstrumentId, Decimal] = {}
        """Marks of contracts at their expiry, until the fills from before it are in."""
        self.resolved: dict[ClientOrderId, int] = {}
        """Orders that a person has ended in this run, and the wall time."""
        self.drifted: dict[tuple[AccountId, InstrumentId], str] = {}
        """Where the venue's position is not ours, as a sentence."""
        self.latch: Latch = OPEN
        self.killed: set[ClientOrderId] = set()
        """Orders that a kill has cancelled already."""
        self.flattening: dict[tuple[AccountId, InstrumentId], Flattening] = {}
        """The positions that a kill is closing."""
        self.equity_told: dict[tuple[AccountId, StrategyId | None, str], int] = {}
        """The market minute in which a new height was journaled last."""
        self.counters: Counter[str] = Counter()
        """What was odd and harmless: fills told twice, late reports, contradictions."""

    def doubt(self, client_order_id: ClientOrderId, wall: int, after: int = PATIENCE) -> None:
        """Asks about the order `after` ns from now, or earlier if that was meant already."""
        known = self.doubts.get(client_order_id)
        if known is None:
            self.doubts[client_order_id] = Doubt(sent=wall, due=wall + after)
        else:
            known.due = min(known.due, wall + after)

    def sent_until(self, client_order_id: ClientOrderId, wall: int) -> None:
        """An order in doubt whose request was signed at any time up to `wall`: it may have waited before."""
        doubt = self.doubts[client_order_id]
        doubt.sent = max(doubt.sent, wall)

    def settle(self, client_order_id: ClientOrderId) -> None:
        self.doubts.pop(client_order_id, None)
        self.ended.pop(client_order_id, None)

    def note_foreign(self, report: VenueOrder, wall: int, is_ours: bool = False) -> None:
        """An order of somebody else, as it stands now: kept while it is open."""
        of_account = self.foreign.setdefault(report.account, {})
        if report.status.is_terminal:
            of_account.pop(report.venue_order_id, None)
        else:
            of_account[report.venue_order_id] = ForeignOrder(report.instrument, report.client_order_id, wall, is_ours)

    def foreign_in(self, account: AccountId, instrument: InstrumentId) -> ForeignOrder | None:
        """An open order that narrows the instrument; another jtrader's narrows the whole account."""
        orders = self.foreign.get(account, {}).values()
        mine = (one for one in orders if one.is_of_jtrader or one.instrument == instrument)
        return max(mine, key=lambda one: one.is_of_jtrader, default=None)
