"""Balances, positions and the ledger of an account."""

from typing import Any

from jtrader.domain.times import DAY
from jtrader.exchange.sim.binance import rows_position, rows_spot
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import COINM, BinanceError
from jtrader.exchange.sim.binance.rows_income import income_row
from jtrader.exchange.sim.binance.rows_position import Held, held
from jtrader.venue.clearing.margin import Margin
from jtrader.venue.records import Position
from jtrader.venue.units import text
from jtrader.venue.words import Leg


def spot_account(call: Call) -> dict[str, Any]:
    listing = next(iter(call.venue.listings.values()), None)
    return rows_spot.account_row(call.account, listing, call.now_ms)


def account_v3(call: Call) -> dict[str, Any]:
    """USDT-M: only positions that are open or have orders."""
    rows = [rows_position.account_row_v3(found, call.now_ms) for found in _active(call)]
    return _totals(call) | {"assets": _assets(call), "positions": rows}


def account_v2(call: Call) -> dict[str, Any]:
    """Every symbol has its positions here; COIN-M's version 1 is of the same shape, without totals."""
    rows = [rows_position.account_row_v2(found, call.now_ms) for found in _all(call)]
    rights = {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True, "updateTime": call.now_ms}
    totals = {} if call.market == COINM else {"multiAssetsMargin": call.account.modes.multi_asset, **_totals(call)}
    return rights | totals | {"assets": _assets(call), "positions": rows}


def balances(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "accountAlias": f"sim{call.account.number}",
            "asset": asset["asset"],
            "balance": asset["walletBalance"],
            "withdrawAvailable": asset["maxWithdrawAmount"],
            "crossWalletBalance": asset["crossWalletBalance"],
            "crossUnPnl": asset["crossUnPnl"],
            "availableBalance": asset["availableBalance"],
            "maxWithdrawAmount": asset["maxWithdrawAmount"],
            "marginAvailable": True,
            "updateTime": call.now_ms,
        }
        for asset in _assets(call)
    ]


def position_risk_v3(call: Call) -> list[dict[str, Any]]:
    """USDT-M: positions that are open or have orders."""
    return [rows_position.risk_row_v3(found, call.now_ms) for found in _active(call)]


def position_risk_v2(call: Call) -> list[dict[str, Any]]:
    """Every symbol's; COIN-M may ask for a margin asset or a pair."""
    asset, pair = call.maybe("marginAsset"), call.maybe("pair")
    found = [
        one
        for one in _all(call)
        if asset in (None, one.listing.settle) and pair in (None, one.symbol.partition("_")[0])
    ]
    return [rows_position.risk_row_v2(one, call.now_ms) for one in found]


def income(call: Call) -> list[dict[str, Any]]:
    """Ascending by time: from `startTime` on, without it the newest, and without any time the last seven days.

    There is no `page` (it was dropped in October 2026): a reader goes on from the last row's time.
    """
    start, end = call.span()
    symbol, kind = call.maybe("symbol"), call.maybe("incomeType")
    newest = start is None
    if start is None and end is None:
        start = call.world.now - 7 * DAY
    limit = call.limit(100, 1000)
    rows = [
        row
        for row in call.account.income
        if (start is None or row.ts >= start) and (end is None or row.ts < end) and symbol in (None, row.symbol)
    ]
    shown = [row for row in map(income_row, rows) if kind in (None, row["incomeType"])]
    return shown[-limit:] if newest else shown[:limit]


def margin_of(call: Call) -> Margin:
    margin = call.venue.margin
    if margin is None:
        raise BinanceError(-5000, "Path is not valid", 404)
    return margin


def _active(call: Call) -> list[Held]:
    return [found for found in _all(call) if found.position.lots or call.account.open_of(found.symbol)]


def _all(call: Call) -> list[Held]:
    """One-way: a position a symbol. Hedge mode: a long and a short one."""
    account, margin = call.account, margin_of(call)
    legs = (Leg.LONG, Leg.SHORT) if account.modes.hedge else (Leg.BOTH,)
    return [
        held(account, _position(call, listing.symbol, leg), listing, margin)
        for listing in call.listings()
        for leg in legs
    ]


def _position(call: Call, symbol: str, leg: Leg) -> Position:
    found = (position for position in call.account.positions_of(symbol) if position.leg is leg)
    return next(found, Position(symbol=symbol, leg=leg))


def _assets(call: Call) -> list[dict[str, Any]]:
    """What is held, and what the market settles in."""
    settles = {listing.settle for listing in call.venue.listings.values()}
    held_assets = {asset for asset, holding in call.account.holdings.items() if holding.total}
    return [
        {"asset": asset, **_sums(call, asset), "updateTime": call.now_ms} for asset in sorted(settles | held_assets)
    ]


def _sums(call: Call, asset: str) -> dict[str, str]:
    account, margin = call.account, margin_of(call)
    wallet, profit = margin.wallet(account, asset), margin.unrealised(account, asset)
    needed = margin.initial_margin(account, asset)
    symbols = {position.symbol for position in account.positions.values() if position.lots}
    of_positions = sum(
        margin.position_margin(account, symbol) for symbol in symbols if call.venue.listings[symbol].settle == asset
    )
    crossed = margin.cross_wallet(account, asset)
    return {
        "walletBalance": text(wallet),
        "unrealizedProfit": text(profit),
        "marginBalance": text(wallet + profit),
        "maintMargin": text(margin.maintenance(account, asset)),
        "initialMargin": text(needed),
        "positionInitialMargin": text(of_positions),
        "openOrderInitialMargin": text(needed - of_positions),
        "crossWalletBalance": text(crossed),
        "crossUnPnl": text(margin.cross_equity(account, asset) - crossed),
        "availableBalance": text(margin.available(account, asset)),
        "maxWithdrawAmount": text(margin.withdrawable(account, asset)),
    }


def _totals(call: Call) -> dict[str, str]:
    """Of USDT, which USDT-M's sums are told in."""
    sums = _sums(call, "USDT")
    return {
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
