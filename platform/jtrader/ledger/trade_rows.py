"""Rows of the venue's ledger that repeat a derivative fill: its realised P&L and its commission, by trade id.

Position goes by trade time, cash by the venue's ledger time. A row stamped behind a cut whose trade lies before it is
in transit there: our cash at the cut is taken without it, and the row is due on the next day.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.books import Break, BreakKind, Transit
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO, plain
from jtrader.domain.order import Fill
from jtrader.domain.times import iso
from jtrader.ledger.book import is_of_trade
from jtrader.ledger.lines import Compared, differs, entry_text, fill_reference, missing
from jtrader.ledger.sides import FillKey, Side, Window, key_of

RowKey = tuple[FillKey, str]
"""A fill and the part of it: realised or fee."""


class Due(msgspec.Struct, frozen=True, gc=False):
    """What the venue's ledger must tell of a fill of ours, and the rows in which it does."""

    fill: Fill
    part: str
    asset: str
    amount: Decimal
    rows: tuple[VenueEntry, ...]

    def is_in_transit(self, cut: int) -> bool:
        return self.fill.ts < cut and any(row.ts >= cut for row in self.rows)


def dues(ours: Side, rows: Iterable[VenueEntry], instruments: Mapping[InstrumentId, Instrument]) -> list[Due]:
    """Both parts of every derivative fill of ours, inside the window or not."""
    told: dict[RowKey, list[VenueEntry]] = {}
    for row in rows:
        if is_of_trade(row) and row.instrument is not None:
            told.setdefault(_row_key(row, row.instrument), []).append(row)
    found: list[Due] = []
    for fill in ours.fills:
        rules = instruments[fill.instrument]
        if rules.is_spot:
            continue
        key = key_of(fill)
        realised = ours.realised.get(key, ZERO)
        found.append(Due(fill, "realised", rules.settle, realised, tuple(told.get((key, "realised"), ()))))
        found.append(Due(fill, "fee", fill.fee_asset, -fill.fee, tuple(told.get((key, "fee"), ()))))
    return found


def in_transit(every: Iterable[Due], cut: int) -> list[Transit]:
    return [
        Transit(
            reference=f"{fill_reference(due.fill)} {due.part}", asset=due.asset, amount=due.amount, ts=due.rows[0].ts
        )
        for due in every
        if due.is_in_transit(cut)
    ]


def compare_trade_rows(found: Compared, every: Sequence[Due], rows: Iterable[VenueEntry], window: Window) -> None:
    """What is due in the window against the rows in it. A realised P&L or fee of zero needs no row."""
    claimed: set[str] = set()
    for due in every:
        fresh = window.has_fill(due.fill) and not due.is_in_transit(window.end)
        settled = due.is_in_transit(window.start) and not due.is_in_transit(window.end)
        if not (fresh or settled):
            continue
        told = [row for row in due.rows if window.has_row(row)]
        claimed.update(row.entry_id for row in told)
        if told or due.amount:
            found.line(_breaks(found, due, told))
    for row in rows:
        if is_of_trade(row) and window.has_row(row) and row.entry_id not in claimed:
            found.line([missing(BreakKind.MISSING_HERE, "entry", row.entry_id, row.asset, entry_text(row))])


def _breaks(found: Compared, due: Due, told: list[VenueEntry]) -> Iterable[Break]:
    if len(told) == 1 and told[0].amount == due.amount and told[0].asset == due.asset:
        return
    reference = fill_reference(due.fill)
    where = f"{due.part} of trade {reference} at {iso(due.fill.ts)} in the venue's ledger"
    if not told:
        text = f"{where}: {plain(due.amount)} {due.asset}"
        yield missing(BreakKind.MISSING_THERE, due.part, reference, due.asset, text)
        return
    if len(told) > 1:
        ids = ", ".join(row.entry_id for row in told)
        yield differs(due.part, reference, due.asset, 1, len(told), f"number of rows for {where} ({ids})")
    total = sum((row.amount for row in told), ZERO)
    if total != due.amount:
        kind = found.amount_kind(due.asset, due.amount, total, len(told))
        yield differs(due.part, reference, due.asset, due.amount, total, where, kind)
    for row in told:
        if row.asset != due.asset:
            yield differs(due.part, reference, due.asset, due.asset, row.asset, f"asset of {where}")


def _row_key(row: VenueEntry, instrument: InstrumentId) -> RowKey:
    return (instrument, row.reference), "realised" if row.kind is EntryKind.TRADE else "fee"
