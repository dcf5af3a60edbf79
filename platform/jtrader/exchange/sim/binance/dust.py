"""Small balances become BNB, less 2 %: what may be converted, the conversion, its log.

Source: Binance's Wallet pages (Dust Transfer, Get Assets That Can Be Converted Into BNB, DustLog).
"""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import BinanceError
from jtrader.venue.records import Income, IncomeKind
from jtrader.venue.units import ATOM, atoms, text

_DUST_FEE = atoms("0.02")
_DUST_WORTH = atoms("0.001")
"""Only what is worth less than this in BTC is dust."""


def candidates(call: Call) -> dict[str, Any]:
    """What could be converted into BNB."""
    prices = _prices_in_bnb(call)
    details = []
    for asset in _dust(call):
        gross = call.account.holding(asset).free * prices[asset] // ATOM
        fee = gross * _DUST_FEE // ATOM
        details.append(
            {
                "asset": asset,
                "assetFullName": asset,
                "amountFree": text(call.account.holding(asset).free),
                "toBTC": "0",
                "toBNB": text(gross),
                "toBNBOffExchange": text(gross - fee),
                "exchange": text(fee),
            }
        )
    total = sum(atoms(row["toBNBOffExchange"]) for row in details)
    return {"details": details, "totalTransferBtc": "0", "totalTransferBNB": text(total), "dribbletPercentage": "0.02"}


def convert(call: Call) -> dict[str, Any]:
    """Into BNB, less 2 %."""
    asked = call.text("asset").split(",")
    small, prices = _dust(call), _prices_in_bnb(call)
    for asset in asked:
        if asset not in small:
            raise BinanceError(-1102, f"Only assets with a value of less than 0.001 BTC can be converted: {asset}")
    rows = call.venue.convert_dust(call.account, {a: prices[a] for a in asked}, "BNB", call.world.now, _DUST_FEE)
    pairs = list(zip(rows[::2], rows[1::2], strict=True))
    return {
        "totalServiceCharge": text(sum(came.fee for _, came in pairs)),
        "totalTransfered": text(sum(came.amount for _, came in pairs)),
        "transferResult": [_dribblet(gone, came) | {"amount": text(-gone.amount)} for gone, came in pairs],
    }


def log(call: Call) -> dict[str, Any]:
    start, end = call.span()
    rows = [
        row
        for row in call.account.income
        if row.kind is IncomeKind.CONVERT and (start is None or row.ts >= start) and (end is None or row.ts < end)
    ]
    pairs = list(zip(rows[::2], rows[1::2], strict=True))
    told = [
        {
            "operateTime": to_millis(came.ts),
            "totalTransferedAmount": text(came.amount),
            "totalServiceChargeAmount": text(came.fee),
            "transId": came.id,
            "userAssetDribbletDetails": [_dribblet(gone, came) | {"amount": text(-gone.amount)}],
        }
        for gone, came in pairs
    ]
    return {"total": len(told), "userAssetDribblets": told[::-1][:100]}


def _dribblet(gone: Income, came: Income) -> dict[str, Any]:
    return {
        "transId": came.id,
        "serviceChargeAmount": text(came.fee),
        "operateTime": to_millis(came.ts),
        "transferedAmount": text(came.amount),
        "fromAsset": gone.asset,
        "targetAsset": came.asset,
    }


def _dust(call: Call) -> set[str]:
    """Held assets, free of orders, whose worth is below the bound; BNB itself is none."""
    prices = _prices_in_bnb(call)
    btc = prices.get("BTC", 0)
    return {
        asset
        for asset, held in call.account.holdings.items()
        if asset != "BNB" and asset in prices and held.free and held.free * prices[asset] < _DUST_WORTH * btc
    }


def _prices_in_bnb(call: Call) -> dict[str, int]:
    """One of each asset in atoms of BNB, through USDT: by the last prices here, and the venue's price of BNB."""
    bnb = call.venue.native_prices.get("USDT", 0)
    if bnb <= 0:
        return {}
    prices = {"USDT": ATOM * ATOM // bnb}
    for listing in call.venue.listings.values():
        if listing.instrument.quote == "USDT":
            last = call.world.histories[listing.instrument.id].last_price() * listing.tick
            prices[listing.instrument.base] = last * ATOM // bnb
    return prices
