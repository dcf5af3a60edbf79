"""Line by line: what one side has and the other has not, or has otherwise, or at another time. Tolerance 0."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

import msgspec

from jtrader.domain.account import VenueEntry
from jtrader.domain.books import Break, BreakKind
from jtrader.domain.money import plain
from jtrader.domain.order import Fill
from jtrader.domain.times import iso
from jtrader.ledger.book import is_of_trade
from jtrader.ledger.rules import SATOSHI
from jtrader.ledger.sides import key_of

Item = TypeVar("Item", Fill, VenueEntry)
Key = TypeVar("Key")


class Compared(msgspec.Struct):
    """What comparing found: how many lines match, and the breaks. `units`: the smallest of an asset, where it is not
    1e-8."""

    matched: int = 0
    breaks: list[Break] = []
    units: Mapping[str, Decimal] = {}

    def amount_kind(self, asset: str, ours: Decimal, theirs: Decimal, entries: int = 1) -> BreakKind:
        """The class of two amounts that differ, each a sum of so many entries."""
        allowed = self.units.get(asset, SATOSHI) * entries
        return BreakKind.ROUNDING if abs(ours - theirs) <= allowed else BreakKind.DIFFERS

    def line(self, breaks: Iterable[Break]) -> None:
        """One line: matched if nothing breaks."""
        found = list(breaks)
        self.breaks += found
        self.matched += not found


def differs(
    what: str,
    reference: str,
    asset: str,
    ours: object,
    theirs: object,
    detail: str,
    kind: BreakKind = BreakKind.DIFFERS,
) -> Break:
    return Break(
        kind=kind,
        what=what,
        reference=reference,
        asset=asset,
        ours=_text(ours),
        theirs=_text(theirs),
        detail=f"{detail}: ours {_text(ours)}, the venue's {_text(theirs)}{_gap(ours, theirs)}",
    )


class Sides(NamedTuple, Generic[Item]):
    """Lines of both sides within the window, and of each those outside of it."""

    ours: Sequence[Item]
    theirs: Sequence[Item]
    ours_elsewhere: Sequence[Item] = ()
    theirs_elsewhere: Sequence[Item] = ()


def compare_fills(found: Compared, sides: Sides[Fill]) -> None:
    """By instrument and trade id: every figure the venue tells of a trade."""
    _pair(found, "fill", sides, key_of, fill_reference, _fill_text, _fill_differences)


def compare_entries(found: Compared, sides: Sides[VenueEntry]) -> None:
    """Rows of the venue's ledger that are no trade, by entry id."""
    _pair(found, "entry", sides, lambda row: row.entry_id, lambda row: row.entry_id, entry_text, _row_differences)


def _pair(
    found: Compared,
    what: str,
    sides: Sides[Item],
    key: Callable[[Item], Key],
    reference: Callable[[Item], str],
    text: Callable[[Item], str],
    differences: Callable[[Compared, Item, Item], list[Break]],
) -> None:
    here = _index(found, what, sides.ours, key, reference, "our books")
    there = _index(found, what, sides.theirs, key, reference, "the venue's answer")
    is_whole = here.keys() == there.keys()
    ours_elsewhere = {} if is_whole else {key(mine): mine for mine in sides.ours_elsewhere}
    theirs_elsewhere = {} if is_whole else {key(other): other for other in sides.theirs_elsewhere}
    for one, mine in here.items():
        if one in there:
            found.line(differences(found, mine, there[one]))
            continue
        late = theirs_elsewhere.get(one)
        found.line([_alone(BreakKind.MISSING_THERE, what, reference(mine), mine, late, text)])
    for one, other in there.items():
        if one not in here:
            late = ours_elsewhere.get(one)
            found.line([_alone(BreakKind.MISSING_HERE, what, reference(other), other, late, text)])


def _alone(
    kind: BreakKind, what: str, reference: str, item: Item, late: Item | None, text: Callable[[Item], str]
) -> Break:
    """A line that the other side does not have that day: not at all, or at another time."""
    if late is None:
        return missing(kind, what, reference, _asset(item), text(item))
    times = (iso(item.ts), iso(late.ts)) if kind is BreakKind.MISSING_THERE else (iso(late.ts), iso(item.ts))
    return differs(what, reference, _asset(item), *times, f"day of {text(item)}", BreakKind.TIMING)


