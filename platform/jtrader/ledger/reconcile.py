"""A day to a statement: our books against the venue's, line by line and at both cuts. Pure; tolerance 0.

Opening + postings = closing = the venue's closing, per asset, exactly. Every difference is a break that names its line.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.books import BreakKind, Statement, Transit
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.ledger.book import is_of_trade
from jtrader.ledger.lines import Compared, Sides, compare_entries, compare_fills, differs
from jtrader.ledger.position import FLAT
from jtrader.ledger.rules import rounding_at
from jtrader.ledger.sides import Cut, Side, Window
from jtrader.ledger.trade_rows import compare_trade_rows, dues, in_transit

Amounts = Mapping[str, Decimal]
Item = TypeVar("Item")


def reconcile(
    account: AccountId,
    date: dt.date,
    window: Window,
    ours: Side,
    theirs: Side,
    instruments: Mapping[InstrumentId, Instrument],
) -> Statement:
    """The statement of the day as version 1; Clean when both sides tell the same in every line."""
    every = dues(ours, theirs.entries, instruments)
    ending = in_transit(every, window.end)
    opening = _without(ours.opening, in_transit(every, window.start))
    closing = _without(ours.closing, ending)

    traded = {fill.instrument for side in (ours, theirs) for fill in side.fills}
    traded |= {*ours.opening.holdings, *theirs.opening.holdings}
    units = {instruments[name].settle: rounding_at(instruments[name], window.end).unit for name in traded}
    found = Compared(units=units)
    mine, others = _within(ours.fills, window.has_fill), _within(theirs.fills, window.has_fill)
    compare_fills(found, Sides(mine[0], others[0], mine[1], others[1]))
    compare_trade_rows(found, every, theirs.entries, window)
    rows, their_rows = (_within(_other_rows(side), window.has_row) for side in (ours, theirs))
    compare_entries(found, Sides(rows[0], their_rows[0], rows[1], their_rows[1]))
    moves = len(mine[0]) + len(rows[0])
    explained = bool(found.breaks)
    _compare_cut(found, "opening", opening, theirs.opening, instruments, moves, explained)
    _compare_cut(found, "closing", closing, theirs.closing, instruments, moves, explained)
    _check_own_sum(found, ours)
    _check_expired(found, ours)

    moved, moved_there = _transfers(ours, window), _transfers(theirs, window)
    equities = (opening.equity, closing.equity, theirs.opening.equity, theirs.closing.equity)
    assets = _assets(*equities, moved, moved_there)
    return Statement(
        account=account,
        date=date,
        version=1,
        opening=_of(assets, opening.equity),
        closing=_of(assets, closing.equity),
        transfers=moved,
        pnl_ledger=_profit(assets, opening, closing, moved),
        pnl_venue=_profit(assets, theirs.opening, theirs.closing, moved_there),
        fills=len(mine[0]),
        matched=found.matched,
        breaks=tuple(found.breaks),
        in_transit=tuple(ending),
    )


def _compare_cut(
    found: Compared,
    moment: str,
    ours: Cut,
    theirs: Cut,
    instruments: Mapping[InstrumentId, Instrument],
    moves: int,
    explained: bool,
) -> None:
    """Sums of `moves` entries; where a line has a break, it explains the sum's."""

    def kind(asset: str, a: Decimal, b: Decimal) -> BreakKind:
        told = found.amount_kind(asset, a, b, max(moves, 1)) if asset else BreakKind.DIFFERS
        return BreakKind.UNKNOWN if told is BreakKind.DIFFERS and not explained else told

    for what, mine, other in (("balance", ours.balances, theirs.balances), ("equity", ours.equity, theirs.equity)):
        for asset in _assets(mine, other):
            a, b = mine.get(asset, ZERO), other.get(asset, ZERO)
            detail = f"{moment} {what} in {asset}"
            found.line([differs(what, f"{moment} {asset}", asset, a, b, detail, kind(asset, a, b))] if a != b else [])
    for name in sorted(ours.holdings.keys() | theirs.holdings.keys()):
        held, there = ours.holdings.get(name, FLAT), theirs.holdings.get(name, FLAT)
        settle = instruments[name].settle
        figures = (("quantity", "", held.quantity, there.quantity), ("cost", settle, held.cost, there.cost))
        where = f"the {moment} position in {name}"
        found.line(
            differs("position", f"{moment} {name}", "", a, b, f"{figure} of {where}", kind(asset, a, b))
            for figure, asset, a, b in figures
            if a != b
        )


def _check_own_sum(found: Compared, ours: Side) -> None:
    """Opening + postings = closing in our own books, before any comparison with the venue."""
    for asset in _assets(ours.opening.balances, ours.closing.balances, ours.wallet_moves):
        expected = ours.opening.balances.get(asset, ZERO) + ours.wallet_moves.get(asset, ZERO)
        closing = ours.closing.balances.get(asset, ZERO)
        if expected != closing:
            detail = f"our books of {asset} do not add up (closing against opening + postings)"
            found.line([differs("balance", f"sum {asset}", asset, closing, expected, detail)])


def _check_expired(found: Compared, ours: Side) -> None:
    for name, books in ours.undelivered.items():
        detail = (
            f"{name} has expired with strategies' books open that cancel out, and no price of its expiry was seen:"
            " the venue delivers nothing there, so their P&L of it stays unrealised"
        )
        found.line([differs("position", f"expiry {name}", "", books, "none", detail)])


def _without(cut: Cut, transits: Iterable[Transit]) -> Cut:
    """The cut with the cash that is still in transit taken out."""
    balances, equity = dict(cut.balances), dict(cut.equity)
    for transit in transits:
        for amounts in (balances, equity):
            amounts[transit.asset] = amounts.get(transit.asset, ZERO) - transit.amount
    return msgspec.structs.replace(cut, balances=balances, equity=equity)


def _other_rows(side: Side) -> list[VenueEntry]:
    return [row for row in side.entries if not is_of_trade(row)]


def _within(items: Iterable[Item], is_within: Callable[[Item], bool]) -> tuple[list[Item], list[Item]]:
    """Those in the window, and the others."""
    inside: list[Item] = []
    outside: list[Item] = []
    for item in items:
        (inside if is_within(item) else outside).append(item)
    return inside, outside


def _transfers(side: Side, window: Window) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in side.entries:
        if row.kind is EntryKind.TRANSFER and window.has_row(row):
            sums[row.asset] = sums.get(row.asset, ZERO) + row.amount
    return dict(sorted(sums.items()))


def _assets(*amounts: Amounts) -> list[str]:
    """Every asset that is not zero in one of them."""
    return sorted({asset for one in amounts for asset, amount in one.items() if amount})


def _of(assets: Iterable[str], amounts: Amounts) -> dict[str, Decimal]:
    return {asset: amounts.get(asset, ZERO) for asset in assets}


def _profit(assets: Iterable[str], opening: Cut, closing: Cut, transfers: Amounts) -> dict[str, Decimal]:
    return {
        asset: closing.equity.get(asset, ZERO) - opening.equity.get(asset, ZERO) - transfers.get(asset, ZERO)
        for asset in assets
    }
