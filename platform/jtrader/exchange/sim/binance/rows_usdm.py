"""Binance USDT-M's shapes of orders, trades, positions, ledger rows and account events."""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.binance.errors import USDM
from jtrader.exchange.sim.binance.words import STATUS, kind_word, side_word, time_word
from jtrader.matching.book import BUY
from jtrader.venue.linear import LinearClearing
from jtrader.venue.listing import Listing
from jtrader.venue.position import entry_price, unrealised
from jtrader.venue.records import BalancesChanged, Income, Order, OrderReported, Position, Trade
from jtrader.venue.units import ATOM, divide, text


def average_price(order: Order, listing: Listing) -> str:
    """Σ price·quantity / filled, 5 decimals, half to even."""
    if not order.filled:
        return "0.00000"
    atoms = divide(order.quote * ATOM, order.filled * listing.lot)
    return text(divide(atoms, 1000) * 1000, 5)


def order_row(order: Order, listing: Listing) -> dict[str, Any]:
    kind = kind_word(USDM, order.style)
    return {
        "orderId": order.id,
        "symbol": order.symbol,
        "status": STATUS[order.status],
        "clientOrderId": order.client_id,
        "price": listing.price_text(order.price or 0),
        "avgPrice": average_price(order, listing),
        "origQty": listing.quantity_text(order.lots),
        "executedQty": listing.quantity_text(order.filled),
        "cumQty": listing.quantity_text(order.filled),
        "cumQuote": text(order.quote),
        "timeInForce": time_word(USDM, order.style),
        "type": kind,
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": side_word(order.side),
        "positionSide": "BOTH",
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": kind,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": to_millis(order.created),
        "updateTime": to_millis(order.updated),
    }


def trade_row(trade: Trade, listing: Listing) -> dict[str, Any]:
    return {
        "symbol": trade.symbol,
        "id": trade.id,
        "orderId": trade.order_id,
        "side": side_word(trade.side),
        "price": listing.price_text(trade.price),
        "qty": listing.quantity_text(trade.lots),
        "realizedPnl": text(trade.realised),
        "quoteQty": text(trade.quote),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": to_millis(trade.ts),
        "positionSide": "BOTH",
        "maker": trade.maker,
        "buyer": trade.side == BUY,
    }


def income_row(row: Income) -> dict[str, Any]:
    trade_id = "" if row.trade_id is None else str(row.trade_id)
    return {
        "symbol": row.symbol,
        "incomeType": row.kind.value,
        "income": text(row.amount),
        "asset": row.asset,
        "time": to_millis(row.ts),
        "info": trade_id or row.kind.value,
        "tranId": row.id,
        "tradeId": trade_id,
    }


def position_row(
    position: Position, listing: Listing, mark: int, margin: tuple[int, int], now_ms: int
) -> dict[str, Any]:
    """`margin` = (of the position, of it and its open orders), in atoms."""
    entry = text(entry_price(position, listing))
    sign = -1 if position.lots < 0 else 1
    return {
        "symbol": listing.symbol,
        "positionSide": "BOTH",
        "positionAmt": listing.quantity_text(position.lots),
        "entryPrice": entry,
        "breakEvenPrice": entry,
        "markPrice": text(mark),
        "unRealizedProfit": text(unrealised(position, listing, mark)),
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "notional": text(sign * listing.notional_at(position.lots, mark)),
        "marginAsset": listing.instrument.settle,
        "isolatedWallet": "0",
        "initialMargin": text(margin[1]),
        "maintMargin": text(maintenance(position, listing, mark)),
        "positionInitialMargin": text(margin[0]),
        "openOrderInitialMargin": text(margin[1] - margin[0]),
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": now_ms,
    }


def maintenance(position: Position, listing: Listing, mark: int) -> int:
    """0.4 % of the notional: the first bracket, the only one here."""
    return divide(listing.notional_at(position.lots, mark) * 4, 1000)


def order_update(report: OrderReported, listing: Listing) -> dict[str, Any]:
    order, trade = report.order, report.trade
    kind = kind_word(USDM, order.style)
    at = to_millis(report.ts)
    body: dict[str, Any] = {
        "s": order.symbol,
        "c": order.client_id,
        "S": side_word(order.side),
        "o": kind,
        "f": time_word(USDM, order.style),
        "q": listing.quantity_text(order.lots),
        "p": listing.price_text(order.price or 0),
        "ap": average_price(order, listing),
        "sp": "0",
        "x": report.execution.value,
        "X": STATUS[order.status],
        "i": order.id,
        "l": listing.quantity_text(trade.lots if trade else 0),
        "z": listing.quantity_text(order.filled),
        "L": listing.price_text(trade.price if trade else 0),
        "T": at,
        "t": trade.id if trade else 0,
        "b": "0",
        "a": "0",
        "m": trade.maker if trade else False,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": kind,
        "ps": "BOTH",
        "cp": False,
        "rp": text(trade.realised if trade else 0),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
    }
    if trade is not None:
        body["n"], body["N"] = text(trade.fee), trade.fee_asset
    return {"e": "ORDER_TRADE_UPDATE", "T": at, "E": at, "o": body}


def account_update(change: BalancesChanged, listings: dict[str, Listing], clearing: LinearClearing) -> dict[str, Any]:
    at = to_millis(change.ts)
    balances = [
        {"a": asset, "wb": text(held.total), "cw": text(held.total), "bc": text(change.moved)}
        for asset, held in change.holdings.items()
    ]
    positions = [
        {
            "s": symbol,
            "pa": listings[symbol].quantity_text(position.lots),
            "ep": text(entry_price(position, listings[symbol])),
            "bep": text(entry_price(position, listings[symbol])),
            "cr": text(position.realised),
            "up": text(unrealised(position, listings[symbol], clearing.mark(symbol))),
            "mt": "cross",
            "iw": "0",
            "ps": "BOTH",
            "ma": listings[symbol].instrument.settle,
        }
        for symbol, position in change.positions.items()
    ]
    return {"e": "ACCOUNT_UPDATE", "T": at, "E": at, "a": {"m": change.reason, "B": balances, "P": positions}}
