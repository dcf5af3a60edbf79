"""Transfers between the wallets of one key: spot, USDT-M, COIN-M. Each end has a ledger row that names the other."""

from typing import Any

from jtrader.domain.times import DAY, to_millis
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import COINM, SPOT, USDM, BinanceError, illegal, missing
from jtrader.venue.records import Income, IncomeKind
from jtrader.venue.refusals import Refused
from jtrader.venue.units import atoms, text

_WALLETS = {"MAIN": SPOT, "UMFUTURE": USDM, "CMFUTURE": COINM}
_ELSEWHERE = ("MARGIN", "FUNDING", "OPTION", "ISOLATEDMARGIN", "PORTFOLIO_MARGIN")
"""Wallets of Binance that nobody has here."""
TYPES = {f"{a}_{b}": (_WALLETS[a], _WALLETS[b]) for a in _WALLETS for b in _WALLETS if a != b}
_OLD_TYPES = {1: "MAIN_UMFUTURE", 2: "UMFUTURE_MAIN", 3: "MAIN_CMFUTURE", 4: "CMFUTURE_MAIN"}
_MOST_ROWS = 100


def is_between_wallets(row: Income) -> bool:
    return row.kind is IncomeKind.TRANSFER and row.reference in _WALLETS.values()


def transfer(call: Call) -> dict[str, Any]:
    """The universal transfer."""
    return {"tranId": _move(call, call.text("type")).id}


def futures_transfer(call: Call) -> dict[str, Any]:
    """The older door, with numbers for types."""
    return {"tranId": _move(call, _old_type(call)).id}


def history(call: Call) -> dict[str, Any]:
    """Of one type, newest first, in pages."""
    kind = call.text("type")
    rows = _rows(call, kind)
    current, size = call.integer("current") or 1, min(call.integer("size") or 10, _MOST_ROWS)
    if current < 1 or size < 1:
        raise illegal("current" if current < 1 else "size")
    shown = rows[(current - 1) * size : current * size]
    return {"total": len(rows), "rows": [_row(row, kind) for row in shown]}


def futures_history(call: Call) -> dict[str, Any]:
    start = call.integer("startTime")
    if start is None:
        raise missing("startTime")
    pairs = [(row, kind) for kind in _OLD_TYPES.values() for row in _rows(call, kind)]
    numbers = {name: number for number, name in _OLD_TYPES.items()}
    rows = [
        _row(row, kind) | {"type": str(numbers[kind])}
        for row, kind in sorted(pairs, key=lambda p: p[0].ts, reverse=True)
    ]
    return {"total": len(rows), "rows": rows[:_MOST_ROWS]}


def _move(call: Call, kind: str) -> Income:
    source, target = _ends(call, kind)
    amount = call.decimal("amount")
    if amount is None:
        raise missing("amount")
    if amount <= 0:
        raise BinanceError(-4055, "Amount must be positive.")
    if call.key is None:
        raise missing("apiKey")
    asset, venues, now = call.text("asset"), call.world.venues, call.world.now
    try:
        row = venues[source].transfer(call.key.accounts[source], asset, -atoms(amount), now, target)
    except Refused as refused:
        raise BinanceError(-5013, "Asset transfer failed: insufficient balance") from refused
    venues[target].transfer(call.key.accounts[target], asset, atoms(amount), now, source)
    return row


def _rows(call: Call, kind: str) -> list[Income]:
    """What left the source for the target; of wallets that nobody has here nothing ever did."""
    if any(name in kind for name in _ELSEWHERE) or call.key is None:
        return []
    source, target = _ends(call, kind)
    start, end = call.span()
    start = call.world.now - 7 * DAY if start is None and end is None else start
    found = [
        row
        for row in call.key.accounts[source].income
        if is_between_wallets(row)
        and row.reference == target
        and row.amount < 0
        and (start is None or row.ts >= start)
        and (end is None or row.ts < end)
        and call.maybe("asset") in (None, row.asset)
    ]
    return found[::-1]


def _row(row: Income, kind: str) -> dict[str, Any]:
    return {
        "asset": row.asset,
        "amount": text(-row.amount),
        "type": kind,
        "status": "CONFIRMED",
        "tranId": row.id,
        "timestamp": to_millis(row.ts),
    }


def _ends(call: Call, kind: str) -> tuple[str, str]:
    ends = TYPES.get(kind)
    if ends is None or call.key is None or not set(ends) <= set(call.key.accounts):
        raise illegal("type")
    return ends


def _old_type(call: Call) -> str:
    number = call.integer("type")
    if number not in _OLD_TYPES:
        raise illegal("type")
    return _OLD_TYPES[number]
