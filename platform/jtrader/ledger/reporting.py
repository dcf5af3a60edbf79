"""P&L in one currency: native, converted at each entry's time, at the end's rate, and FX on balances for the rest.

Equity of an asset is what the wallet holds of it, but of spot positions their worth in quote instead of the coins. So
its change is trading + fees + funding + transfers + other, exactly, and in the currency the same + FX: the residual is
zero, or the books are wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

import msgspec

from jtrader.domain.account import EntryKind
from jtrader.domain.books import Posting
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId
from jtrader.domain.money import ZERO
from jtrader.ledger.books import Books, Marks
from jtrader.ledger.position import unrealised
from jtrader.ledger.rates import Rate, Rates
from jtrader.ledger.rules import rounding_at

Amounts = Mapping[str, Decimal]


class Line(StrEnum):
    TRADING = "trading"
    FEES = "fees"
    FUNDING = "funding"
    TRANSFERS = "transfers"
    OTHER = "other"
    """Insurance, conversions, adjustments."""
    FX = "fx"
    """What the balances gained because their asset's rate moved."""


class Flow(msgspec.Struct, frozen=True):
    """An amount that changed equity at a time."""

    ts: int
    line: Line
    asset: str
    amount: Decimal


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of one asset. Converted amounts are None where a rate is unknown; `rate` is that of the period's end."""

    account: AccountId
    line: Line
    asset: str
    native: Decimal
    trade_time: Decimal | None
    period_end: Decimal | None
    rate: Rate | None


class CurrencyReport(msgspec.Struct, frozen=True, kw_only=True):
    """`opening`, `closing` and `residual` in the currency, over all assets whose rates are known; `unknown` are the
    others."""

    account: AccountId
    currency: str
    start: int
    end: int
    rows: tuple[ReportRow, ...]
    opening: Decimal
    closing: Decimal
    residual: Decimal
    unknown: tuple[str, ...] = ()


_OF_BOOK = {
    "fees": Line.FEES,
    "funding": Line.FUNDING,
    "transfers": Line.TRANSFERS,
    "opening": Line.TRANSFERS,
    "insurance": Line.OTHER,
    "converted": Line.OTHER,
    "adjusted": Line.OTHER,
}
_TRADES = frozenset({EntryKind.TRADE, EntryKind.SETTLEMENT, EntryKind.DELIVERY, EntryKind.ADL})


def book_equity(books: Books, account: AccountId, marks: Marks) -> dict[str, Decimal]:
    """Raises BadInput where the mark of a position is missing."""
    equity = books.balances(account)

    def add(asset: str, amount: Decimal) -> None:
        equity[asset] = equity.get(asset, ZERO) + amount

    for name, held in books.net_holdings(account).items():
        rules, mark = books.rules(name), marks(name)
        if mark is None:
            raise BadInput(f"no price of {name} at the period's end: the equity of account {account} can't be told")
        if rules.is_spot:
            add(rules.base, -held.quantity)
            add(rules.quote, held.quantity * mark)
        else:
            add(rules.settle, unrealised(held, rules, mark, rounding_at(rules, None)))
    return equity


def flows(postings: Iterable[Posting], books: Books) -> list[Flow]:
    """What the postings of an account did to its equity; the change of what is unrealised comes on top."""
    found: list[Flow] = []
    for one in postings:
        is_contract = one.instrument is not None and not books.is_spot(one.instrument)
        if one.asset == one.instrument:
            continue
        if one.book in _OF_BOOK:
            found.append(Flow(one.ts, _OF_BOOK[one.book], one.asset, -one.amount))
        elif is_contract and one.book == "wallet" and one.kind in _TRADES:
            found.append(Flow(one.ts, Line.TRADING, one.asset, one.amount))
        elif one.book == "realised" and not is_contract:
            found.append(Flow(one.ts, Line.TRADING, one.asset, -one.amount))
    return found


def open_gain(books: Books, account: AccountId, marks: Marks) -> dict[str, Decimal]:
    """What is not realised, by asset: equity − wallet, with spot at its cost."""
    gain = book_equity(books, account, marks)
    for asset, amount in books.balances(account).items():
        gain[asset] -= amount
    for (owner, _, name), held in books.holdings():
        rules = books.rules(name)
        if owner == account and rules.is_spot:
            gain[rules.base] = gain.get(rules.base, ZERO) + held.quantity
            gain[rules.quote] = gain.get(rules.quote, ZERO) - held.cost
    return gain


def in_currency(
    account: AccountId,
    currency: str,
    period: tuple[int, int],
    equity: tuple[Amounts, Amounts],
    moved: Sequence[Flow],
    rates: Rates,
) -> CurrencyReport:
    """`equity` per asset at both ends of the `period`; `moved` is all that changed it."""
    start, end = period
    rows: list[ReportRow] = []
    unknown: list[str] = []
    before = after = told = ZERO
    for asset in sorted({*equity[0], *equity[1], *(flow.asset for flow in moved)}):
        mine = [flow for flow in moved if flow.asset == asset and flow.amount]
        opening, closing = equity[0].get(asset, ZERO), equity[1].get(asset, ZERO)
        if not (mine or opening or closing):
            continue
        last = rates(asset, end)
        first = rates(asset, start) if opening else last
        then = [rates(asset, flow.ts) for flow in mine]
        if last is None or first is None or None in then:
            unknown.append(asset)
            rows += [_row(account, line, asset, mine, None, None) for line in _lines(mine)]
            continue
        prices = [rate.price for rate in then if rate is not None]
        rows += [_row(account, line, asset, mine, prices, last) for line in _lines(mine)]
        gained = opening * (last.price - first.price)
        gained += sum((f.amount * (last.price - p) for f, p in zip(mine, prices, strict=True)), ZERO)
        fx = ReportRow(
            account=account, line=Line.FX, asset=asset, native=ZERO, trade_time=gained, period_end=ZERO, rate=last
        )
        rows += [fx] if gained else []
        before, after = before + opening * first.price, after + closing * last.price
        told += gained + sum((f.amount * p for f, p in zip(mine, prices, strict=True)), ZERO)
    return CurrencyReport(
        account=account,
        currency=currency,
        start=start,
        end=end,
        rows=tuple(rows),
        opening=before,
        closing=after,
        residual=after - before - told,
        unknown=tuple(unknown),
    )


def _lines(moved: Iterable[Flow]) -> list[Line]:
    present = {flow.line for flow in moved}
    return [line for line in Line if line in present]


def _row(
    account: AccountId,
    line: Line,
    asset: str,
    moved: Sequence[Flow],
    prices: Sequence[Decimal] | None,
    last: Rate | None,
) -> ReportRow:
    native = sum((flow.amount for flow in moved if flow.line is line), ZERO)
    converted = None
    if prices is not None:
        converted = sum((f.amount * p for f, p in zip(moved, prices, strict=True) if f.line is line), ZERO)
    return ReportRow(
        account=account,
        line=line,
        asset=asset,
        native=native,
        trade_time=converted,
        period_end=None if last is None else native * last.price,
        rate=last,
    )
