"""What spot's private stream tells of orders, trades and balances.

Fields by event: htx.com, spot WebSocket v2 (`orders#`, `trade.clearing#`, `accounts.update#`). What a market buy has
spent so far, and what it may still spend, stand where other orders have their filled and open amounts.
"""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.client_ids import Kind, is_stop, kind_of, shown
from jtrader.exchange.sim.huobi.numbers import long_words, words
from jtrader.exchange.sim.huobi.rows_spot import account_id, operator
from jtrader.exchange.sim.huobi.words import cancel_source, side_word, spot_state, spot_type_word
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.records import Execution, Holding, Order, OrderReported, Trade

_REFUSED = (2002, "The order could not be carried when it triggered.")


def order_event(report: OrderReported, account: Account, listing: Listing) -> dict[str, Any] | None:
    """`orders#…`: None for what isn't told there."""
    order = report.order
    if kind_of(order) is Kind.ALGO and not _went_to_work(report):
        return _conditional_event(report)
    match report.execution:
        case Execution.NEW if not order.is_waiting:
            return _created(order, account, listing)
        case Execution.TRADE if report.trade is not None:
            return _traded(order, report.trade, account, listing)
        case Execution.CANCELED | Execution.EXPIRED | Execution.REJECTED:
            return _cancelled(order, account, listing)
        case _:
            return None


def _went_to_work(report: OrderReported) -> bool:
    return bool(report.order.triggered) and report.execution not in (Execution.TRIGGERED, Execution.REJECTED)


def _conditional_event(report: OrderReported) -> dict[str, Any] | None:
    """Conditional orders are told of when they end without having become an order: they have no number then."""
    order = report.order
    row: dict[str, Any] = {
        "orderSide": side_word(order.side),
        "lastActTime": to_millis(report.ts),
        "clientOrderId": shown(order),
        "symbol": order.symbol,
    }
    if report.execution is Execution.REJECTED:
        code, why = _REFUSED
        return row | {"orderStatus": "rejected", "eventType": "trigger", "errCode": code, "errMessage": why}
    if report.execution in (Execution.CANCELED, Execution.EXPIRED):
        return row | {"orderStatus": "canceled", "eventType": "deletion"}
    return None


def _created(order: Order, account: Account, listing: Listing) -> dict[str, Any]:
    at = to_millis(order.triggered or order.created)
    created = {"orderCreateTime": at, "orderStatus": "submitted", "eventType": "creation"}
    return {**_order(order, account, listing), **created}


def _traded(order: Order, trade: Trade, account: Account, listing: Listing) -> dict[str, Any]:
    return {
        **_order(order, account, listing),
        **_progress(order, listing),
        "tradePrice": words(trade.price * listing.tick),
        "tradeVolume": words(trade.lots * listing.lot),
        "tradeId": trade.id,
        "tradeTime": to_millis(trade.ts),
        "aggressor": not trade.maker,
        "orderStatus": spot_state(order),
        "eventType": "trade",
    }


def _cancelled(order: Order, account: Account, listing: Listing) -> dict[str, Any]:
    return {
        **_order(order, account, listing),
        **_progress(order, listing),
        "lastActTime": to_millis(order.updated),
        "orderStatus": spot_state(order),
        "canceledSourceDesc": cancel_source(order),
        "eventType": "cancellation",
    }


def _order(order: Order, account: Account, listing: Listing) -> dict[str, Any]:
    row: dict[str, Any] = {
        "accountId": account_id(account),
        "orderId": order.id,
        "clientOrderId": shown(order) or "",
        "orderSource": "spot-api",
        "symbol": order.symbol,
        "type": _type(order),
        **_size(order, listing),
    }
    if order.price is not None:
        row["orderPrice"] = words(order.price * listing.tick)
    return row | _stop(order, listing)


def _type(order: Order) -> str:
    """A stop order that was triggered is told as what it is now."""
    return spot_type_word(order).replace("stop-", "") if order.triggered else spot_type_word(order)


def _size(order: Order, listing: Listing) -> dict[str, str]:
    if order.quote_wanted:
        return {"orderValue": words(order.quote_wanted)}
    return {"orderSize": words(order.lots * listing.lot)}


def _stop(order: Order, listing: Listing) -> dict[str, str]:
    if order.trigger is None or not is_stop(order):
        return {}
    return {"stopPrice": words(order.trigger.ticks * listing.tick), "operator": operator(order)}


def _progress(order: Order, listing: Listing) -> dict[str, str]:
    traded = words(order.filled * listing.lot)
    if order.quote_wanted:
        spent, left = order.quote, order.quote_wanted - order.quote
        return {"execAmt": words(spent), "remainAmt": words(left), "totalTradeAmount": words(order.quote)}
    return {"execAmt": traded, "remainAmt": words(order.left * listing.lot), "totalTradeAmount": words(order.quote)}


def clearing_event(report: OrderReported, account: Account, listing: Listing) -> dict[str, Any] | None:
    """`trade.clearing#…`: a trade with its fee; in mode 1 also an order's end before it was filled."""
    order = report.order
    row: dict[str, Any] = {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderSide": side_word(order.side),
        "orderType": _type(order),
        "accountId": account_id(account),
        "source": "spot-api",
        **({"orderPrice": words(order.price * listing.tick)} if order.price is not None else {}),
        **_size(order, listing),
        "clientOrderId": shown(order) or "",
        **_stop(order, listing),
        "orderCreateTime": to_millis(order.created),
        "orderStatus": spot_state(order),
    }
    trade = report.trade
    if trade is not None:
        return row | {
            "eventType": "trade",
            "tradePrice": words(trade.price * listing.tick),
            "tradeVolume": words(trade.lots * listing.lot),
            "aggressor": not trade.maker,
            "tradeId": trade.id,
            "tradeTime": to_millis(trade.ts),
            "transactFee": words(trade.fee),
            "feeCurrency": trade.fee_asset.lower(),
            "feeDeduct": "0",
            "feeDeductType": "",
        }
    if report.execution in (Execution.CANCELED, Execution.EXPIRED) and not _is_untold(order):
        return row | {"eventType": "cancellation", "remainAmt": _progress(order, listing)["remainAmt"]}
    return None


def _is_untold(order: Order) -> bool:
    """A conditional order that never became one."""
    return kind_of(order) is Kind.ALGO and not order.triggered


def balance_row(account: Account, asset: str, holding: Holding, change: str | None, ts: int) -> dict[str, Any]:
    """`accounts.update#…`; a state that nothing has changed has neither a type of change nor a time."""
    return {
        "currency": asset.lower(),
        "accountId": account_id(account),
        "balance": long_words(holding.total),
        "available": long_words(holding.free),
        "changeType": change,
        "accountType": "trade",
        "seqNum": len(account.income) + len(account.trades),
        "changeTime": None if change is None else to_millis(ts),
    }
