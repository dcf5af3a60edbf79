"""Balances, positions, the ledger and the account's own settings."""

from typing import Any

from jtrader.domain.times import DAY
from jtrader.exchange.sim.binance import rows_spot
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import NO_KEY, BinanceError, missing
from jtrader.exchange.sim.binance.rows_usdm import income_row, maintenance, position_row
from jtrader.venue.linear import DEFAULT_LEVERAGE, SETTLE, LinearClearing
from jtrader.venue.records import Position
from jtrader.venue.units import text


def spot_account(call: Call) -> dict[str, Any]:
    listing = next(iter(call.venue.listings.values()), None)
    return rows_spot.account_row(call.account, listing, call.now_ms)


def usdm_account(call: Call) -> dict[str, Any]:
    """Version 3: only positions that are open or have orders."""
    sums = _sums(call)
    asset = {"asset": SETTLE, **sums, "updateTime": call.now_ms}
    keys = ("symbol", "positionSide", "positionAmt", "notional", "isolatedMargin", "isolatedWallet", "initialMargin")
    positions = [
        {key: row[key] for key in keys}
        | {"unrealizedProfit": row["unRealizedProfit"], "maintMargin": row["maintMargin"], "updateTime": call.now_ms}
        for row in position_risk(call)
    ]
    totals = {
        "totalInitialMargin": sums["initialMargin"],
        "totalMaintMargin": sums["maintMargin"],
        "totalWalletBalance": sums["walletBalance"],
        "totalUnrealizedProfit": sums["unrealizedProfit"],
        "totalMarginBalance": sums["marginBalance"],
        "totalPositionInitialMargin": sums["positionInitialMargin"],
        "totalOpenOrderInitialMargin": sums["openOrderInitialMargin"],
        "totalCrossWalletBalance": sums["crossWalletBalance"],
        "totalCrossUnPnl": sums["crossUnPnl"],
        "availableBalance": sums["availableBalance"],
        "maxWithdrawAmount": sums["maxWithdrawAmount"],
    }
    return totals | {"assets": [asset], "positions": positions}


def usdm_balance(call: Call) -> list[dict[str, Any]]:
    sums = _sums(call)
    return [
        {
            "accountAlias": f"sim{call.account.number}",
            "asset": SETTLE,
            "balance": sums["walletBalance"],
            "crossWalletBalance": sums["crossWalletBalance"],
            "crossUnPnl": sums["crossUnPnl"],
            "availableBalance": sums["availableBalance"],
            "maxWithdrawAmount": sums["maxWithdrawAmount"],
            "marginAvailable": True,
            "updateTime": call.now_ms,
        }
    ]


def position_risk(call: Call) -> list[dict[str, Any]]:
    """Version 3: symbols with a position or open orders, or the one that is asked for."""
    account, clearing = call.account, _linear(call)
    rows = []
    for listing in call.listings():
        symbol = listing.symbol
        position = account.positions.get(symbol, Position())
        if not (position.lots or account.open_of(symbol)):
            continue
        margin = (clearing.position_margin(account, symbol), clearing.symbol_margin(account, symbol))
        rows.append(position_row(position, listing, clearing.mark(symbol), margin, call.now_ms))
    return rows


def income(call: Call) -> list[dict[str, Any]]:
    """Ascending by time. Without times: the last seven days, newest page; else from the start, page by page."""
    start, end = call.span()
    symbol, kind = call.maybe("symbol"), call.maybe("incomeType")
    limit, page = call.limit(100, 1000), call.integer("page") or 1
    if start is None and end is None:
        start = call.world.now - 7 * DAY
        newest = call.maybe("page") is None
    else:
        newest = False
    rows = [
        row
        for row in call.account.income
        if (start is None or row.ts >= start)
        and (end is None or row.ts < end)
        and symbol in (None, row.symbol)
        and kind in (None, row.kind.value)
    ]
    chosen = rows[-limit:] if newest else rows[(page - 1) * limit : page * limit]
    return [income_row(row) for row in chosen]


