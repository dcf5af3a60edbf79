"""Rows of the private tables, the same over REST and on the stream. Amounts in the wallets' smallest units."""

from typing import Any

from jtrader.exchange.sim.bitmex.instrument_row import INITIAL_MARGIN
from jtrader.exchange.sim.bitmex.market_rows import coin_price, contracts, price_number, side_word
from jtrader.exchange.sim.bitmex.order_words import (
    STATUS,
    instruction_words,
    kind_word,
    shown_client_id,
    text_of,
    time_word,
)
from jtrader.exchange.sim.bitmex.words import (
    MARKET,
    change_id,
    coin_word,
    exec_id,
    number,
    order_id,
    quantity,
    row_id,
    stamp,
    trade_id,
    units,
    wallet_word,
)
from jtrader.exchange.sim.bitmex.worth import worth
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY
from jtrader.venue.account import Account
from jtrader.venue.clearing.margin import Margin
from jtrader.venue.listing import Listing
from jtrader.venue.position import entry_price
from jtrader.venue.records import Income, IncomeKind, Order, Position, Trade
from jtrader.venue.units import ATOM, divide, text

NOBODY = "00000000-0000-0000-0000-000000000000"
FIRST_ACCOUNT = 100_000


def account_number(account: Account) -> int:
    return FIRST_ACCOUNT + account.number


def average_price(order: Order, listing: Listing) -> float | None:
    """What the filled contracts cost on average, 4 decimals: by their worth."""
    if not order.filled:
        return None
    size = order.filled * listing.lot * listing.contract
    atoms = divide(size, order.quote) if listing.is_inverse else divide(order.quote * ATOM * ATOM, size)
    return round(atoms / ATOM, 4)


def order_row(order: Order, account: Account, listing: Listing) -> dict[str, Any]:
    rules = listing.instrument
    trigger = order.trigger
    return {
        "orderID": order_id(order.id),
        "clOrdID": shown_client_id(order),
        "clOrdLinkID": "",
        "account": account_number(account),
        "symbol": order.symbol,
        "side": side_word(order.side),
        "orderQty": None if order.close_position and not order.lots else contracts(listing, order.lots),
        "price": None if order.price is None else price_number(listing, order.price),
        "displayQty": None,
        "stopPx": None if trigger is None else price_number(listing, trigger.ticks),
        "pegOffsetValue": None,
        "pegPriceType": "",
        "currency": rules.quote,
        "settlCurrency": wallet_word(rules.settle),
        "ordType": kind_word(order),
        "timeInForce": time_word(order),
        "execInst": instruction_words(order),
        "contingencyType": "",
        "ordStatus": STATUS[order.status],
        "triggered": "StopOrderTriggered" if order.triggered else "",
        "workingIndicator": order.is_open and not order.is_waiting,
        "ordRejReason": "",
        "leavesQty": contracts(listing, order.left if order.is_open else 0),
        "cumQty": contracts(listing, order.filled),
        "avgPx": average_price(order, listing),
        "text": text_of(order),
        "transactTime": stamp(order.updated),
        "timestamp": stamp(order.updated),
    }


def execution_row(order: Order, account: Account, listing: Listing, kind: str, ts: int) -> dict[str, Any]:
    """A change of an order that was no trade: `kind` is its execType."""
    row = order_row(order, account, listing)
    return {
        "execID": change_id(order.id, kind, ts),
        **row,
        "lastQty": None,
        "lastPx": None,
        "lastLiquidityInd": "",
        "execType": kind,
        "commission": None,
        "trdMatchID": NOBODY,
        "execCost": None,
        "execComm": None,
        "homeNotional": None,
        "foreignNotional": None,
        "execGrossPnl": None,
        "transactTime": stamp(ts),
        "timestamp": stamp(ts),
    }


