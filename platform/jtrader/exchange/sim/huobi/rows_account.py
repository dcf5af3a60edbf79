"""Coin-margined accounts and positions as rows, over REST and on the streams: numbers stand as numbers."""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.contract_desk import margin_at
from jtrader.exchange.sim.huobi.names import SWAP
from jtrader.exchange.sim.huobi.numbers import amount
from jtrader.exchange.sim.huobi.reference import adjust_factor
from jtrader.exchange.sim.huobi.rows_inverse import names
from jtrader.exchange.sim.huobi.rows_v5 import closing_lots, share_of_margin
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.position import entry_price, open_price
from jtrader.venue.records import Position
from jtrader.venue.units import ATOM, atoms, divide


def account_rows(world: World, market: str, account: Account, listings: list[Listing]) -> list[dict[str, Any]]:
    """A row a contract (swaps) or a coin (dated contracts, which share their coin's margin)."""
    if market == SWAP:
        return [{**_account(world, market, account, [one]), "contract_code": one.symbol} for one in listings]
    coins = list(dict.fromkeys(listing.settle for listing in listings))
    return [_account(world, market, account, [one for one in listings if one.settle == coin]) for coin in coins]


def _account(world: World, market: str, account: Account, listings: list[Listing]) -> dict[str, Any]:
    margin = margin_at(world, market)
    coin, first = listings[0].settle, listings[0]
    symbols = {listing.symbol for listing in listings}
    held = [one for one in account.positions.values() if one.lots and one.symbol in symbols]
    equity, unrealised = margin.equity(account, coin), margin.unrealised(account, coin)
    carried = sum(margin.position_margin(account, symbol) for symbol in symbols)
    leverage = margin.leverage(account, first.symbol)
    factor = atoms(adjust_factor(first, leverage))
    return {
        "symbol": first.instrument.base,
        "margin_balance": amount(equity),
        "margin_position": amount(carried),
        "margin_frozen": amount(margin.initial_margin(account, coin) - carried),
        "margin_available": amount(margin.available(account, coin)),
        "profit_real": amount(sum(p.period_realised for p in account.positions.values() if p.symbol in symbols)),
        "profit_unreal": amount(unrealised),
        "risk_rate": amount(divide(equity * ATOM, carried) - factor) if carried else None,
        "withdraw_available": amount(margin.withdrawable(account, coin)),
        "liquidation_price": amount(margin.liquidation_price(account, held[0])) if held else None,
        "lever_rate": leverage,
        "adjust_factor": amount(factor),
        "margin_static": amount(equity - unrealised),
        "is_debit": 0,
        "transfer_profit_ratio": 1,
    }


def held_of(account: Account, listings: list[Listing]) -> list[Position]:
    symbols = {listing.symbol for listing in listings}
    return [one for one in account.positions.values() if one.lots and one.symbol in symbols]


def position_row(world: World, market: str, account: Account, position: Position) -> dict[str, Any]:
    """`cost_open` is the price of entry, `cost_hold` the last settlement's since there was one."""
    venue, margin = world.venues[market], margin_at(world, market)
    listing = venue.listings[position.symbol]
    lots, frozen = abs(position.lots), closing_lots(position, account)
    needed, unrealised = share_of_margin(position, account, margin), margin.unrealised_of(position)
    return {
        **names(listing, world.now),
        "volume": lots,
        "available": lots - frozen,
        "frozen": frozen,
        "cost_open": amount(open_price(position, listing)),
        "cost_hold": amount(entry_price(position, listing)),
        "profit_unreal": amount(unrealised),
        "profit_rate": amount(divide((unrealised + position.settled) * ATOM, needed)) if needed else amount(0),
        "lever_rate": margin.leverage(account, position.symbol),
        "position_margin": amount(needed),
        "direction": "buy" if position.lots * BUY > 0 else "sell",
        "profit": amount(unrealised + position.settled),
        "last_price": amount(world.histories[listing.instrument.id].last_price() * listing.tick),
        "liq_px": amount(margin.liquidation_price(account, position)),
        "adl_risk_percent": 1,
        "store_time": to_millis(world.now),
    }
