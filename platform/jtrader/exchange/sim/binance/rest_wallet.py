"""The wallet's own doors (`/sapi/…`): coins, fees, deposits, withdrawals, what a key may do.

Source: Binance's Wallet pages. Deposits come from the simulator's own door; a withdrawal is done at once, since no
chain stands behind it.
"""

from collections.abc import Callable
from typing import Any

from jtrader.domain.times import DAY, to_datetime, to_millis
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import BinanceError, missing
from jtrader.exchange.sim.binance.transfers import is_between_wallets
from jtrader.venue.records import Income, IncomeKind
from jtrader.venue.units import atoms, text

WITHDRAWAL_FEES = {"BTC": "0.0001", "ETH": "0.001", "USDT": "1", "BNB": "0.005"}
"""Of each coin's one network here; another coin is free."""


def nothing(call: Call) -> list[Any]:  # noqa: ARG001
    return []


def dividends(call: Call) -> dict[str, Any]:
    """Distributions, newest first: what was given by hand."""
    start, end = call.span()
    if start is not None and end is not None and end - start > 180 * DAY + DAY // 86_400_000:
        raise BinanceError(-1100, "The time interval must be within 0-180 days")
    found = [
        {
            "id": row.id,
            "tranId": row.id,
            "amount": text(row.amount),
            "asset": row.asset,
            "divTime": to_millis(row.ts),
            "enInfo": row.reference,
            "direction": 1,
        }
        for row in call.account.income
        if row.kind is IncomeKind.REBATE
        and (start is None or row.ts >= start)
        and (end is None or row.ts < end)
        and call.maybe("asset") in (None, row.asset)
    ]
    return {"rows": found[::-1][: call.limit(20, 500)], "total": len(found)}


def no_conversions(call: Call) -> dict[str, Any]:
    """Nobody converts here but small balances."""
    start, end = call.integer("startTime"), call.integer("endTime")
    return {"list": [], "startTime": start or 0, "endTime": end or 0, "limit": call.limit(100, 1000), "moreData": False}


def system_status(call: Call) -> dict[str, Any]:  # noqa: ARG001
    return {"status": 0, "msg": "normal"}


def restrictions(call: Call) -> dict[str, Any]:
    """What the key may do. Withdrawing to the outside is not among it: a desk refuses such keys."""
    return {
        "ipRestrict": True,
        "createTime": call.now_ms,
        "enableReading": True,
        "enableSpotAndMarginTrading": True,
        "enableFutures": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": True,
        "enableMargin": False,
        "enableVanillaOptions": False,
        "permitsUniversalTransfer": True,
        "enablePortfolioMarginTrading": False,
    }


def account_status(call: Call) -> dict[str, Any]:  # noqa: ARG001
    return {"data": "Normal"}


def coins(call: Call) -> list[dict[str, Any]]:
    held = call.account.holdings
    traded = {name for one in call.listings() for name in (one.instrument.base, one.instrument.quote)}
    names = sorted(traded | set(held))
    return [
        _coin(name, held[name].free if name in held else 0, held[name].locked if name in held else 0) for name in names
    ]


def _coin(name: str, free: int, locked: int) -> dict[str, Any]:
    network = {
        "network": name,
        "coin": name,
        "name": name,
        "isDefault": True,
        "depositEnable": True,
        "withdrawEnable": True,
        "withdrawFee": WITHDRAWAL_FEES.get(name, "0"),
        "withdrawMin": "0.00000001",
        "withdrawMax": "10000000",
        "withdrawIntegerMultiple": "0.00000001",
        "minConfirm": 1,
        "unLockConfirm": 0,
    }
    return {
        "coin": name,
        "depositAllEnable": True,
        "withdrawAllEnable": True,
        "name": name,
        "free": text(free),
        "locked": text(locked),
        "freeze": "0",
        "withdrawing": "0",
        "ipoing": "0",
        "ipoable": "0",
        "storage": "0",
        "isLegalMoney": False,
        "trading": True,
        "networkList": [network],
    }


