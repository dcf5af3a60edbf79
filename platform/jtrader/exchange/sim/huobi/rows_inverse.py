"""The coin-margined markets' shapes of orders and trades: numbers stand as numbers, a paid fee is below zero."""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.client_ids import kind_of, shown
from jtrader.exchange.sim.huobi.listed import contract_type
from jtrader.exchange.sim.huobi.numbers import amount, literal
from jtrader.exchange.sim.huobi.rows_v5 import trades_behind
from jtrader.exchange.sim.huobi.words import (
    PRICE_TYPE_NUMBERS,
    average_price,
    contract_status,
    price_type_word,
    side_word,
    strategy_status,
    turnover,
)
from jtrader.venue.account import Account
from jtrader.venue.clearing.margin import Margin
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order, Trade
from jtrader.venue.units import divide
from jtrader.venue.words import Leg, Origin

_ORDER_TYPES = {Origin.ACCOUNT: 1, Origin.LIQUIDATION: 3, Origin.DELEVERAGING: 3}


def names(listing: Listing, now: int) -> dict[str, Any]:
    row: dict[str, Any] = {"symbol": listing.instrument.base, "contract_code": listing.symbol}
    if listing.instrument.expiry is not None:
        row["contract_type"] = contract_type(listing.instrument, now)
    return row


def offset_word(side: int, leg: Leg) -> str:
    if leg is Leg.BOTH:
        return "both"
    return "open" if side == leg.sign else "close"


def order_row(order: Order, account: Account, listing: Listing, margin: Margin, now: int) -> dict[str, Any]:
    trades = trades_behind(order, account)
    average = average_price(order, listing)
    profit = amount(sum(trade.realised for trade in trades))
    return {
        **names(listing, now),
        "volume": order.lots,
        "price": literal(listing.price_text(order.price or 0)),
        "order_price_type": price_type_word(order.style),
        "order_type": _ORDER_TYPES[order.origin],
        "direction": side_word(order.side),
        "offset": offset_word(order.side, order.leg),
        "lever_rate": margin.leverage(account, order.symbol),
        "order_id": order.id,
        "order_id_str": str(order.id),
        "client_order_id": client_number(order),
        "order_source": "api" if order.origin is Origin.ACCOUNT else "risk",
        "created_at": to_millis(order.created),
        "trade_volume": order.filled,
        "trade_turnover": amount(turnover(order, listing)),
        "fee": amount(-sum(trade.fee for trade in trades)),
        "fee_asset": listing.settle,
        "trade_avg_price": amount(average) if average else None,
        "margin_frozen": amount(frozen(order, account, listing, margin)),
        "profit": profit,
        "status": contract_status(order),
        "liquidation_type": "0" if order.origin is Origin.ACCOUNT else "3",
        "canceled_at": to_millis(order.updated) if contract_status(order) in (5, 7) else 0,
        "is_tpsl": 0,
        "update_time": to_millis(order.updated),
        "real_profit": profit,
        "reduce_only": int(order.reduce_only),
    }


def client_number(order: Order) -> int | None:
    """A whole number, as the contract markets want it."""
    own = shown(order)
    return int(own) if own is not None and own.isdigit() else None


def frozen(order: Order, account: Account, listing: Listing, margin: Margin) -> int:
    """What the open part of an opening order needs at the mark."""
    if not order.is_open or order.reduce_only:
        return 0
    worth = listing.notional_at(order.left, margin.mark(order.symbol))
    return divide(worth, margin.leverage(account, order.symbol))


def history_row(order: Order, account: Account, listing: Listing, margin: Margin, now: int) -> dict[str, Any]:
    """In the lists of past orders the type of price is a number, and the creation goes by another name."""
    row = order_row(order, account, listing, margin, now)
    row["order_price_type"] = PRICE_TYPE_NUMBERS[order.style]
    row["create_date"] = row.pop("created_at")
    return {"query_id": order.id, **row}


