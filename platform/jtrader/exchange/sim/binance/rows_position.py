"""The shapes of positions, and of account events, of Binance's futures."""

from typing import Any

import msgspec

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.binance.words import leg_word
from jtrader.venue.account import Account
from jtrader.venue.clearing.margin import Margin
from jtrader.venue.listing import Listing
from jtrader.venue.position import entry_price, unrealised
from jtrader.venue.records import BalancesChanged, ModeChanged, Position
from jtrader.venue.units import text

_MOST = "1000000000"


class Held(msgspec.Struct, frozen=True):
    """A position with everything that its rows tell; amounts in atoms."""

    position: Position
    listing: Listing
    mark: int
    profit: int
    notional: int
    """Signed."""
    margin: int
    order_margin: int
    """What the symbol's open orders would add."""
    maintenance: int
    liquidation: int
    leverage: int
    isolated: bool

    @property
    def symbol(self) -> str:
        return self.listing.symbol


def held(account: Account, position: Position, listing: Listing, margin: Margin) -> Held:
    mark, symbol = margin.mark(listing.symbol), listing.symbol
    worth = listing.notional_at(position.lots, mark)
    needs = margin.position_margin(account, symbol)
    leverage = margin.leverage(account, symbol)
    return Held(
        position=position,
        listing=listing,
        mark=mark,
        profit=unrealised(position, listing, mark),
        notional=-worth if position.lots < 0 else worth,
        margin=-(-worth // leverage),
        order_margin=margin.symbol_margin(account, symbol) - needs,
        maintenance=margin.maintenance_of(position),
        liquidation=margin.liquidation_price(account, position),
        leverage=leverage,
        isolated=margin.is_isolated(account, symbol),
    )


def risk_row_v3(found: Held, now_ms: int) -> dict[str, Any]:
    """USDT-M's positionRisk, version 3."""
    listing = found.listing
    return {
        **_core(found),
        "liquidationPrice": text(found.liquidation),
        "isolatedMargin": _isolated_margin(found),
        "notional": text(found.notional),
        "marginAsset": listing.settle,
        "isolatedWallet": text(found.position.margin),
        "initialMargin": text(found.margin + found.order_margin),
        "maintMargin": text(found.maintenance),
        "positionInitialMargin": text(found.margin),
        "openOrderInitialMargin": text(found.order_margin),
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": now_ms,
    }


def risk_row_v2(found: Held, now_ms: int) -> dict[str, Any]:
    """USDT-M's positionRisk, version 2, and with other names for two fields COIN-M's version 1."""
    return {
        **_core(found),
        "liquidationPrice": text(found.liquidation),
        "leverage": str(found.leverage),
        "maxNotionalValue": _MOST,
        "maxQty": _MOST,
        "marginType": "isolated" if found.isolated else "cross",
        "isolatedMargin": _isolated_margin(found),
        "isAutoAddMargin": "false",
        "notional": text(found.notional),
        "notionalValue": text(found.notional),
        "isolatedWallet": text(found.position.margin),
        "updateTime": now_ms,
    }


def account_row_v3(found: Held, now_ms: int) -> dict[str, Any]:
    """A position in USDT-M's account, version 3."""
    return {
        "symbol": found.symbol,
        "positionSide": leg_word(found.position.leg),
        "positionAmt": found.listing.quantity_text(found.position.lots),
        "unrealizedProfit": text(found.profit),
        "isolatedMargin": _isolated_margin(found),
        "notional": text(found.notional),
        "isolatedWallet": text(found.position.margin),
        "initialMargin": text(found.margin + found.order_margin),
        "maintMargin": text(found.maintenance),
        "updateTime": now_ms,
    }


def account_row_v2(found: Held, now_ms: int) -> dict[str, Any]:
    """A position in USDT-M's account, version 2, and in COIN-M's, version 1."""
    entry = text(entry_price(found.position, found.listing))
    return {
        "symbol": found.symbol,
        "initialMargin": text(found.margin + found.order_margin),
        "maintMargin": text(found.maintenance),
        "unrealizedProfit": text(found.profit),
        "positionInitialMargin": text(found.margin),
        "openOrderInitialMargin": text(found.order_margin),
        "leverage": str(found.leverage),
        "isolated": found.isolated,
        "entryPrice": entry,
        "breakEvenPrice": entry,
        "maxNotional": _MOST,
        "maxQty": _MOST,
        "positionSide": leg_word(found.position.leg),
        "positionAmt": found.listing.quantity_text(found.position.lots),
        "notional": text(found.notional),
        "notionalValue": text(found.notional),
        "isolatedWallet": text(found.position.margin),
        "updateTime": now_ms,
    }


def account_update(
    change: BalancesChanged, account: Account, listings: dict[str, Listing], margin: Margin
) -> dict[str, Any]:
    """ACCOUNT_UPDATE: what changed together, and why."""
    at = to_millis(change.ts)
    balances = [
        {
            "a": asset,
            "wb": text(holding.total),
            "cw": text(holding.total - margin.isolated_margin(account, asset)),
            "bc": text(change.moved),
        }
        for asset, holding in change.holdings.items()
    ]
    positions = [
        _position_event(position, listings[position.symbol], margin, margin.is_isolated(account, position.symbol))
        for position in change.positions.values()
    ]
    return {"e": "ACCOUNT_UPDATE", "T": at, "E": at, "a": {"m": change.reason, "B": balances, "P": positions}}


def config_update(change: ModeChanged, account: Account, margin: Margin) -> dict[str, Any]:
    """ACCOUNT_CONFIG_UPDATE: a symbol's leverage, or the asset mode of the whole account."""
    at = to_millis(change.ts)
    event: dict[str, Any] = {"e": "ACCOUNT_CONFIG_UPDATE", "E": at, "T": at}
    if change.symbol:
        return event | {"ac": {"s": change.symbol, "l": margin.leverage(account, change.symbol)}}
    return event | {"ai": {"j": account.modes.multi_asset}}


def _core(found: Held) -> dict[str, Any]:
    position, listing = found.position, found.listing
    entry = text(entry_price(position, listing))
    return {
        "symbol": listing.symbol,
        "positionSide": leg_word(position.leg),
        "positionAmt": listing.quantity_text(position.lots),
        "entryPrice": entry,
        "breakEvenPrice": entry,
        "markPrice": text(found.mark),
        "unRealizedProfit": text(found.profit),
    }


def _isolated_margin(found: Held) -> str:
    return text(found.position.margin + found.profit) if found.isolated and found.position.lots else "0"


def _position_event(position: Position, listing: Listing, margin: Margin, isolated: bool) -> dict[str, Any]:
    entry = text(entry_price(position, listing))
    return {
        "s": position.symbol,
        "pa": listing.quantity_text(position.lots),
        "ep": entry,
        "bep": entry,
        "cr": text(position.realised),
        "up": text(unrealised(position, listing, margin.mark(position.symbol))),
        "mt": "isolated" if isolated else "cross",
        "iw": text(position.margin),
        "ps": leg_word(position.leg),
        "ma": listing.settle,
    }
