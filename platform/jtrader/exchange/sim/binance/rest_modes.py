"""How an account is kept: leverage, margin type, position mode, asset mode, fees, and what it may do."""

import math
from typing import Any

from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import COINM, BinanceError, illegal, missing
from jtrader.exchange.sim.binance.rest_account import margin_of
from jtrader.exchange.sim.binance.rows_futures import order_row
from jtrader.exchange.sim.binance.words import leg_of
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import atoms, text

_MOST = "1000000000"
_DONE = {"code": 200, "msg": "success"}


def set_leverage(call: Call) -> dict[str, Any]:
    leverage = call.integer("leverage")
    if leverage is None:
        raise missing("leverage")
    symbol = call.listing().symbol
    call.venue.set_leverage(call.account, symbol, leverage, call.world.now)
    most = {"maxQty": _MOST} if call.market == COINM else {"maxNotionalValue": _MOST}
    return {"leverage": leverage, "symbol": symbol, **most}


def set_margin_type(call: Call) -> dict[str, Any]:
    wanted = call.text("marginType")
    if wanted not in ("ISOLATED", "CROSSED"):
        raise illegal("marginType")
    try:
        call.venue.modes.set_isolated(call.account, call.listing().symbol, wanted == "ISOLATED", call.world.now)
    except Refused as refused:
        raise _spelled(refused, (-4046, "No need to change margin type."), (-4047, _WITH_ORDERS)) from refused
    return _DONE


_WITH_ORDERS = "Margin type cannot be changed if there exists open orders or position."


def move_margin(call: Call) -> dict[str, Any]:
    """`type` 1 adds to an isolated position's margin, 2 takes from it."""
    amount, kind = call.decimal("amount"), call.integer("type")
    if amount is None or kind is None:
        raise missing("amount" if amount is None else "type")
    if amount <= 0 or kind not in (1, 2):
        raise illegal("amount" if amount <= 0 else "type")
    leg = leg_of(call.maybe("positionSide"))
    moved = atoms(amount) if kind == 1 else -atoms(amount)
    call.venue.modes.move_margin(call.account, call.listing().symbol, leg, moved, call.world.now)
    return {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin.", "type": kind}


def position_mode(call: Call) -> dict[str, Any]:
    return {"dualSidePosition": call.account.modes.hedge}


def set_position_mode(call: Call) -> dict[str, Any]:
    call.text("dualSidePosition")
    try:
        call.venue.modes.set_hedge(call.account, call.flag("dualSidePosition"), call.world.now)
    except Refused as refused:
        used = (-4068, "Position side cannot be changed if there exists position.")
        raise _spelled(refused, (-4059, "No need to change position side."), used) from refused
    return _DONE


def multi_assets_mode(call: Call) -> dict[str, Any]:
    return {"multiAssetsMargin": call.account.modes.multi_asset}


def set_multi_assets_mode(call: Call) -> dict[str, Any]:
    call.text("multiAssetsMargin")
    try:
        call.venue.modes.set_multi_asset(call.account, call.flag("multiAssetsMargin"), call.world.now)
    except Refused as refused:
        raise _spelled(refused, (-4171, "No need to change multi assets mode."), (-4168, _WITH_ORDERS)) from refused
    return _DONE


def fee_burn(call: Call) -> dict[str, Any]:
    """Futures: are fees paid in BNB?"""
    return {"feeBurn": call.account.modes.native_fee}


def set_fee_burn(call: Call) -> dict[str, Any]:
    call.text("feeBurn")
    call.venue.modes.set_native_fee(call.account, call.flag("feeBurn"), call.world.now)
    return _DONE


def bnb_burn(call: Call) -> dict[str, Any]:
    """Spot."""
    return {"spotBNBBurn": call.account.modes.native_fee, "interestBNBBurn": False}


def set_bnb_burn(call: Call) -> dict[str, Any]:
    if call.maybe("spotBNBBurn") is not None:
        call.venue.modes.set_native_fee(call.account, call.flag("spotBNBBurn"), call.world.now)
    return bnb_burn(call)


def symbol_config(call: Call) -> list[dict[str, Any]]:
    margin, account = margin_of(call), call.account
    return [
        {
            "symbol": listing.symbol,
            "marginType": "ISOLATED" if margin.is_isolated(account, listing.symbol) else "CROSSED",
            "isAutoAddMargin": False,
            "leverage": margin.leverage(account, listing.symbol),
            "maxNotionalValue": _MOST,
        }
        for listing in call.listings()
    ]


def account_config(call: Call) -> dict[str, Any]:
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": call.account.modes.hedge,
        "updateTime": 0,
        "multiAssetsMargin": call.account.modes.multi_asset,
        "tradeGroupId": -1,
    }


