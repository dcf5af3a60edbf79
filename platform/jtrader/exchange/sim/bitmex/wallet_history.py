"""The rows of /user/walletHistory: money that came and went, and once a day, at 12:00 UTC, what each contract made."""

import zlib
from typing import Any

from jtrader.domain.times import DAY, HOUR
from jtrader.exchange.sim.bitmex.account_rows import NOBODY, account_number
from jtrader.exchange.sim.bitmex.words import MARKET, row_id, stamp, units, wallet_word
from jtrader.exchange.sim.world import World
from jtrader.venue.account import Account
from jtrader.venue.records import Income, IncomeKind

SESSION_ENDS = 12 * HOUR
"""After midnight UTC."""

_MOVED = {
    IncomeKind.TRANSFER: "Transfer",
    IncomeKind.DEPOSIT: "Deposit",
    IncomeKind.WITHDRAWAL: "Withdrawal",
    IncomeKind.CONVERT: "Conversion",
    IncomeKind.REBATE: "AffiliatePayout",
}


def session_end(ts: int) -> int:
    """The end of the session that `ts` lies in: what happens at the end itself is of the next one."""
    return (ts - SESSION_ENDS) // DAY * DAY + DAY + SESSION_ENDS


def wallet_history(world: World, account: Account, asset: str) -> list[dict[str, Any]]:
    """Oldest first; what open positions would make comes last, without a time, as the venue tells it."""
    rows: list[dict[str, Any]] = []
    made: dict[tuple[int, str], int] = {}
    for booked in account.income:
        if booked.asset != asset:
            continue
        if booked.kind in _MOVED and not booked.symbol:
            rows.append(_moved(account, booked))
        else:
            key = (session_end(booked.ts), booked.symbol)
            made[key] = made.get(key, 0) + booked.amount
    rows += [_realised(account, asset, at, symbol, sum_) for (at, symbol), sum_ in made.items() if at <= world.now]
    rows.sort(key=lambda row: str(row["transactTime"]))
    balance = account.opening.get(asset, 0)
    for row in rows:
        balance += row.pop("atoms")
        row["walletBalance"] = units(balance, asset)
    margin = world.venues[MARKET].margin
    if margin is not None and any(p.lots for p in account.positions.values()):
        rows.append(_unrealised(account, asset, margin.unrealised(account, asset)))
    return rows


def moved_row(account: Account, row: Income) -> dict[str, Any] | None:
    """Money that came or went, as the stream tells it; None for what positions made."""
    if row.kind not in _MOVED or row.symbol:
        return None
    shown = _moved(account, row)
    del shown["atoms"]
    return shown | {"walletBalance": units(row.balance, row.asset)}


def _row(account: Account, asset: str, kind: str, amount: int, at: int | None, number: str) -> dict[str, Any]:
    return {
        "transactID": number,
        "account": account_number(account),
        "currency": wallet_word(asset),
        "network": "",
        "transactType": kind,
        "amount": units(amount, asset),
        "fee": 0,
        "transactStatus": "Completed",
        "address": "",
        "tx": "",
        "orderID": "",
        "text": "",
        "transactTime": None if at is None else stamp(at),
        "walletBalance": None,
        "marginBalance": None,
        "timestamp": None if at is None else stamp(at),
        "atoms": amount,
    }


def _moved(account: Account, row: Income) -> dict[str, Any]:
    shown = _row(account, row.asset, _MOVED[row.kind], row.amount, row.ts, row_id(row.id))
    shown |= {"fee": units(row.fee, row.asset), "address": row.reference}
    return shown


def _realised(account: Account, asset: str, at: int, symbol: str, amount: int) -> dict[str, Any]:
    number = f"{zlib.crc32(symbol.encode()):08x}-006d-5000-{account.number:04x}-{at // HOUR:012x}"
    return _row(account, asset, "RealisedPNL", amount, at, number) | {"address": symbol, "text": symbol}


def _unrealised(account: Account, asset: str, amount: int) -> dict[str, Any]:
    row = _row(account, asset, "UnrealisedPNL", amount, None, NOBODY) | {"transactStatus": "Pending"}
    del row["atoms"]
    return row