def trade_row(trade: Trade, number: int, order: Order, listing: Listing, now: int) -> dict[str, Any]:
    """`match_id` is shared by all trades of a taker's order; `id` is unique."""
    profit = amount(trade.realised)
    return {
        "query_id": number,
        **names(listing, now),
        "match_id": trade.id,
        "order_id": trade.order_id,
        "order_id_str": str(trade.order_id),
        "direction": side_word(trade.side),
        "offset": offset_word(trade.side, trade.leg),
        "trade_volume": trade.lots,
        "trade_price": literal(listing.price_text(trade.price)),
        "trade_turnover": amount(listing.face(trade.lots, 0)),
        "trade_fee": amount(-trade.fee),
        "offset_profitloss": profit,
        "create_date": to_millis(trade.ts),
        "role": "Maker" if trade.maker else "Taker",
        "order_source": "api" if order.origin is Origin.ACCOUNT else "risk",
        "fee_asset": trade.fee_asset,
        "id": trade_name(trade),
        "real_profit": profit,
    }


def trade_name(trade: Trade) -> str:
    return f"{trade.id}-{trade.order_id}-1"


def trade_of_order(trade: Trade, listing: Listing) -> dict[str, Any]:
    """As it stands within its order."""
    profit = amount(trade.realised)
    return {
        "trade_id": trade.id,
        "id": trade_name(trade),
        "trade_volume": trade.lots,
        "trade_price": literal(listing.price_text(trade.price)),
        "trade_fee": amount(-trade.fee),
        "fee_asset": trade.fee_asset,
        "trade_turnover": amount(listing.face(trade.lots, 0)),
        "created_at": to_millis(trade.ts),
        "role": "maker" if trade.maker else "taker",
        "profit": profit,
        "real_profit": profit,
    }


def trigger_row(order: Order, account: Account, listing: Listing, margin: Margin, now: int) -> dict[str, Any]:
    """A trigger order's number is its own; what it becomes has another, told in `relation_order_id`."""
    assert order.trigger is not None
    return {
        **_strategy(order, listing, now),
        "offset": offset_word(order.side, order.leg),
        "lever_rate": margin.leverage(account, order.symbol),
        "reduce_only": int(order.reduce_only),
    }


def tpsl_row(order: Order, listing: Listing, now: int) -> dict[str, Any]:
    return {
        **_strategy(order, listing, now),
        "tpsl_order_type": kind_of(order).value,
        "source_order_id": None,
        "relation_tpsl_order_id": "-1",
    }


def _strategy(order: Order, listing: Listing, now: int) -> dict[str, Any]:
    assert order.trigger is not None
    status = strategy_status(order)
    row: dict[str, Any] = {
        **names(listing, now),
        "trigger_type": "ge" if order.trigger.rises(order.side) else "le",
        "volume": order.lots,
        "order_type": 1,
        "direction": side_word(order.side),
        "order_id": order.algo_id,
        "order_id_str": str(order.algo_id),
        "order_source": "api",
        "trigger_price": literal(listing.price_text(order.trigger.ticks)),
        "order_price": literal(listing.price_text(order.price or 0)),
        "created_at": to_millis(order.created),
        "order_price_type": price_type_word(order.style),
        "status": status,
    }
    return row if status == 2 else row | _ended(order, row["trigger_price"])


def _ended(order: Order, price: Any) -> dict[str, Any]:
    """What became of one that waits no more; one that failed when it triggered became no order."""
    status, ended, triggered = strategy_status(order), to_millis(order.updated), to_millis(order.triggered)
    return {
        "relation_order_id": str(order.id) if status == 4 else "-1",
        "triggered_price": price if order.triggered else None,
        "triggered_at": triggered if order.triggered else None,
        "order_insert_at": triggered if status == 4 else 0,
        "canceled_at": ended if status == 6 else 0,
        "fail_code": 1047 if status == 5 else None,
        "fail_reason": order.ended.value if status == 5 else None,
        "update_time": ended,
    }