def leverage_brackets(call: Call) -> Any:
    """One bracket: the maintenance margin doesn't grow here. COIN-M bounds it in coins, USDT-M in USDT."""
    bound = "qty" if call.market == COINM else "notional"
    rows = [
        {
            "symbol": listing.symbol,
            "brackets": [
                {
                    "bracket": 1,
                    "initialLeverage": listing.max_leverage,
                    f"{bound}Cap": int(_MOST),
                    f"{bound}Floor": 0,
                    "maintMarginRatio": float(listing.maintenance),
                    "cum": 0.0,
                }
            ],
        }
        for listing in call.listings()
    ]
    return rows[0] if call.maybe("symbol") and call.market != COINM else rows


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
    terms = call.venue.rules.native_fee
    return {
        "symbol": listing.symbol,
        "standardCommission": rates,
        "specialCommission": none,
        "taxCommission": none,
        "discount": {
            "enabledForAccount": call.account.modes.native_fee,
            "enabledForSymbol": terms is not None,
            "discountAsset": "BNB",
            "discount": text(0 if terms is None else atoms(1 - terms.discount)),
        },
    }


def force_orders(call: Call) -> list[dict[str, Any]]:
    """The account's own liquidations and deleveragings, the newest last."""
    kind, symbol = call.maybe("autoCloseType"), call.maybe("symbol")
    start, end = call.span()
    found = []
    for order in call.account.orders.values():
        closed_by = _AUTO_CLOSE.get(order.origin.value)
        within = (start is None or order.created >= start) and (end is None or order.created < end)
        if closed_by and within and symbol in (None, order.symbol) and kind in (None, closed_by):
            found.append(order_row(order, call.venue.listings[order.symbol]))
    return found[-call.limit(50, 100) :]


_AUTO_CLOSE = {"liquidation": "LIQUIDATION", "deleveraging": "ADL"}


def adl_quantile(call: Call) -> Any:
    """How near a position is to being closed against somebody's liquidation: 0 to 4, by profit and leverage."""
    account, margin = call.account, margin_of(call)
    rows = []
    for listing in call.listings():
        quantiles = {}
        for position in account.positions_of(listing.symbol):
            worth = listing.notional_at(position.lots, margin.mark(listing.symbol))
            gain = margin.unrealised_of(position) / worth if worth else 0.0
            score = max(0.0, gain) * margin.leverage(account, listing.symbol)
            quantiles[position.leg.name] = min(4, math.ceil(4 * score))
        rows.append({"symbol": listing.symbol, "adlQuantile": quantiles or {"BOTH": 0}})
    return rows[0] if call.maybe("symbol") else rows


def adl_risk(call: Call) -> Any:
    """Of a symbol, for everybody: nobody is near it here."""
    rows = [{"symbol": one.symbol, "adlRisk": "LOW", "updateTime": call.now_ms} for one in call.listings()]
    return rows[0] if call.maybe("symbol") else rows


def _spelled(refused: Refused, unchanged: tuple[int, str], in_use: tuple[int, str]) -> BinanceError | Refused:
    words = {Why.MODE_UNCHANGED: unchanged, Why.MODE_IN_USE: in_use}.get(refused.why)
    return refused if words is None else BinanceError(*words)
