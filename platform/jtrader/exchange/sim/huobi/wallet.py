"""Money that comes, goes and moves between the markets: deposits, withdrawals, transfers."""

import hashlib
from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.account_spot import transfer_name
from jtrader.exchange.sim.huobi.call import Call, Whole
from jtrader.exchange.sim.huobi.errors import HuobiError, illegal, missing
from jtrader.exchange.sim.huobi.names import FUTURE, LINEAR, SPOT, SWAP
from jtrader.exchange.sim.huobi.numbers import amount, words
from jtrader.exchange.sim.huobi.reference import CHAINS, WITHDRAWAL_FEES
from jtrader.venue.records import Income, IncomeKind
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import atoms

_MARKETS = {"spot": SPOT, "pro": SPOT, "linear-swap": LINEAR, "swap": SWAP, "futures": FUTURE, "future": FUTURE}
_NO_FUNDS = HuobiError("dw-insufficient-balance", "Insufficient balance.")


def deposit_addresses(call: Call) -> list[dict[str, Any]]:
    coin = _coin(call)
    return [
        {
            "currency": coin,
            "address": _address(call.sender.key, coin),
            "addressTag": "",
            "chain": CHAINS[coin][0],
            "userId": call.account.number,
        }
    ]


def withdrawal_addresses(call: Call) -> list[dict[str, Any]]:
    coin = _coin(call)
    return [
        {
            "currency": coin,
            "chain": CHAINS[coin][0],
            "note": "own wallet",
            "addressTag": "",
            "address": _address(f"{call.sender.key} out", coin),
        }
    ]


def withdrawal_quota(call: Call) -> dict[str, Any]:
    coin = _coin(call)
    most = "227000.000000000000000000"
    chain = {"chain": CHAINS[coin][0], "maxWithdrawAmt": most, "withdrawQuotaPerDay": most}
    return {"currency": coin, "chains": [chain | {"remainWithdrawQuotaPerDay": most, "withdrawQuotaTotal": None}]}


def withdraw(call: Call) -> str:
    """To any address. The fee comes on top. Answers with the withdrawal's id."""
    coin, wanted = _coin(call), call.decimal("amount")
    if wanted is None:
        raise missing(call.family, "amount")
    address = call.text("address")
    if not address.isalnum():
        raise HuobiError("invalid-address", "Invalid address.")
    if call.maybe("chain") not in (None, CHAINS[coin][0]):
        raise HuobiError("base-currency-chain-error", "The current currency chain does not exist")
    fee = call.decimal("fee")
    charged = atoms(WITHDRAWAL_FEES[coin] if fee is None else fee)
    if charged < atoms(WITHDRAWAL_FEES[coin]):
        raise HuobiError("base-withdraw-fee-error", "withdrawal fee is not within limits")
    if wanted < 0 or atoms(wanted) < atoms(WITHDRAWAL_FEES[coin]):
        raise HuobiError("dw-withdraw-min-limit", "The withdrawal amount is less than the minimum limit")
    try:
        row = call.venue.withdraw(call.account, coin.upper(), atoms(wanted), call.world.now, charged, address)
    except Refused as refused:
        raise _NO_FUNDS from refused
    return str(row.id)


def cancel_withdrawal(call: Call) -> str:
    """Withdrawals are done at once here."""
    raise HuobiError("base-record-invalid", f"withdrawal {call.integer('{id}')} can't be cancelled")


def movements(call: Call) -> list[dict[str, Any]]:
    """Deposits or withdrawals: `from` an id on, towards the newer (`next`) or the older (`prev`, the default)."""
    kinds = {"deposit": IncomeKind.DEPOSIT, "withdraw": IncomeKind.WITHDRAWAL}
    kind = kinds.get(call.text("type"))
    if kind is None:
        raise illegal(call.family, "type")
    coin, start = call.maybe("currency"), call.integer("from")
    rows = [row for row in call.account.income if row.kind is kind and coin in (None, row.asset.lower())]
    if call.maybe("direct") == "next":
        rows = [row for row in rows if row.id >= (start or 0)]
    else:
        rows = [row for row in reversed(rows) if not start or row.id <= start]
    return [_movement(row) for row in rows[: call.limit("size", 100, 500)]]


