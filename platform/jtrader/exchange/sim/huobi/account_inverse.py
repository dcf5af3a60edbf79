"""Coin-margined accounts: balance, positions, leverage, fees and limits."""

from typing import Any

from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.errors import missing
from jtrader.exchange.sim.huobi.listed import contract_type
from jtrader.exchange.sim.huobi.names import FUTURE
from jtrader.exchange.sim.huobi.numbers import amount
from jtrader.exchange.sim.huobi.reference import leverages
from jtrader.exchange.sim.huobi.rows_account import account_rows, held_of, position_row
from jtrader.venue.listing import Listing
from jtrader.venue.units import ATOM

_MOST = amount(21_000_000 * ATOM)
_LEAST = amount(1)


def balances(call: Call) -> list[dict[str, Any]]:
    return account_rows(call.world, call.market, call.account, call.listings())


def positions(call: Call) -> list[dict[str, Any]]:
    return _positions(call, call.listings())


def balances_with_positions(call: Call) -> list[dict[str, Any]]:
    rows = balances(call)
    for row in rows:
        own = [one for one in call.listings() if one.instrument.base == row["symbol"]]
        row["positions"] = _positions(call, own)
    return rows


def _positions(call: Call, listings: list[Listing]) -> list[dict[str, Any]]:
    return [position_row(call.world, call.market, call.account, one) for one in held_of(call.account, listings)]


def set_leverage(call: Call) -> dict[str, Any]:
    """Of one swap, or of all dated contracts of a coin."""
    leverage = call.integer("lever_rate")
    if leverage is None:
        raise missing(call.family, "lever_rate")
    call.listing()
    for listing in call.listings():
        call.venue.set_leverage(call.account, listing.symbol, leverage, call.world.now)
    return {**_named(call, call.listing()), "lever_rate": leverage}


def _named(call: Call, listing: Listing) -> dict[str, str]:
    """Dated contracts share what their coin has."""
    if call.market == FUTURE:
        return {"symbol": listing.instrument.base}
    return {"contract_code": listing.symbol}


def leverages_open(call: Call) -> list[dict[str, Any]]:
    return [
        {**_named(call, listing), "available_level_rate": ",".join(map(str, leverages(listing)))}
        for listing in call.listings()
    ]


def order_limits(call: Call) -> dict[str, Any]:
    """How many contracts one order may open or close, for a type of price."""
    kind, rows = call.text("order_price_type"), []
    for listing in call.listings():
        most = listing.market_max_quantity if kind in ("opponent", "lightning") else listing.instrument.max_quantity
        rows.append(_limits_row(call, listing, "types", {"open_limit": int(most), "close_limit": int(most)}))
    return {"order_price_type": kind, "list": rows}


def position_limits(call: Call) -> list[dict[str, Any]]:
    """Positions are bound by margin alone here; the figure is the largest order's."""
    rows = []
    for listing in call.listings():
        most = int(listing.instrument.max_quantity)
        rows.append(_limits_row(call, listing, "list", {"buy_limit": most, "sell_limit": most}))
    return rows


def _limits_row(call: Call, listing: Listing, name: str, limits: dict[str, int]) -> dict[str, Any]:
    """Those of dated contracts stand by type in a list of this name."""
    if call.market != FUTURE:
        return {"symbol": listing.instrument.base, "contract_code": listing.symbol, **limits}
    kind = contract_type(listing.instrument, call.world.now)
    return {"symbol": listing.instrument.base, name: [{"contract_type": kind, **limits}]}


def transfer_limits(call: Call) -> list[dict[str, Any]]:
    """More than there is can't leave: the figures bound nothing else."""
    ends = {"max": _MOST, "min": _LEAST}
    each = {f"transfer_{way}_{end}_each": limit for way in ("in", "out") for end, limit in ends.items()}
    daily = {f"{net}transfer_{way}_max_daily": _MOST for net in ("", "net_") for way in ("in", "out")}
    return [
        {"symbol": listing.instrument.base, **_named(call, listing), **each, **daily} for listing in call.listings()
    ]


def trading_status(call: Call) -> list[dict[str, Any]]:  # noqa: ARG001 - a handler of the table
    """Nobody's API trading is suspended for its ratios here."""
    return [{"is_disable": 0, "order_price_types": "", "disable_reason": "", "disable_interval": 0, "recovery_time": 0}]
