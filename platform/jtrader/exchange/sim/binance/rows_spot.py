"""Binance spot's shapes of orders, trades and account events."""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.binance.errors import SPOT
from jtrader.exchange.sim.binance.words import STATUS, kind_word, side_word, time_word
from jtrader.matching.book import BUY
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.records import BalancesChanged, Execution, Holding, Order, OrderReported, Trade
from jtrader.venue.units import text

_EXECUTIONS = {Execution.AMENDED: "REPLACED"}
"""Where spot's word is another."""


def _core(order: Order, listing: Listing) -> dict[str, Any]:
    return {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "price": listing.price_text(order.price or 0, 8),
        "origQty": listing.quantity_text(order.lots, 8),
        "executedQty": listing.quantity_text(order.filled, 8),
        "origQuoteOrderQty": text(order.quote_wanted),
        "cummulativeQuoteQty": text(order.quote),
        "status": STATUS[order.status],
        "timeInForce": time_word(SPOT, order.style),
        "type": kind_word(SPOT, order),
        "side": side_word(order.side),
        "selfTradePreventionMode": "EXPIRE_MAKER",
    } | ({"stopPrice": stop_text(order, listing)} if order.trigger is not None else {})


def stop_text(order: Order, listing: Listing) -> str:
    return listing.price_text(order.trigger.ticks if order.trigger is not None else 0, 8)


def order_row(order: Order, listing: Listing) -> dict[str, Any]:
    return _core(order, listing) | {
        "stopPrice": stop_text(order, listing),
        "icebergQty": "0.00000000",
        "time": to_millis(order.created),
        "updateTime": to_millis(order.updated),
        "isWorking": not order.is_waiting,
        "workingTime": _working_time(order),
    }


def _working_time(order: Order) -> int:
    """When it went into the book; -1 while it waits for its price."""
    if order.trigger is None:
        return to_millis(order.created)
    return to_millis(order.triggered) if order.triggered else -1


def placed_row(order: Order, listing: Listing, trades: list[Trade]) -> dict[str, Any]:
    """The answer to a new order with newOrderRespType=FULL."""
    fills = [
        {
            "price": listing.price_text(trade.price, 8),
            "qty": listing.quantity_text(trade.lots, 8),
            "commission": text(trade.fee),
            "commissionAsset": trade.fee_asset,
            "tradeId": trade.id,
        }
        for trade in trades
    ]
    at = to_millis(order.created)
    return _core(order, listing) | {"transactTime": at, "workingTime": _working_time(order), "fills": fills}


def cancelled_row(order: Order, listing: Listing) -> dict[str, Any]:
    return _core(order, listing) | {
        "origClientOrderId": order.client_id,
        "clientOrderId": order.cancel_id,
        "transactTime": to_millis(order.updated),
    }


def trade_row(trade: Trade, listing: Listing) -> dict[str, Any]:
    return {
        "symbol": trade.symbol,
        "id": trade.id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": listing.price_text(trade.price, 8),
        "qty": listing.quantity_text(trade.lots, 8),
        "quoteQty": text(trade.quote),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": to_millis(trade.ts),
        "isBuyer": trade.side == BUY,
        "isMaker": trade.maker,
        "isBestMatch": True,
    }


def account_row(account: Account, listing: Listing | None, now_ms: int) -> dict[str, Any]:
    maker, taker = (listing.maker_rate, listing.taker_rate) if listing is not None else (0, 0)
    return {
        "makerCommission": maker // 10_000,
        "takerCommission": taker // 10_000,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": text(maker), "taker": text(taker), "buyer": text(0), "seller": text(0)},
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": now_ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": text(held.free), "locked": text(held.locked)}
            for asset, held in sorted(account.holdings.items())
            if held.total
        ],
        "permissions": ["SPOT"],
        "uid": account.number,
    }


def execution_report(report: OrderReported, listing: Listing) -> dict[str, Any]:
    order, trade = report.order, report.trade
    cancelled = report.execution is Execution.CANCELED
    at = to_millis(report.ts)
    return {
        "e": "executionReport",
        "E": at,
        "s": order.symbol,
        "c": order.cancel_id if cancelled else order.client_id,
        "S": side_word(order.side),
        "o": kind_word(SPOT, order),
        "f": time_word(SPOT, order.style),
        "q": listing.quantity_text(order.lots, 8),
        "p": listing.price_text(order.price or 0, 8),
        "P": stop_text(order, listing),
        "F": "0.00000000",
        "g": -1,
        "C": order.client_id if cancelled else "",
        "x": _EXECUTIONS.get(report.execution, report.execution.value),
        "X": STATUS[order.status],
        "r": "INSUFFICIENT_BALANCE" if report.execution is Execution.REJECTED else "NONE",
        "i": order.id,
        "l": listing.quantity_text(trade.lots if trade else 0, 8),
        "z": listing.quantity_text(order.filled, 8),
        "L": listing.price_text(trade.price if trade else 0, 8),
        "n": text(trade.fee) if trade else "0",
        "N": trade.fee_asset if trade else None,
        "T": at,
        "t": trade.id if trade else -1,
        "I": order.id * 2,
        "w": order.is_open and order.price is not None and not order.is_waiting,
        "m": trade.maker if trade else False,
        "M": False,
        "O": to_millis(order.created),
        "Z": text(order.quote),
        "Y": text(trade.quote if trade else 0),
        "Q": text(order.quote_wanted),
        "W": _working_time(order),
        "V": "EXPIRE_MAKER",
    }


def account_events(change: BalancesChanged) -> list[dict[str, Any]]:
    """The position of the assets that changed; a transfer also tells its own amount."""
    at = to_millis(change.ts)
    balances = [_balance(asset, held) for asset, held in change.holdings.items()]
    events: list[dict[str, Any]] = [{"e": "outboundAccountPosition", "E": at, "u": at, "B": balances}]
    if change.moved:
        asset = next(iter(change.holdings))
        events.append({"e": "balanceUpdate", "E": at, "a": asset, "d": text(change.moved), "T": at})
    return events


def _balance(asset: str, held: Holding) -> dict[str, str]:
    return {"a": asset, "f": text(held.free), "l": text(held.locked)}
