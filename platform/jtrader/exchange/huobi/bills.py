"""The types of HTX's contract ledger rows (financial records, bills) → ours.
https://huobiapi.github.io/docs/coin_margined_swap/v1/en/#query-account-financial-records"""

from typing import Any

from jtrader.domain.account import EntryKind

KINDS = {
    "3": EntryKind.TRADE,  # close long
    "4": EntryKind.TRADE,  # close short
    "5": EntryKind.FEE,  # opening, taker
    "6": EntryKind.FEE,
    "7": EntryKind.FEE,  # closing, taker
    "8": EntryKind.FEE,
    "9": EntryKind.DELIVERY,  # close long
    "10": EntryKind.DELIVERY,
    "11": EntryKind.FEE,  # of delivery
    "12": EntryKind.TRADE,  # liquidation of a long
    "13": EntryKind.TRADE,
    "14": EntryKind.TRANSFER,  # from spot
    "15": EntryKind.TRANSFER,  # to spot
    "16": EntryKind.SETTLEMENT,  # unrealised profit of longs moved to the balance
    "17": EntryKind.SETTLEMENT,
    "19": EntryKind.INSURANCE,  # clawback
    "29": EntryKind.REBATE,
    "30": EntryKind.FUNDING,  # received
    "31": EntryKind.FUNDING,  # paid
    "34": EntryKind.TRANSFER,  # to a sub account
    "35": EntryKind.TRANSFER,
    "36": EntryKind.TRANSFER,  # to the master account
    "37": EntryKind.TRANSFER,
    "38": EntryKind.TRANSFER,  # from another margin account
    "39": EntryKind.TRANSFER,
    "46": EntryKind.ADL,
    "47": EntryKind.ADL,
    "66": EntryKind.TRANSFER,
    "67": EntryKind.TRANSFER,
    "141": EntryKind.LIQUIDATION_FEE,
}


def entry_kind(code: Any) -> EntryKind:
    """An unlisted type is booked as an adjustment, so that it is seen and sums."""
    return KINDS.get(str(code), EntryKind.ADJUST)
