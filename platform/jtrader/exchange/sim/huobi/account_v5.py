"""Linear swaps' account (v5): balance, positions, leverage and modes."""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi import contract_desk as desk
from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.errors import illegal, missing
from jtrader.exchange.sim.huobi.numbers import words
from jtrader.exchange.sim.huobi.reference import leverages
from jtrader.exchange.sim.huobi.rows_v5 import position_row, ratio
from jtrader.exchange.sim.world import World
from jtrader.venue.account import Account
from jtrader.venue.clearing.margin import Margin
from jtrader.venue.records import Position
from jtrader.venue.units import atoms

_MODES = {"single_side": False, "dual_side": True}
_MODE_WORDS = {hedge: word for word, hedge in _MODES.items()}


def balance(call: Call) -> dict[str, Any]:
    return balance_row(
        call.account, desk.margin_of(call), sorted({one.settle for one in call.listings()}), call.world.now
    )


def balance_row(account: Account, margin: Margin, assets: list[str], now: int) -> dict[str, Any]:
    """One detail an asset; the sums are those of the only one here."""
    details = [_detail(account, margin, asset, now) for asset in assets]
    first = details[0]
    same = ("equity", "initial_margin", "maintenance_margin", "maintenance_margin_rate", "profit_unreal")
    return {
        "state": "normal",
        **{name: first[name] for name in same},
        "available_margin": first["available_margin"],
        "details": details,
        "voucher_value": "0",
        "created_time": to_millis(now),
        "updated_time": to_millis(now),
        "version": len(account.income),
    }


def _detail(account: Account, margin: Margin, asset: str, now: int) -> dict[str, Any]:
    equity = margin.equity(account, asset)
    needed, kept = margin.initial_margin(account, asset), margin.maintenance(account, asset)
    isolated = margin.isolated_margin(account, asset)
    cross = margin.cross_equity(account, asset)
    profit = margin.unrealised(account, asset)
    available = words(margin.available(account, asset))
    return {
        "currency": asset,
        "equity": words(equity),
        "available": available,
        "profit_unreal": words(profit),
        "initial_margin": words(needed),
        "maintenance_margin": words(kept),
        "maintenance_margin_rate": ratio(kept, equity),
        "initial_margin_rate": ratio(needed, equity),
        "available_margin": available,
        "voucher": "0",
        "voucher_value": "0",
        "withdraw_available": words(margin.withdrawable(account, asset)),
        "created_time": to_millis(now),
        "updated_time": to_millis(now),
        "isolated_equity": words(isolated + profit - (cross - margin.cross_wallet(account, asset))),
        "isolated_profit_unreal": words(profit - (cross - margin.cross_wallet(account, asset))),
    }


def positions(call: Call) -> list[dict[str, Any]]:
    symbols = {listing.symbol for listing in call.listings()}
    held = [one for one in call.account.positions.values() if one.lots and one.symbol in symbols]
    return position_rows(call.world, call.market, call.account, held)


def position_rows(world: World, market: str, account: Account, held: list[Position]) -> list[dict[str, Any]]:
    venue = world.venues[market]
    margin = desk.margin_at(world, market)
    rows = []
    for position in held:
        listing = venue.listings[position.symbol]
        last = world.histories[listing.instrument.id].last_price() * listing.tick
        rows.append(position_row(position, account, listing, margin, last, world.now))
    return rows


def set_leverage(call: Call) -> dict[str, Any]:
    listing, leverage = call.listing(), call.integer("lever_rate")
    if leverage is None:
        raise missing(call.family, "lever_rate")
    call.venue.set_leverage(call.account, listing.symbol, leverage, call.world.now)
    return _leverage_row(call, listing.symbol)


def leverage(call: Call) -> list[dict[str, Any]]:
    return [_leverage_row(call, listing.symbol) for listing in call.listings()]


def _leverage_row(call: Call, symbol: str) -> dict[str, Any]:
    rate = desk.margin_of(call).leverage(call.account, symbol)
    return {"contract_code": symbol, "margin_mode": desk.margin_mode(call, symbol), "lever_rate": rate}


def position_mode(call: Call) -> dict[str, str]:
    return {"position_mode": _MODE_WORDS[call.account.modes.hedge]}


def set_position_mode(call: Call) -> dict[str, str]:
    """The mode that is in use already may be set again."""
    hedge = _MODES.get(call.text("position_mode"))
    if hedge is None:
        raise illegal(call.family, "position_mode")
    if hedge != call.account.modes.hedge:
        call.venue.modes.set_hedge(call.account, hedge, call.world.now)
    return position_mode(call)


def asset_mode(call: Call) -> dict[str, int]:
    """0 one asset, 1 several."""
    return {"asset_mode": int(call.account.modes.multi_asset)}


def set_asset_mode(call: Call) -> dict[str, int]:
    wanted = call.integer("asset_mode")
    if wanted not in (0, 1):
        raise illegal(call.family, "asset_mode")
    if bool(wanted) != call.account.modes.multi_asset:
        call.venue.modes.set_multi_asset(call.account, bool(wanted), call.world.now)
    return asset_mode(call)


def move_margin(call: Call) -> dict[str, str]:
    """Adds to an isolated position's margin (`type` 1, or an amount above zero) or takes from it."""
    listing, amount = call.listing(), call.decimal("amount")
    if amount is None:
        raise missing(call.family, "amount")
    moved = atoms(abs(amount)) * (-1 if amount < 0 or call.maybe("type") in ("2", "reduce") else 1)
    leg = desk.leg_of(call.maybe("position_side"))
    call.venue.modes.move_margin(call.account, listing.symbol, leg, moved, call.world.now)
    return {"contract_code": listing.symbol, "amount": words(moved)}


def risk_limits(call: Call) -> list[dict[str, Any]]:
    """One tier a leverage: the maintenance margin doesn't grow here."""
    return [
        {
            "contract_code": listing.symbol,
            "margin_mode": desk.margin_mode(call, listing.symbol),
            "tier": 1,
            "max_lever": rate,
            "maintenance_margin_rate": f"{listing.maintenance:f}",
            "max_volume": str(listing.instrument.max_quantity),
            "min_volume": "0",
        }
        for listing in call.listings()
        for rate in leverages(listing)[-1:]
    ]