def trade_execution(world: World, trade: Trade, order: Order, account: Account, listing: Listing) -> dict[str, Any]:
    settle = listing.instrument.settle
    value = worth(listing, trade.lots, trade.price * listing.tick, coin_price(world, listing, trade.ts))
    home = trade.side * value.home
    cost = listing.worth(trade.side * trade.lots, trade.price * listing.tick, trade.ts)
    rate = listing.instrument.maker_fee if trade.maker else listing.instrument.taker_fee
    return execution_row(order, account, listing, "Trade", trade.ts) | {
        "execID": exec_id(trade.symbol, account.number, trade.id, trade.maker),
        "lastQty": contracts(listing, trade.lots),
        "lastPx": price_number(listing, trade.price),
        "lastLiquidityInd": "AddedLiquidity" if trade.maker else "RemovedLiquidity",
        "commission": number(str(rate)),
        "trdMatchID": trade_id(trade.symbol, trade.id),
        "execCost": units(cost, settle),
        "execComm": units(trade.fee, settle),
        "homeNotional": quantity(home),
        "foreignNotional": quantity(-trade.side * value.foreign),
        "execGrossPnl": units(trade.realised, settle) if trade.closed else 0,
    }


_EXECUTED = {
    IncomeKind.FUNDING_FEE: "Funding",
    IncomeKind.DELIVERY: "Settlement",
    IncomeKind.COMMISSION: "Settlement",
    IncomeKind.LIQUIDATION_FEE: "Liquidation",
    IncomeKind.INSURANCE: "Insurance",
    IncomeKind.REBATE: "Rebate",
}
"""Ledger rows that are executions without a trade, by their execType."""


def is_execution(row: Income) -> bool:
    return row.kind in _EXECUTED and row.trade_id is None


def income_execution(world: World, row: Income, account: Account, listing: Listing) -> dict[str, Any]:
    """Funding, settlement at expiry, liquidation: fees and payments are `execComm` (above zero = paid), what a
    position made is `execGrossPnl`."""
    settle = row.asset
    made = row.kind is IncomeKind.DELIVERY
    value = worth(
        listing, abs(row.lots), row.price or world.mark(listing.instrument.id), coin_price(world, listing, row.ts)
    )
    is_funding = row.kind is IncomeKind.FUNDING_FEE
    return {
        "execID": row_id(row.id),
        "orderID": NOBODY,
        "clOrdID": "",
        "account": account_number(account),
        "symbol": row.symbol,
        "side": "Sell" if made and row.lots > 0 else "Buy" if made else "",
        "lastQty": contracts(listing, abs(row.lots)),
        "lastPx": number(text(row.price)) if row.price else None,
        "lastLiquidityInd": "",
        "orderQty": contracts(listing, abs(row.lots)),
        "price": number(text(row.price)) if row.price else None,
        "currency": listing.instrument.quote,
        "settlCurrency": wallet_word(settle),
        "execType": _EXECUTED[row.kind],
        "ordType": "Limit",
        "timeInForce": "AtTheClose" if made else "ImmediateOrCancel",
        "execInst": "",
        "ordStatus": "Filled",
        "leavesQty": 0,
        "cumQty": contracts(listing, abs(row.lots)),
        "commission": number(text(row.rate)) if is_funding else 0,
        "text": _EXECUTED[row.kind],
        "trdMatchID": row_id(row.id),
        "execCost": units(value.gross, settle),
        "execComm": 0 if made else units(-row.amount, settle),
        "homeNotional": quantity(value.home),
        "foreignNotional": quantity(value.foreign),
        "execGrossPnl": units(row.amount, settle) if made else 0,
        "transactTime": stamp(row.ts),
        "timestamp": stamp(row.ts),
    }


