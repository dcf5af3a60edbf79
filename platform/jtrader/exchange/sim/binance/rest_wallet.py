"""The wallet's own doors (`/sapi/…`) as far as ccxt asks for them: coins, fees, deposits and withdrawals."""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.binance.call import Call
from jtrader.venue.records import Income
from jtrader.venue.units import text


def nothing(call: Call) -> list[Any]:  # noqa: ARG001
    return []


def coins(call: Call) -> list[dict[str, Any]]:
    held = call.account.holdings
    names = {name for listing in call.venue.listings.values() for name in (listing.instrument.base, "USDT")}
    return [_coin(name, held[name].free if name in held else 0) for name in sorted(names)]


def _coin(name: str, free: int) -> dict[str, Any]:
    return {
        "coin": name,
        "depositAllEnable": False,
        "withdrawAllEnable": False,
        "name": name,
        "free": text(free),
        "locked": "0",
        "freeze": "0",
        "withdrawing": "0",
        "ipoing": "0",
        "ipoable": "0",
        "storage": "0",
        "isLegalMoney": False,
        "trading": True,
        "networkList": [],
    }


def trade_fees(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "symbol": listing.symbol,
            "makerCommission": text(listing.maker_rate),
            "takerCommission": text(listing.taker_rate),
        }
        for listing in call.listings()
    ]


def deposits(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "id": str(row.id),
            "amount": text(row.amount),
            "coin": row.asset,
            "network": row.asset,
            "status": 1,
            "address": "",
            "addressTag": "",
            "txId": f"Internal transfer {row.id}",
            "insertTime": to_millis(row.ts),
            "transferType": 1,
            "confirmTimes": "1/1",
            "unlockConfirm": 1,
            "walletType": 0,
        }
        for row in _transfers(call)
        if row.amount > 0
    ]


def withdrawals(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "id": str(row.id),
            "amount": text(-row.amount),
            "transactionFee": "0",
            "coin": row.asset,
            "status": 6,
            "address": "",
            "txId": f"Internal transfer {row.id}",
            "applyTime": to_millis(row.ts),
            "network": row.asset,
            "transferType": 1,
            "walletType": 0,
        }
        for row in _transfers(call)
        if row.amount < 0
    ]


def _transfers(call: Call) -> list[Income]:
    """Newest first, as this door lists them."""
    start, end = call.span()
    coin = call.maybe("coin")
    found = [
        row
        for row in call.account.income
        if (start is None or row.ts >= start) and (end is None or row.ts < end) and coin in (None, row.asset)
    ]
    skip = call.integer("offset") or 0
    return found[::-1][skip : skip + call.limit(1000, 1000)]
