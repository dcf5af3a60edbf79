"""Double entries: every booking is a set of lines that sum to zero per asset."""

from collections.abc import Iterable
from decimal import Decimal

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.books import Posting
from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId, InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.domain.order import Fill
from jtrader.ledger.position import Traded

OPENING = "opening"

BOOKS: dict[EntryKind, str] = {
    EntryKind.TRADE: "realised",
    EntryKind.FEE: "fees",
    EntryKind.REBATE: "fees",
    EntryKind.LIQUIDATION_FEE: "fees",
    EntryKind.FUNDING: "funding",
    EntryKind.SETTLEMENT: "realised",
    EntryKind.DELIVERY: "realised",
    EntryKind.ADL: "realised",
    EntryKind.INSURANCE: "insurance",
    EntryKind.TRANSFER: "transfers",
    EntryKind.CONVERT: "converted",
    EntryKind.ADJUST: "adjusted",
}
"""Which book stands against the wallet for a row of the venue's ledger."""

Line = tuple[EntryKind, str, str, Decimal, StrategyId | None]
"""Kind, book, asset, amount, strategy; lines of amount zero are dropped."""


def fill_entry_id(fill: Fill) -> str:
    return f"fill:{fill.instrument}:{fill.trade_id}"


def entry(
    account: AccountId,
    entry_id: str,
    ts: int,
    lines: Iterable[Line],
    instrument: InstrumentId | None = None,
    reference: str = "",
) -> tuple[Posting, ...]:
    """Numbers the lines and checks them. Raises Broken unless they sum to zero per asset."""
    kept = [line for line in lines if line[3]]
    sums: dict[str, Decimal] = {}
    for _, _, asset, amount, _ in kept:
        sums[asset] = sums.get(asset, ZERO) + amount
    if any(sums.values()):
        raise Broken(f"entry {entry_id} of account {account} does not balance: {sums}; nothing was booked")
    return tuple(
        Posting(
            account=account,
            entry_id=entry_id,
            line=number,
            ts=ts,
            kind=kind,
            book=book,
            asset=asset,
            amount=amount,
            instrument=instrument,
            strategy=strategy,
            reference=reference,
        )
        for number, (kind, book, asset, amount, strategy) in enumerate(kept)
    )


def opening_lines(balances: dict[str, Decimal]) -> list[Line]:
    kind = EntryKind.TRANSFER
    return [
        line
        for asset, amount in sorted(balances.items())
        for line in ((kind, "wallet", asset, amount, None), (kind, OPENING, asset, -amount, None))
    ]


def fill_lines(
    instrument: Instrument, fill: Fill, strategy: StrategyId, own: Traded, wallet_realised: Decimal
) -> list[Line]:
    """A trade and its fee.

    `own` is the trade in the strategy's book; `wallet_realised` is what the venue's wallet receives for it, by the
    account's net position. Spot moves quantity and cash of the wallet. A derivative's wallet gets the realised P&L
    alone; quantity (asset = the instrument) and cost stand against `contracts`.
    """
    quantity = fill.side.sign * fill.quantity
    settle = instrument.settle
    trade, fee = EntryKind.TRADE, EntryKind.REBATE if fill.fee < 0 else EntryKind.FEE
    in_base = fill.fee if instrument.is_spot and fill.fee_asset == instrument.base else ZERO
    lines = trade_lines(trade, instrument, quantity, own, strategy, in_base * fill.price)
    if not instrument.is_spot:
        lines += wallet_lines(trade, settle, wallet_realised, strategy)
    lines.append((fee, "wallet", fill.fee_asset, -fill.fee, strategy))
    if in_base:
        lines += [
            (fee, "inventory", fill.fee_asset, in_base, strategy),
            (fee, "fees", settle, in_base * fill.price, strategy),
        ]
    else:
        lines.append((fee, "fees", fill.fee_asset, fill.fee, strategy))
    return lines


def trade_lines(
    kind: EntryKind,
    instrument: Instrument,
    quantity: Decimal,
    own: Traded,
    strategy: StrategyId,
    kept_as_fee: Decimal = ZERO,
) -> list[Line]:
    """What changes hands in a strategy's book; `kept_as_fee`: worth of what a spot buy's fee in base kept back."""
    holder, unit = ("wallet", instrument.base) if instrument.is_spot else ("contracts", str(instrument.id))
    settle = instrument.settle
    return [
        (kind, holder, unit, quantity, strategy),
        (kind, "inventory", unit, -quantity, strategy),
        (kind, holder, settle, -own.value - kept_as_fee, strategy),
        (kind, "inventory", settle, own.value + own.realised, strategy),
        (kind, "realised", settle, -own.realised, strategy),
    ]


def wallet_lines(kind: EntryKind, settle: str, amount: Decimal, strategy: StrategyId | None) -> list[Line]:
    """What a derivative's wallet receives for the account's net position."""
    return [(kind, "wallet", settle, amount, strategy), (kind, "contracts", settle, -amount, strategy)]


def entry_lines(row: VenueEntry, owners: Iterable[tuple[StrategyId | None, Decimal]]) -> list[Line]:
    """A row of the venue's ledger; the shares of its owners sum to the row's amount."""
    book = BOOKS[row.kind]
    lines: list[Line] = [(row.kind, "wallet", row.asset, row.amount, None)]
    lines += [(row.kind, book, row.asset, -share, strategy) for strategy, share in owners]
    return lines