def position_row(world: World, account: Account, listing: Listing) -> dict[str, Any]:
    venue = world.venues[MARKET]
    margin = venue.margin
    assert margin is not None
    rules, symbol = listing.instrument, listing.symbol
    position = account.positions.get(symbol, Position(symbol=symbol))
    mark = world.mark(rules.id)
    value = worth(listing, abs(position.lots), mark, coin_price(world, listing, world.now))
    sign = (position.lots > 0) - (position.lots < 0)
    entry = number(text(entry_price(position, listing))) if position.lots else None
    leverage = account.leverage.get(symbol)
    isolated = margin.is_isolated(account, symbol)
    paid = sum(row.amount for row in account.income if row.symbol == symbol and row.kind is not IncomeKind.REALIZED_PNL)
    unrealised = margin.unrealised_of(position) if position.lots else 0
    liquidation = margin.liquidation_price(account, position)
    buys = sum(order.left for order in account.open_of(symbol) if order.side == BUY)
    sells = sum(order.left for order in account.open_of(symbol) if order.side != BUY)
    return {
        "account": account_number(account),
        "symbol": symbol,
        "currency": wallet_word(rules.settle),
        "underlying": coin_word(rules.base),
        "quoteCurrency": rules.quote,
        "commission": number(str(rules.taker_fee)),
        "initMarginReq": 1 / leverage if leverage else INITIAL_MARGIN,
        "maintMarginReq": number(str(listing.maintenance)),
        "riskLimit": 20_000_000_000,
        "leverage": leverage if leverage and isolated else listing.max_leverage,
        "crossMargin": not isolated,
        "deleveragePercentile": 1 if position.lots else None,
        "openOrderBuyQty": contracts(listing, buys),
        "openOrderSellQty": contracts(listing, sells),
        "currentQty": contracts(listing, position.lots),
        "currentCost": units(position.cost, rules.settle),
        "currentComm": units(-paid, rules.settle),
        "unrealisedCost": units(position.cost, rules.settle),
        "isOpen": position.lots != 0,
        "markPrice": number(text(mark)) if position.lots else None,
        "markValue": units(listing.worth(position.lots, mark), rules.settle) if position.lots else 0,
        "homeNotional": quantity(sign * value.home),
        "foreignNotional": quantity(-sign * value.foreign),
        "posCost": units(position.cost, rules.settle),
        "posMargin": units(position.margin or margin.position_margin(account, symbol), rules.settle),
        "posMaint": units(margin.maintenance_of(position), rules.settle) if position.lots else 0,
        "initMargin": units(
            margin.symbol_margin(account, symbol) - margin.position_margin(account, symbol), rules.settle
        ),
        "maintMargin": units(margin.maintenance_of(position), rules.settle) if position.lots else 0,
        "realisedPnl": units(position.realised + paid, rules.settle),
        "unrealisedPnl": units(unrealised, rules.settle),
        "unrealisedPnlPcnt": round(unrealised / abs(position.cost), 4) if position.cost else 0,
        "unrealisedRoePcnt": round(unrealised / abs(position.cost), 4) if position.cost else 0,
        "avgCostPrice": entry,
        "avgEntryPrice": entry,
        "breakEvenPrice": entry,
        "marginCallPrice": number(text(liquidation)) if liquidation else None,
        "liquidationPrice": number(text(liquidation)) if liquidation else None,
        "timestamp": stamp(world.now),
    }


def margin_row(world: World, account: Account, asset: str) -> dict[str, Any]:
    margin = _margin(world)
    wallet, unrealised = margin.wallet(account, asset), margin.unrealised(account, asset)
    needed, available = margin.initial_margin(account, asset), margin.available(account, asset)
    maintenance = margin.maintenance(account, asset)
    equity = wallet + unrealised
    return {
        "account": account_number(account),
        "currency": wallet_word(asset),
        "riskLimit": 1_000_000_000_000,
        "amount": units(wallet, asset),
        "prevRealisedPnl": 0,
        "initMargin": units(needed, asset),
        "maintMargin": units(maintenance, asset),
        "realisedPnl": 0,
        "unrealisedPnl": units(unrealised, asset),
        "walletBalance": units(wallet, asset),
        "marginBalance": units(equity, asset),
        "marginLeverage": round(needed / equity, 4) if equity > 0 else 0,
        "marginUsedPcnt": round(needed / equity, 4) if equity > 0 else 0,
        "excessMargin": units(equity - maintenance, asset),
        "availableMargin": units(available, asset),
        "withdrawableMargin": units(margin.withdrawable(account, asset), asset),
        "timestamp": stamp(world.now),
    }


def wallet_row(world: World, account: Account, asset: str) -> dict[str, Any]:
    sums = {
        name: units(abs(account.income_sum(asset, kind)), asset)
        for name, kind in (("deposited", IncomeKind.DEPOSIT), ("withdrawn", IncomeKind.WITHDRAWAL))
    }
    moved = [row.amount for row in account.income if row.asset == asset and row.kind is IncomeKind.TRANSFER]
    return {
        "account": account_number(account),
        "currency": wallet_word(asset),
        **sums,
        "transferIn": units(sum(amount for amount in moved if amount > 0), asset),
        "transferOut": units(-sum(amount for amount in moved if amount < 0), asset),
        "amount": units(account.holding(asset).total, asset),
        "pendingCredit": 0,
        "pendingDebit": 0,
        "confirmedDebit": 0,
        "timestamp": stamp(world.now),
    }


def _margin(world: World) -> Margin:
    margin = world.venues[MARKET].margin
    assert margin is not None
    return margin
