"""Line by line: what one side has and the other has not, or has otherwise. Tolerance 0."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeVar

import msgspec

from jtrader.domain.account import VenueEntry
from jtrader.domain.books import Break, BreakKind
from jtrader.domain.money import plain
from jtrader.domain.order import Fill
from jtrader.domain.times import iso
from jtrader.ledger.book import is_of_trade
from jtrader.ledger.sides import key_of

Item = TypeVar("Item", Fill, VenueEntry)
Key = TypeVar("Key")


class Compared(msgspec.Struct):
    """What comparing found: how many lines match, and the breaks."""

    matched: int = 0
    breaks: list[Break] = []

    def line(self, breaks: Iterable[Break]) -> None:
        """One line: matched if nothing breaks."""
        found = list(breaks)
        self.breaks += found
        self.matched += not found


def differs(what: str, reference: str, asset: str, ours: object, theirs: object, detail: str) -> Break:
    return Break(
        kind=BreakKind.DIFFERS,
        what=what,
        reference=reference,
        asset=asset,
        ours=_text(ours),
        theirs=_text(theirs),
        detail=f"{detail}: ours {_text(ours)}, the venue's {_text(theirs)}{_gap(ours, theirs)}",
    )


def compare_fills(found: Compared, ours: Iterable[Fill], theirs: Iterable[Fill]) -> None:
    """By instrument and trade id: every figure the venue tells of a trade."""
    _pair(found, "fill", ours, theirs, key_of, fill_reference, _fill_text, _fill_differences)


def compare_entries(found: Compared, ours: Iterable[VenueEntry], theirs: Iterable[VenueEntry]) -> None:
    """Rows of the venue's ledger that are no trade, by entry id."""
    _pair(
        found, "entry", ours, theirs, lambda row: row.entry_id, lambda row: row.entry_id, entry_text, _row_differences
    )


def _pair(
    found: Compared,
    what: str,
    ours: Iterable[Item],
    theirs: Iterable[Item],
    key: Callable[[Item], Key],
    reference: Callable[[Item], str],
    text: Callable[[Item], str],
    differences: Callable[[Item, Item], list[Break]],
) -> None:
    here = _index(found, what, ours, key, reference, "our books")
    there = _index(found, what, theirs, key, reference, "the venue's answer")
    for one, mine in here.items():
        if one not in there:
            found.line([missing(BreakKind.MISSING_THERE, what, reference(mine), _asset(mine), text(mine))])
        else:
            found.line(differences(mine, there[one]))
    for one, other in there.items():
        if one not in here:
            found.line([missing(BreakKind.MISSING_HERE, what, reference(other), _asset(other), text(other))])


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


def _fill_differences(mine: Fill, other: Fill) -> list[Break]:
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
        differs("fee" if "fee" in name else "fill", reference, _asset(mine), a, b, f"{name} of trade {reference}")
        for name, a, b in figures
        if a != b
    ]


def _row_differences(mine: VenueEntry, other: VenueEntry) -> list[Break]:
    figures = [
        ("kind", mine.kind.value, other.kind.value),
        ("asset", mine.asset, other.asset),
        ("amount", mine.amount, other.amount),
        ("time", mine.ts, other.ts),
        ("instrument", mine.instrument or "", other.instrument or ""),
        ("reference", mine.reference, other.reference),
    ]
    where = f"{mine.kind.value} row {mine.entry_id}"
    return [differs("entry", mine.entry_id, mine.asset, a, b, f"{name} of {where}") for name, a, b in figures if a != b]


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
