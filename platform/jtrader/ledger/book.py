"""The ledger of all accounts: journal events in, postings out; positions and balances are sums of postings.

The venue nets an account's fills into one position, so the wallet follows the account's average cost. Each strategy has
a book of its own beside it; over a round trip to flat both tell the same total. Periodic settlements re-base the net
position alone: the strategies' books keep the open price.
"""

from decimal import Decimal

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.books import Posting
from jtrader.domain.errors import Broken
from jtrader.domain.events import (
    AccountOpened,
    ChildAccepted,
    EntryBooked,
    Event,
    ExpirySeen,
    FundingSeen,
    LedgerAdjusted,
    MarkSeen,
    OrderFilled,
    PositionAssigned,
)
from jtrader.domain.ids import UNASSIGNED, AccountId, InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.domain.order import Fill, Side
from jtrader.ledger import postings
from jtrader.ledger.assignment import assigned, assignment_lines
from jtrader.ledger.books import Books, PositionKey, Result
from jtrader.ledger.funding import Moves, burden, crossed, shares
from jtrader.ledger.position import FLAT, Holding, Traded, rebased, traded
from jtrader.ledger.rules import rounding_at
from jtrader.ledger.settlement import closed_at, delivered

FEES = frozenset({EntryKind.FEE, EntryKind.REBATE, EntryKind.LIQUIDATION_FEE})
CLOCK = frozenset({EntryKind.SETTLEMENT, EntryKind.DELIVERY})