def user_assets(call: Call) -> list[dict[str, Any]]:
    """Everything above zero."""
    wanted = call.maybe("asset")
    return [
        {
            "asset": asset,
            "free": text(held.free),
            "locked": text(held.locked),
            "freeze": "0",
            "withdrawing": "0",
            "ipoable": "0",
            "btcValuation": "0",
        }
        for asset, held in sorted(call.account.holdings.items())
        if held.total and wanted in (None, asset)
    ]


def trade_fees(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "symbol": listing.symbol,
            "makerCommission": text(listing.maker_rate),
            "takerCommission": text(listing.taker_rate),
        }
        for listing in call.listings()
    ]


def deposit_address(call: Call) -> dict[str, Any]:
    coin = call.text("coin")
    return {"address": f"sim-{coin}-{call.account.number}", "coin": coin, "tag": "", "url": ""}


def deposits(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "id": str(row.id),
            "amount": text(row.amount),
            "coin": row.asset,
            "network": row.asset,
            "status": 1,
            "address": f"sim-{row.asset}-{call.account.number}",
            "addressTag": "",
            "txId": row.reference or f"Internal transfer {row.id}",
            "insertTime": to_millis(row.ts),
            "completeTime": to_millis(row.ts),
            "transferType": 0 if row.kind is IncomeKind.DEPOSIT else 1,
            "confirmTimes": "1/1",
            "unlockConfirm": 1,
            "walletType": 0,
        }
        for row in _moved(call, lambda row: row.amount > 0)
    ]


def withdrawals(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "id": str(row.id),
            "amount": text(-row.amount - row.fee),
            "transactionFee": text(row.fee),
            "coin": row.asset,
            "status": 6,
            "address": row.reference,
            "txId": f"sim-{row.id}" if row.kind is IncomeKind.WITHDRAWAL else f"Internal transfer {row.id}",
            "applyTime": _date(row.ts),
            "completeTime": _date(row.ts),
            "network": row.asset,
            "transferType": 0 if row.kind is IncomeKind.WITHDRAWAL else 1,
            "info": "",
            "confirmNo": 1,
            "walletType": 0,
            "txKey": "",
        }
        for row in _moved(call, lambda row: row.amount < 0)
    ]


def withdraw(call: Call) -> dict[str, Any]:
    """The network's fee is part of `amount`."""
    coin, address, amount = call.text("coin"), call.text("address"), call.decimal("amount")
    if amount is None:
        raise missing("amount")
    fee = atoms(WITHDRAWAL_FEES.get(coin, "0"))
    arrives = atoms(amount) - fee
    if arrives <= 0:
        raise BinanceError(-4004, "Minimum withdrawal amount not met.")
    row = call.venue.withdraw(call.account, coin, arrives, call.world.now, fee, address)
    return {"id": str(row.id)}


def _moved(call: Call, wanted: Callable[[Income], bool]) -> list[Income]:
    """What came from or went to the outside, newest first, as these doors list it."""
    start, end = call.span()
    if start is not None and end is not None and end - start > 90 * DAY + DAY // 86_400_000:
        raise BinanceError(-1100, "The time interval must be within 0-90 days")
    coin = call.maybe("coin")
    found = [
        row
        for row in call.account.income
        if row.kind in (IncomeKind.DEPOSIT, IncomeKind.WITHDRAWAL, IncomeKind.TRANSFER)
        and not is_between_wallets(row)
        and wanted(row)
        and (start is None or row.ts >= start)
        and (end is None or row.ts < end)
        and coin in (None, row.asset)
    ]
    skip = call.integer("offset") or 0
    return found[::-1][skip : skip + call.limit(1000, 1000)]


def _date(ts: int) -> str:
    """`2019-10-12 11:12:02`, which this door writes instead of ms."""
    return to_datetime(ts).strftime("%Y-%m-%d %H:%M:%S")
