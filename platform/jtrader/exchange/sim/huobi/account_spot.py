"""Spot's accounts, balances, and what moved them."""

from typing import Any

import msgspec

from jtrader.domain.times import DAY, HOUR, to_millis
from jtrader.exchange.sim.huobi.call import Call, Whole
from jtrader.exchange.sim.huobi.errors import HuobiError
from jtrader.exchange.sim.huobi.numbers import amount
from jtrader.exchange.sim.huobi.orders_spot import check_account
from jtrader.exchange.sim.huobi.reference import coins_known
from jtrader.exchange.sim.huobi.rows_spot import ACCOUNTS, account_id, balance_rows
from jtrader.matching.book import BUY
from jtrader.venue.records import Income, IncomeKind

POINTS = 5_000_000
"""Ids of the point accounts that everybody has, and nobody trades with, begin here."""

TRANSFER_NAMES = {"huobi_linear": "linear-swap", "huobi_swap": "swap", "huobi_future": "futures"}
"""How the other end of a transfer is called, by its market; without one it is an account outside of trading."""

_HISTORY_WORDS = {
    IncomeKind.TRANSFER: "transfer",
    IncomeKind.DEPOSIT: "deposit",
    IncomeKind.WITHDRAWAL: "withdraw",
    IncomeKind.REBATE: "rebate",
    IncomeKind.CONVERT: "exchange",
}


def transfer_name(row: Income) -> str:
    return TRANSFER_NAMES.get(row.reference, "otc")


def uid(call: Call) -> int:
    return ACCOUNTS + call.account.number


def key_rights(call: Call) -> list[dict[str, Any]]:
    """Keys here may read and trade, not withdraw to new addresses."""
    return [
        {
            "accessKey": call.sender.key,
            "status": "normal",
            "note": "",
            "permission": "readOnly,trade",
            "ipAddresses": "",
            "validDays": -1,
            "createTime": call.now_ms,
            "updateTime": call.now_ms,
        }
    ]


def accounts(call: Call) -> list[dict[str, Any]]:
    """The point account comes first: the first account is not the one to trade with."""
    number = call.account.number
    return [
        {"id": POINTS + number, "type": "point", "subtype": "", "state": "working"},
        {"id": account_id(call.account), "type": "spot", "subtype": "", "state": "working"},
    ]


def balance(call: Call) -> dict[str, Any]:
    """Raises HuobiError for an account that isn't the sender's."""
    asked = call.integer("{id}")
    if asked == POINTS + call.account.number:
        return {"id": asked, "type": "point", "state": "working", "list": []}
    check_account(call, "{id}")
    rows = balance_rows(call.account, coins_known(call))
    return {"id": asked, "type": "spot", "state": "working", "list": rows}


class _Moved(msgspec.Struct, frozen=True):
    ts: int
    asset: str
    amount: int
    word: str
    number: int


def history(call: Call) -> list[dict[str, Any]]:
    """`/v1/account/history`: everything that moved a balance in the last hour, or between two times at most an hour
    apart within 30 days; the newest first unless sorted otherwise."""
    check_account(call, "account-id")
    start, end = call.millis("start-time"), call.millis("end-time")
    end = call.world.now + 1 if end is None else end + 1
    start = end - HOUR if start is None else start
    wanted, currency = (call.maybe("transact-types") or "").split(","), call.maybe("currency")
    rows = [
        row
        for moved, row in _running(call)
        if start <= moved.ts < end
        if currency in (None, moved.asset.lower())
        if wanted == [""] or moved.word in wanted
    ]
    if call.maybe("sort") != "asc":
        rows.reverse()
    return rows[: call.limit("size", 100, 500)]


def _running(call: Call) -> list[tuple[_Moved, dict[str, Any]]]:
    """Each movement with the balance after it."""
    totals = dict(call.account.opening)
    found = []
    for moved in sorted(_moves(call), key=lambda one: (one.ts, one.number)):
        totals[moved.asset] = totals.get(moved.asset, 0) + moved.amount
        row = {
            "account-id": account_id(call.account),
            "currency": moved.asset.lower(),
            "record-id": moved.number,
            "transact-amt": amount(moved.amount),
            "transact-type": moved.word,
            "avail-balance": amount(totals[moved.asset]),
            "acct-balance": amount(totals[moved.asset]),
            "transact-time": to_millis(moved.ts),
        }
        found.append((moved, row))
    return found


def _moves(call: Call) -> list[_Moved]:
    moves = [_Moved(row.ts, row.asset, row.amount, _HISTORY_WORDS[row.kind], row.id) for row in call.account.income]
    for number, trade in enumerate(call.account.trades, 1):
        listing = call.venue.listings[trade.symbol]
        base, quote = listing.instrument.base, listing.instrument.quote
        lots = trade.lots * listing.lot
        legs = ((base, lots), (quote, -trade.quote)) if trade.side == BUY else ((base, -lots), (quote, trade.quote))
        moves += [_Moved(trade.ts, asset, moved, "trade", number * 10 + i) for i, (asset, moved) in enumerate(legs)]
        moves.append(_Moved(trade.ts, trade.fee_asset, -trade.fee, "transact-fee", number * 10 + 2))
    return moves


def ledger(call: Call) -> Whole:
    """`/v2/account/ledger` tells transfers alone, of at most ten days; trades, deposits and withdrawals are elsewhere.
    The newest first unless sorted otherwise."""
    check_account(call, "accountId")
    start, end = call.millis("startTime"), call.millis("endTime")
    end = call.world.now + 1 if end is None else end + 1
    start = end - 10 * DAY if start is None else start
    if end - start > 10 * DAY + 1:
        raise HuobiError(2002, "invalid field value in `startTime`")
    currency, first = call.maybe("currency"), call.integer("fromId")
    rows = [
        row
        for row in call.account.income
        if row.kind is IncomeKind.TRANSFER and start <= row.ts < end
        if currency in (None, row.asset.lower())
        if first is None or row.id >= first
    ]
    if call.maybe("sort") != "asc":
        rows.reverse()
    limit = call.limit("limit", 100, 500)
    body: dict[str, Any] = {"code": 200, "message": "success", "data": [_ledger_row(call, row) for row in rows[:limit]]}
    if len(rows) > limit:
        body["nextId"] = rows[limit].id
    return Whole(body | {"ok": True})


def _ledger_row(call: Call, row: Income) -> dict[str, Any]:
    own = account_id(call.account)
    name = transfer_name(row)
    comes = row.amount >= 0
    return {
        "accountId": own,
        "currency": row.asset.lower(),
        "transactAmt": amount(row.amount),
        "transactType": "transfer",
        "transferType": f"{name}-to-pro" if comes else f"pro-to-{name}",
        "transactId": row.id,
        "transactTime": to_millis(row.ts),
        "transferer": POINTS + call.account.number if comes else own,
        "transferee": own if comes else POINTS + call.account.number,
    }