def _movement(row: Income) -> dict[str, Any]:
    coin = row.asset.lower()
    comes = row.kind is IncomeKind.DEPOSIT
    at = to_millis(row.ts)
    hashed = hashlib.sha256(f"{row.id} {row.asset} {row.amount}".encode()).hexdigest()
    return {
        "id": row.id,
        "type": "deposit" if comes else "withdraw",
        "sub-type": "NORMAL",
        "currency": coin,
        "chain": CHAINS[coin][0],
        "tx-hash": hashed,
        "amount": amount(abs(row.amount) - row.fee),
        "from-addr-tag": "",
        "address-id": 0,
        "address": row.reference or hashed[:40],
        "address-tag": "",
        "fee": amount(row.fee),
        "state": "safe" if comes else "confirmed",
        "created-at": at,
        "updated-at": at,
    }


def move(call: Call) -> Whole:
    """`/v2/account/transfer`: from and to `spot`, `linear-swap` or `swap`."""
    row = _transfer(call, _market(call, call.text("from")), _market(call, call.text("to")))
    return Whole({"code": 200, "data": row.id, "message": "Succeed", "success": True, "print-log": True})


def move_futures(call: Call) -> Whole:
    """`/v1/futures/transfer`: `pro-to-futures` or `futures-to-pro`."""
    ways = {"pro-to-futures": (SPOT, FUTURE), "futures-to-pro": (FUTURE, SPOT)}
    way = ways.get(call.text("type"))
    if way is None:
        raise HuobiError("base-msg", "Illegal type.")
    return Whole({"status": "ok", "data": _transfer(call, *way).id})


def universal_move(call: Call) -> dict[str, Any]:
    source, target = _market(call, call.text("from_account_type")), _market(call, call.text("to_account_type"))
    return {"transfer_id": str(_transfer(call, source, target).id)}


def universal_moves(call: Call) -> Whole:
    """Transfers that left or reached the spot account, the newest first."""
    start, end = call.millis("start_time"), call.millis("end_time")
    coin = call.maybe("currency")
    rows = [
        _universal_row(row)
        for row in reversed(call.account.income)
        if row.kind is IncomeKind.TRANSFER
        if (start is None or row.ts >= start) and (end is None or row.ts <= end)
        if coin in (None, row.asset.lower())
    ]
    return Whole({"code": 200, "message": "Success", "data": rows[: call.limit("limit", 10, 100)]})


def _universal_row(row: Income) -> dict[str, Any]:
    ends = ("spot", transfer_name(row))
    source, target = ends if row.amount < 0 else (ends[1], ends[0])
    return {
        "id": row.id,
        "transfer_id": str(row.id),
        "amount": words(abs(row.amount)),
        "currency": row.asset,
        "status": "success",
        "from_account_type": source,
        "to_account_type": target,
        "from_asset_type": "",
        "to_asset_type": "",
        "transfer_time": to_millis(row.ts),
    }


def _transfer(call: Call, source: str, target: str) -> Income:
    """Out of one market's wallet into another's; the row is the one that left. Raises HuobiError and moves nothing."""
    wanted, coin = call.decimal("amount"), call.text("currency").upper()
    if wanted is None or wanted <= 0:
        raise HuobiError("base-msg", "Missing currency or amount.")
    if source == target or SPOT not in (source, target):
        raise HuobiError("base-msg", "Illegal account type.")
    world, accounts = call.world, call.sender.accounts
    if coin not in {listing.settle for listing in world.venues[target].listings.values()} and target != SPOT:
        raise HuobiError("base-msg", f"The currency {coin} is not supported.")
    try:
        gone = world.venues[source].transfer(accounts[source], coin, -atoms(wanted), world.now, target)
    except Refused as refused:
        if refused.why is Why.BALANCE:
            raise HuobiError("dw-insufficient-balance", "Insufficient balance.") from refused
        raise
    world.venues[target].transfer(accounts[target], coin, atoms(wanted), world.now, source)
    return gone


def _market(call: Call, word: str) -> str:
    market = _MARKETS.get(word)
    if market is None or market not in call.world.venues:
        raise HuobiError("base-msg", f"Illegal account type: {word}.")
    return market


def _coin(call: Call) -> str:
    coin = call.text("currency").lower()
    if coin not in CHAINS:
        raise HuobiError("base-currency-error", "The currency is invalid")
    return coin


def _address(seed: str, coin: str) -> str:
    return "T" + hashlib.sha256(f"{seed} {coin}".encode()).hexdigest()[:33]