def _index(
    found: Compared,
    what: str,
    items: Iterable[Item],
    key: Callable[[Item], Key],
    reference: Callable[[Item], str],
    where: str,
) -> dict[Key, Item]:
    index: dict[Key, Item] = {}
    for item in items:
        if key(item) in index:
            found.line(
                [differs(what, reference(item), _asset(item), 1, 2, f"{what} {reference(item)} twice in {where}")]
            )
        index[key(item)] = item
    return index


def _fill_differences(found: Compared, mine: Fill, other: Fill) -> list[Break]:
    reference = fill_reference(mine)
    figures = [
        ("side", mine.side.value, other.side.value),
        ("price", mine.price, other.price),
        ("quantity", mine.quantity, other.quantity),
        ("fee", mine.fee, other.fee),
        ("fee asset", mine.fee_asset if mine.fee else "", other.fee_asset if other.fee else ""),
        ("maker", mine.maker, other.maker),
        ("time", mine.ts, other.ts),
        ("venue order id", mine.venue_order_id, other.venue_order_id),
    ]
    if mine.client_order_id is not None and other.client_order_id is not None:
        figures.append(("client order id", mine.client_order_id, other.client_order_id))
    if mine.realised is not None and other.realised is not None:
        figures.append(("realised", mine.realised, other.realised))
    return [
        differs(
            "fee" if "fee" in name else "fill",
            reference,
            _asset(mine),
            a,
            b,
            f"{name} of trade {reference}",
            _kind(found, name, _asset(mine), a, b),
        )
        for name, a, b in figures
        if a != b
    ]


def _row_differences(found: Compared, mine: VenueEntry, other: VenueEntry) -> list[Break]:
    figures = [
        ("kind", mine.kind.value, other.kind.value),
        ("asset", mine.asset, other.asset),
        ("amount", mine.amount, other.amount),
        ("time", mine.ts, other.ts),
        ("instrument", mine.instrument or "", other.instrument or ""),
        ("reference", mine.reference, other.reference),
    ]
    where = f"{mine.kind.value} row {mine.entry_id}"
    return [
        differs("entry", mine.entry_id, mine.asset, a, b, f"{name} of {where}", _kind(found, name, mine.asset, a, b))
        for name, a, b in figures
        if a != b
    ]


def _kind(found: Compared, name: str, asset: str, ours: object, theirs: object) -> BreakKind:
    if name == "time":
        return BreakKind.TIMING
    if name in ("fee", "realised", "amount") and isinstance(ours, Decimal) and isinstance(theirs, Decimal):
        return found.amount_kind(asset, ours, theirs)
    return BreakKind.DIFFERS


def missing(kind: BreakKind, what: str, reference: str, asset: str, text: str) -> Break:
    here = kind is BreakKind.MISSING_HERE
    advice = (
        "the venue has it, our journal has not: find who traded or moved money, then let the oms book it"
        if here
        else "our journal has it, the venue has not: compare with the venue's history before trading on"
    )
    return Break(
        kind=kind,
        what=what,
        reference=reference,
        asset=asset,
        ours="" if here else text,
        theirs=text if here else "",
        detail=f"{text}: {advice}",
    )


def fill_reference(fill: Fill) -> str:
    return f"{fill.instrument}#{fill.trade_id}"


def _fill_text(fill: Fill) -> str:
    what = f"{fill.side.value} {plain(fill.quantity)} at {plain(fill.price)}, fee {plain(fill.fee)} {fill.fee_asset}"
    return f"trade {fill_reference(fill)} at {iso(fill.ts)}: {what}"


def entry_text(row: VenueEntry) -> str:
    of = f" of trade {row.instrument}#{row.reference}" if is_of_trade(row) else f" {row.instrument or ''}".rstrip()
    return f"{row.kind.value} row {row.entry_id}{of} at {iso(row.ts)}: {plain(row.amount)} {row.asset}"


def _asset(item: Fill | VenueEntry) -> str:
    return item.fee_asset if isinstance(item, Fill) else item.asset


def _text(figure: object) -> str:
    return plain(figure) if isinstance(figure, Decimal) else str(figure)


def _gap(ours: object, theirs: object) -> str:
    if isinstance(ours, Decimal) and isinstance(theirs, Decimal):
        return f", difference {plain(ours - theirs)}"
    return ""