def leverage_brackets(call: Call) -> Any:
    """One bracket: the maintenance margin doesn't grow here."""
    return [
        {
            "symbol": listing.symbol,
            "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": 1,
                    "initialLeverage": listing.max_leverage,
                    "notionalCap": 1_000_000_000,
                    "notionalFloor": 0,
                    "maintMarginRatio": 0.004,
                    "cum": 0.0,
                }
            ],
        }
        for listing in call.listings()
    ]


def set_leverage(call: Call) -> dict[str, Any]:
    leverage = call.integer("leverage")
    if leverage is None:
        raise missing("leverage")
    symbol = call.listing().symbol
    call.venue.set_leverage(call.account, symbol, leverage)
    return {"leverage": leverage, "maxNotionalValue": "1000000000", "symbol": symbol}


def symbol_config(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "symbol": listing.symbol,
            "marginType": "CROSSED",
            "isAutoAddMargin": False,
            "leverage": call.account.leverage.get(listing.symbol, DEFAULT_LEVERAGE),
            "maxNotionalValue": "1000000000",
        }
        for listing in call.listings()
    ]


def set_margin_type(call: Call) -> dict[str, Any]:
    """Cross is the only one here."""
    if call.text("marginType") == "CROSSED":
        raise BinanceError(-4046, "No need to change margin type.")
    raise BinanceError(-4048, "Margin type cannot be changed if there exists position.")


def position_mode(call: Call) -> dict[str, Any]:  # noqa: ARG001
    return {"dualSidePosition": False}


def set_position_mode(call: Call) -> dict[str, Any]:
    """One-way is the only one here."""
    if not call.flag("dualSidePosition"):
        raise BinanceError(-4059, "No need to change position side.")
    raise BinanceError(-4068, "Position side cannot be changed if there exists position.")


def multi_assets_mode(call: Call) -> dict[str, Any]:  # noqa: ARG001
    return {"multiAssetsMargin": False}


def commission_rate(call: Call) -> dict[str, Any]:
    listing = call.listing()
    return {
        "symbol": listing.symbol,
        "makerCommissionRate": f"{listing.instrument.maker_fee:.6f}",
        "takerCommissionRate": f"{listing.instrument.taker_fee:.6f}",
    }


def spot_commission(call: Call) -> dict[str, Any]:
    listing = call.listing()
    none = {"maker": text(0), "taker": text(0), "buyer": text(0), "seller": text(0)}
    rates = none | {"maker": text(listing.maker_rate), "taker": text(listing.taker_rate)}
    return {
        "symbol": listing.symbol,
        "standardCommission": rates,
        "specialCommission": none,
        "taxCommission": none,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": text(0),
        },
    }


def listen_key(call: Call) -> dict[str, Any]:
    """Opens, or keeps alive, the private stream; it has one name a key."""
    if call.key is None:
        raise BinanceError(*NO_KEY)
    return {"listenKey": call.key.listen_key}


def close_listen_key(call: Call) -> dict[str, Any]:  # noqa: ARG001
    return {}


def _linear(call: Call) -> LinearClearing:
    clearing = call.venue.linear
    if clearing is None:
        raise BinanceError(-5000, "Path is not valid", 404)
    return clearing


def _sums(call: Call) -> dict[str, Any]:
    account, clearing = call.account, _linear(call)
    wallet, profit = clearing.wallet(account), clearing.unrealised(account)
    needed = clearing.initial_margin(account)
    of_positions = sum(clearing.position_margin(account, symbol) for symbol in account.positions)
    kept = sum(
        maintenance(position, call.venue.listings[symbol], clearing.mark(symbol))
        for symbol, position in account.positions.items()
    )
    free = max(0, wallet + profit - needed)
    return {
        "walletBalance": text(wallet),
        "unrealizedProfit": text(profit),
        "marginBalance": text(wallet + profit),
        "maintMargin": text(kept),
        "initialMargin": text(needed),
        "positionInitialMargin": text(of_positions),
        "openOrderInitialMargin": text(needed - of_positions),
        "crossWalletBalance": text(wallet),
        "crossUnPnl": text(profit),
        "availableBalance": text(free),
        "maxWithdrawAmount": text(min(free, max(0, wallet))),
    }
