"""Ledger rows of the contract markets, under HTX's numbers for what they are.

3, 4 closed long, short; 5 to 8 fee of opening as taker, maker, of closing as taker, maker; 9, 10 delivered long, short;
11 delivery fee; 12, 13 liquidated long, short; 14, 15 transferred in, out; 16, 17 settled unrealised P&L of a long, of
a short; 26 system; 29 rebate; 30, 31 funding received, paid (huobiapi.github.io, coin_margined_swap v1, query financial
records). Fees of liquidations and what the insurance fund pays stand under 26.
"""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi import contract_desk as desk
from jtrader.exchange.sim.huobi.call import Call, Whole
from jtrader.exchange.sim.huobi.numbers import amount, words
from jtrader.exchange.sim.huobi.pages import numbers, slice_of
from jtrader.venue.account import Account
from jtrader.venue.records import Income, IncomeKind
from jtrader.venue.words import Origin

_SYSTEM = 26


def record_type(row: Income, account: Account) -> int:
    """By kind, and by the leg that it was about: lots above zero are a long position's."""
    long = row.lots > 0
    match row.kind:
        case IncomeKind.REALIZED_PNL:
            order = account.orders.get(row.order_id or 0)
            if order is not None and order.origin is not Origin.ACCOUNT:
                return 12 if long else 13
            return 3 if long else 4
        case IncomeKind.COMMISSION:
            return _fee_type(row, account)
        case IncomeKind.FUNDING_FEE:
            return 30 if row.amount >= 0 else 31
        case IncomeKind.SETTLEMENT:
            return 16 if long else 17
        case IncomeKind.DELIVERY:
            return 9 if long else 10
        case IncomeKind.TRANSFER | IncomeKind.DEPOSIT | IncomeKind.WITHDRAWAL:
            return 14 if row.amount >= 0 else 15
        case IncomeKind.REBATE:
            return 29
        case _:
            return _SYSTEM


def _fee_type(row: Income, account: Account) -> int:
    trades = account.trades_of.get(row.order_id or 0, [])
    trade = next((one for one in trades if one.id == row.trade_id), None)
    if trade is None:
        return 11
    return (7 if trade.closed else 5) + (1 if trade.maker else 0)


def _chosen(call: Call) -> list[Income]:
    """In the asked window, of the asked contract (rows of the whole wallet go with any) and types."""
    start, end = desk.window(call)
    listing, types = call.maybe_listing(), (call.maybe("type") or "").split(",")
    symbols = {one.symbol for one in call.listings()}
    account = call.account
    return [
        row
        for row in account.income
        if start <= row.ts < end
        if row.symbol in symbols or (not row.symbol and (listing is None or row.asset == listing.settle))
        if types == [""] or str(record_type(row, account)) in types
    ]


def bills_v5(call: Call) -> list[dict[str, Any]]:
    mode = call.maybe("margin_mode")
    rows = [row for row in _chosen(call) if mode in (None, "cross") or desk.margin_mode(call, row.symbol) == mode]
    return [
        {
            "id": str(row.id),
            "type": str(record_type(row, call.account)),
            "currency": row.asset,
            "amount": words(row.amount),
            "contract_code": row.symbol,
            "margin_mode": desk.margin_mode(call, row.symbol),
            "created_time": str(to_millis(row.ts)),
        }
        for row in desk.page(call, rows, lambda row: row.id, "limit", 10, 100)
    ]


def records_v3(call: Call) -> Whole:
    """At most 20 a page, the newest first unless `direct` says otherwise."""
    rows = desk.page(call, _chosen(call), lambda row: row.id, "size", 20, 50)
    return Whole({"code": 200, "msg": "", "data": [_row(call, row) for row in rows], "ts": call.now_ms})


def records_v1(call: Call) -> dict[str, Any]:
    rows = list(reversed(_chosen(call)))
    return {"financial_record": [_row(call, row) for row in slice_of(call, rows)], **numbers(call, len(rows))}


def records_v1_exact(call: Call) -> dict[str, Any]:
    return desk.exact_page(call, "financial_record", _chosen(call), lambda row: row.id, lambda row: _row(call, row))


def _row(call: Call, row: Income) -> dict[str, Any]:
    """`symbol` names the coin."""
    coin = call.venue.listings[row.symbol].instrument.base if row.symbol else row.asset
    return {
        "query_id": row.id,
        "id": row.id,
        "symbol": coin,
        "type": record_type(row, call.account),
        "amount": amount(row.amount),
        "ts": to_millis(row.ts),
        "contract_code": row.symbol,
        "asset": row.asset,
        "margin_account": row.asset,
        "face_margin_account": "",
    }