class Ledger(Books):
    """Books each event once, by (account, instrument, trade id) and (account, entry id). Not thread-safe."""

    def apply(self, event: Event) -> tuple[Posting, ...]:
        """Books one event; returns its postings: none for events without money and for what was booked before.

        Raises Broken for an instrument that the ledger does not know and for a second, different opening.
        """
        match event:
            case OrderFilled(fill=fill):
                return self._book_fill(fill)
            case EntryBooked(entry=entry):
                return self._book_entry(entry)
            case AccountOpened():
                return self._open(event)
            case PositionAssigned():
                return self._assign(event)
            case LedgerAdjusted():
                return self._adjust(event)
            case ChildAccepted(order=order):
                self._strategy_of[order.client_order_id] = order.strategy
            case MarkSeen(instrument=instrument, mark=mark):
                self._marks[instrument] = mark
            case FundingSeen():
                return self._cross_funding(event)
            case ExpirySeen():
                return self._expire(event)
        return ()

    def _open(self, event: AccountOpened) -> tuple[Posting, ...]:
        known = self._opened.get(event.account)
        if known is not None:
            if known.balances != event.balances:
                raise Broken(f"account {event.account} was opened with {known.balances}, not {event.balances}")
            return ()
        self._opened[event.account] = event
        self._wallet[event.account] = dict.fromkeys(event.balances, ZERO)
        lines = postings.opening_lines(event.balances)
        return self._post(postings.entry(event.account, postings.OPENING, event.ts, lines))

    def _book_fill(self, fill: Fill) -> tuple[Posting, ...]:
        entry_id = postings.fill_entry_id(fill)
        if (fill.account, entry_id) in self._seen:
            return ()
        instrument = self._instrument(fill.instrument)
        strategy = self.strategy_of(fill.client_order_id)
        key = (fill.account, strategy, fill.instrument)
        rounding, quantity = rounding_at(instrument, fill.ts), _received(fill, instrument)
        own = traded(self._holdings.get(key, FLAT), instrument, quantity, fill.price, rounding)
        before = self._net.get((fill.account, fill.instrument), FLAT)
        net = traded(before, instrument, quantity, fill.price, rounding)
        posted = postings.entry(
            fill.account,
            entry_id,
            fill.ts,
            postings.fill_lines(instrument, fill, strategy, own, net.realised),
            fill.instrument,
            fill.trade_id,
        )
        self._seen.add((fill.account, entry_id))
        self._hold(key, own, fill.ts)
        self._net[fill.account, fill.instrument] = net.holding
        in_base = instrument.is_spot and fill.fee_asset == instrument.base
        asset, fee = (instrument.settle, fill.fee * fill.price) if in_base else (fill.fee_asset, fill.fee)
        self._results[key].pay(asset, fee)
        return self._post(posted)

    def _assign(self, event: PositionAssigned) -> tuple[Posting, ...]:
        """Raises Broken for more than is UNASSIGNED: such an assignment is never journaled."""
        if (event.account, event.assignment_id) in self._seen:
            return ()
        instrument = self._instrument(event.instrument)
        giver = (event.account, UNASSIGNED, event.instrument)
        taker = (event.account, event.strategy, event.instrument)
        held, quantity = self._holdings.get(giver, FLAT), event.quantity
        if quantity * held.quantity <= 0 or abs(quantity) > abs(held.quantity):
            raise Broken(f"{event.assignment_id} moves {quantity} of {event.instrument}; {held.quantity} is UNASSIGNED")
        moved = assigned(held, self._holdings.get(taker, FLAT), quantity, rounding_at(instrument, event.ts).unit)
        self._holdings[giver], self._holdings[taker] = moved.left, moved.taken
        moves = self._moves.setdefault((event.account, event.instrument), Moves())
        moves.add(event.ts, UNASSIGNED, -quantity)
        moves.add(event.ts, event.strategy, quantity)
        self._result(giver, event.ts)
        self._result(taker, event.ts).realised += moved.realised
        lines = assignment_lines(instrument, quantity, moved, event.strategy)
        return self._post(postings.entry(event.account, event.assignment_id, event.ts, lines, event.instrument))

    def _hold(self, key: PositionKey, own: Traded, ts: int) -> None:
        """A strategy's book after a trade."""
        account, strategy, instrument = key
        moved = own.holding.quantity - self._holdings.get(key, FLAT).quantity
        self._holdings[key] = own.holding
        self._moves.setdefault((account, instrument), Moves()).add(ts, strategy, moved)
        self._result(key, ts).realised += own.realised

    def _result(self, key: PositionKey, ts: int) -> Result:
        result = self._results.setdefault(key, Result())
        result.ts = max(result.ts, ts)
        return result

    def _book_entry(self, row: VenueEntry) -> tuple[Posting, ...]:
        """Rows that belong to a trade are booked from its fill; rows up to the opening are part of the opening."""
        if (row.account, row.entry_id) in self._seen or is_of_trade(row) or self._before_opening(row):
            return ()
        lines = self._entry_lines(row)
        self._seen.add((row.account, row.entry_id))
        return self._post(postings.entry(row.account, row.entry_id, row.ts, lines, row.instrument, row.reference))

    def _entry_lines(self, row: VenueEntry) -> list[postings.Line]:
        """Raises Broken for funding of an instrument that the ledger does not know."""
        rules = None if row.instrument is None else self._instruments.get(row.instrument)
        if rules is None and row.instrument is not None and row.kind is EntryKind.FUNDING:
            rules = self._instrument(row.instrument)
        if rules is None or rules.is_spot:
            return postings.entry_lines(row, [(None, row.amount)])
        if row.kind is EntryKind.FUNDING or row.kind in FEES:
            return postings.entry_lines(row, self._share(row, rules).items())
        if row.kind in CLOCK and row.asset == rules.settle:
            return self._by_the_clock(row, rules)
        return postings.entry_lines(row, [(None, row.amount)])

    def _by_the_clock(self, row: VenueEntry, rules: Instrument) -> list[postings.Line]:
        """A settlement re-bases the net position, a delivery closes everybody's; without a position it is nobody's."""
        net = self._net.get((row.account, rules.id), FLAT)
        if not net.quantity:
            if row.amount:
                self._result((row.account, UNASSIGNED, rules.id), row.ts).realised += row.amount
            return postings.entry_lines(row, [(UNASSIGNED, row.amount)])
        if row.kind is EntryKind.SETTLEMENT:
            self._net[row.account, rules.id] = rebased(net, row.amount)
            return postings.wallet_lines(row.kind, row.asset, row.amount, None)
        unit = rounding_at(rules, row.ts).unit
        return self._deliver(row, rules, delivered(row.amount, net, self._held(row.account, rules.id), unit))

    def _share(self, row: VenueEntry, rules: Instrument) -> dict[StrategyId, Decimal]:
        held, unit = self._held_at(row.account, rules.id, row.ts), rounding_at(rules, row.ts).unit
        is_funding = row.kind is EntryKind.FUNDING
        parts = (shares if is_funding else burden)(row.amount, held, unit, UNASSIGNED)
        for strategy, part in parts.items():
            result = self._result((row.account, strategy, rules.id), row.ts)
            if is_funding:
                result.funding += part
            else:
                result.pay(row.asset, -part)
        return parts

    def _deliver(self, row: VenueEntry, rules: Instrument, closed: dict[StrategyId, Traded]) -> list[postings.Line]:
        lines = postings.wallet_lines(row.kind, row.asset, row.amount, None)
        for strategy, own in closed.items():
            quantity = -self.strategy_position(row.account, strategy, rules.id)
            lines += postings.trade_lines(row.kind, rules, quantity, own, strategy)
            self._hold((row.account, strategy, rules.id), own, row.ts)
        self._net[row.account, rules.id] = FLAT
        return lines

    def _cross_funding(self, seen: FundingSeen) -> tuple[Posting, ...]:
        """Where an account's strategies held opposite positions of net zero, they pay each other: a pair (or more) of
        postings of our own, no money of the venue's."""
        rules = self._instrument(seen.instrument)
        rounding = rounding_at(rules, seen.instant)
        posted: list[Posting] = []
        for account in sorted({owner for owner, _, name in self._holdings if name == seen.instrument}):
            entry_id = f"funding:{seen.instrument}:{seen.instant}"
            paid = crossed(rules, self._held_at(account, rules.id, seen.instant), seen.mark, seen.rate, rounding)
            if not paid or (account, entry_id) in self._seen:
                continue
            self._seen.add((account, entry_id))
            for strategy, amount in paid.items():
                self._result((account, strategy, rules.id), seen.instant).funding += amount
            lines = [(EntryKind.FUNDING, "funding", rules.settle, -amount, s) for s, amount in paid.items()]
            posted += postings.entry(account, entry_id, seen.instant, lines, rules.id)
        return self._post(tuple(posted))

    def _expire(self, seen: ExpirySeen) -> tuple[Posting, ...]:
        """Where an account's strategies hold opposite positions of net zero, they deliver to each other there."""
        posted: list[Posting] = []
        for account in self.cancelling(seen.instrument):
            entry_id = f"expiry:{seen.instrument}:{seen.expiry}"
            if (account, entry_id) in self._seen:
                continue
            self._seen.add((account, entry_id))
            rules = self._instrument(seen.instrument)
            rounding = rounding_at(rules, seen.expiry)
            lines: list[postings.Line] = []
            for strategy, own in closed_at(seen.price, rules, self._held(account, rules.id), rounding).items():
                quantity = -self.strategy_position(account, strategy, rules.id)
                lines += postings.trade_lines(EntryKind.DELIVERY, rules, quantity, own, strategy)
                self._hold((account, strategy, rules.id), own, seen.expiry)
            posted += postings.entry(account, entry_id, seen.expiry, lines, rules.id)
        return self._post(tuple(posted))

    def _held(self, account: AccountId, instrument: InstrumentId) -> dict[StrategyId, Holding]:
        return {s: held for (owner, s, name), held in self._holdings.items() if (owner, name) == (account, instrument)}

    def _held_at(self, account: AccountId, instrument: InstrumentId, instant: int) -> dict[StrategyId, Decimal]:
        now = {strategy: held.quantity for strategy, held in self._held(account, instrument).items()}
        moves = self._moves.get((account, instrument))
        return moves.at(instant, now) if moves else now

    def _adjust(self, event: LedgerAdjusted) -> tuple[Posting, ...]:
        if (event.account, event.adjustment_id) in self._seen:
            return ()
        kind, who = EntryKind.ADJUST, f"{event.actor}: {event.reason}"
        lines: list[postings.Line] = [
            (kind, "wallet", event.asset, event.amount, None),
            (kind, postings.BOOKS[kind], event.asset, -event.amount, None),
        ]
        return self._post(postings.entry(event.account, event.adjustment_id, event.at, lines, reference=who))

    def _before_opening(self, row: VenueEntry) -> bool:
        opened = self._opened.get(row.account)
        return opened is not None and row.ts <= opened.ts

    def _post(self, posted: tuple[Posting, ...]) -> tuple[Posting, ...]:
        if posted:
            self._seen.add((posted[0].account, posted[0].entry_id))
        for posting in posted:
            if posting.book == "wallet":
                wallet = self._wallet.setdefault(posting.account, {})
                wallet[posting.asset] = wallet.get(posting.asset, ZERO) + posting.amount
        return posted


def is_of_trade(row: VenueEntry) -> bool:
    """A row of the venue's ledger that repeats a fill: its realised P&L or its commission."""
    return bool(row.reference) and row.kind in (EntryKind.TRADE, EntryKind.FEE)


def _received(fill: Fill, instrument: Instrument) -> Decimal:
    """Signed. A spot fee in base is never received: the position grows by what is left of the trade."""
    quantity = fill.quantity if fill.side is Side.BUY else -fill.quantity
    return quantity - fill.fee if instrument.is_spot and fill.fee_asset == instrument.base else quantity
