"""The futures' ledger: rows of `income`.

Source: the income types of Binance's Get Income History pages (their spelling is theirs). What comes from and goes to
other wallets, and to the outside, is a TRANSFER there.
"""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.venue.records import Income, IncomeKind
from jtrader.venue.units import text

INCOME_TYPES = {
    IncomeKind.REALIZED_PNL: "REALIZED_PNL",
    IncomeKind.COMMISSION: "COMMISSION",
    IncomeKind.FUNDING_FEE: "FUNDING_FEE",
    IncomeKind.TRANSFER: "TRANSFER",
    IncomeKind.DEPOSIT: "TRANSFER",
    IncomeKind.WITHDRAWAL: "TRANSFER",
    IncomeKind.SETTLEMENT: "REALIZED_PNL",
    IncomeKind.DELIVERY: "DELIVERED_SETTELMENT",
    IncomeKind.LIQUIDATION_FEE: "INSURANCE_CLEAR",
    IncomeKind.INSURANCE: "INSURANCE_CLEAR",
    IncomeKind.REBATE: "COMMISSION_REBATE",
    IncomeKind.CONVERT: "COIN_SWAP_DEPOSIT",
    IncomeKind.ADJUSTMENT: "FEE_RETURN",
}


def income_row(row: Income) -> dict[str, Any]:
    kind = INCOME_TYPES[row.kind]
    if row.kind is IncomeKind.CONVERT and row.amount < 0:
        kind = "COIN_SWAP_WITHDRAW"
    trade_id = "" if row.trade_id is None else str(row.trade_id)
    return {
        "symbol": row.symbol,
        "incomeType": kind,
        "income": text(row.amount),
        "asset": row.asset,
        "time": to_millis(row.ts),
        "info": trade_id or row.reference or kind,
        "tranId": row.id,
        "tradeId": trade_id,
    }
