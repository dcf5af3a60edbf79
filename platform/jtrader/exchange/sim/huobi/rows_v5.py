"""v5's shapes (linear swaps): nearly everything is a string. A paid fee is below zero on orders, above it on trades."""

from itertools import accumulate
from typing import Any

from jtrader.domain.order import OrderStatus
from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.client_ids import kind_of, shown
from jtrader.exchange.sim.huobi.contract_desk import TRIGGER_WORDS
from jtrader.exchange.sim.huobi.numbers import words
from jtrader.exchange.sim.huobi.words import average_price, side_word, turnover, v5_state
from jtrader.matching.entry import Style
from jtrader.venue.account import Account
from jtrader.venue.clearing.margin import Margin
from jtrader.venue.listing import Listing
from jtrader.venue.position import open_price
from jtrader.venue.records import Order, Position, Trade
from jtrader.venue.units import ATOM, divide
from jtrader.venue.words import Ended

_TYPES = {Style.MARKET: "market", Style.POST_ONLY: "post_only"}
_TIMES = {Style.IOC: "ioc", Style.FOK: "fok"}
_NO_TPSL = {f"{kind}_{name}": "" for kind in ("tp", "sl") for name in ("trigger_price", "order_price", "type")} | {
    "tp_trigger_price_type": "",
    "sl_trigger_price_type": "",
}
_REASONS = {
    Ended.NOT: None,
    Ended.ASKED: "user",
    Ended.TIME_IN_FORCE: "time_in_force",
    Ended.POST_ONLY: "post_only",
    Ended.SELF_TRADE: "self_match_prevent",
    Ended.REDUCE_ONLY: "reduce_only",
    Ended.LIQUIDATION: "liquidation",
}


def order_row(order: Order, account: Account, listing: Listing, margin: Margin) -> dict[str, Any]:
    trades = trades_behind(order, account)
    fee = sum(trade.fee for trade in trades)
    return {
        "id": str(order.id),
        "side": side_word(order.side),
        "type": _TYPES.get(order.style, "limit"),
        "price": words((order.price or 0) * listing.tick),
        "volume": str(order.lots),
        "state": v5_state(order),
        "profit": words(sum(trade.realised for trade in trades)),
        "contract_code": order.symbol,
        "position_side": order.leg.value,
        "price_match": None,
        "order_id": str(order.id),
        "client_order_id": client_id(order),
        "margin_mode": "isolated" if margin.is_isolated(account, order.symbol) else "cross",
        "lever_rate": margin.leverage(account, order.symbol),
        "order_source": "api",
        "reduce_only": order.reduce_only,
        "time_in_force": _TIMES.get(order.style, "gtc"),
        **_NO_TPSL,
        "trade_avg_price": words(average_price(order, listing)),
        "trade_volume": str(order.filled),
        "trade_turnover": words(turnover(order, listing)),
        "fee_currency": listing.settle if trades else "",
        "fee": words(-fee),
        "price_protect": False,
        "contract_type": "swap",
        "created_time": str(to_millis(order.created)),
        "updated_time": str(to_millis(order.updated)),
        "cancel_reason": _REASONS.get(order.ended, order.ended.value),
        "self_match_prevent": "cancel_maker",
    }


def trades_behind(order: Order, account: Account) -> list[Trade]:
    """Those that filled the order as far as it is (a copy may be older than the account's newest trade)."""
    trades = account.trades_of.get(order.id, [])
    filled = accumulate(trade.lots for trade in trades)
    return [trade for trade, lots in zip(trades, filled, strict=True) if lots <= order.filled]


def client_id(order: Order) -> str:
    """Without one of the client's it is the order's own number."""
    return shown(order) or str(order.id)


def trade_row(
    trade: Trade, number: int, order: Order, account: Account, listing: Listing, margin: Margin
) -> dict[str, Any]:
    """`id` numbers the account's trades."""
    return {
        "id": str(number),
        "contract_code": trade.symbol,
        "order_id": str(trade.order_id),
        "client_order_id": client_id(order),
        "trade_id": str(match_of(trade, account)),
        "side": side_word(trade.side),
        "position_side": trade.leg.value,
        "order_type": "1",
        "margin_mode": "isolated" if margin.is_isolated(account, trade.symbol) else "cross",
        "type": _TYPES.get(order.style, "limit"),
        "role": "MAKER" if trade.maker else "TAKER",
        "trade_price": words(trade.price * listing.tick),
        "trade_volume": str(trade.lots),
        "trade_turnover": words(trade.quote),
        "created_time": str(to_millis(trade.ts)),
        "updated_time": str(to_millis(trade.ts)),
        "order_source": "api",
        "fee_currency": trade.fee_asset,
        "trade_fee": words(trade.fee),
        "deduction_price": "",
        "profit": words(trade.realised),
        "contract_type": "swap",
    }


def match_of(trade: Trade, account: Account) -> int:
    """One number for all that a taker's order hit at once: the first of these trades."""
    if trade.maker:
        return trade.id
    at_once = (one.id for one in account.trades_of[trade.order_id] if one.ts == trade.ts and not one.maker)
    return min(at_once)


def position_row(
    position: Position, account: Account, listing: Listing, margin: Margin, last: int, now: int
) -> dict[str, Any]:
    """`open_avg_price` is the price of entry; `profit_unreal` counts from the last settlement."""
    profit = margin.unrealised_of(position)
    isolated = margin.is_isolated(account, position.symbol)
    needed = position.margin if isolated else share_of_margin(position, account, margin)
    frozen = closing_lots(position, account)
    mark = margin.mark(position.symbol)
    kept = margin.maintenance_of(position)
    pool = next((one for one in margin.pools(account) if position in one.positions), None)
    at = str(to_millis(now))
    return {
        "contract_code": position.symbol,
        "symbol": listing.instrument.base,
        "position_mode": "dual_side" if account.modes.hedge else "single_side",
        "position_side": position.leg.value,
        "direction": "buy" if position.lots > 0 else "sell",
        "margin_mode": "isolated" if isolated else "cross",
        "open_avg_price": words(open_price(position, listing)),
        "volume": str(abs(position.lots)),
        "available": str(abs(position.lots) - frozen),
        "lever_rate": margin.leverage(account, position.symbol),
        "adl_risk_percent": 1,
        "liquidation_price": words(margin.liquidation_price(account, position)),
        "margin": words(needed),
        "initial_margin": words(needed),
        "maintenance_margin": words(kept),
        "profit_unreal": words(profit),
        "profit": words(position.realised),
        "profit_rate": ratio(profit, needed),
        "margin_rate": ratio(pool.maintenance, pool.equity) if pool is not None else "0",
        "mark_price": words(mark),
        "last_price": words(last),
        "margin_currency": listing.settle,
        "contract_type": "swap",
        "created_time": at,
        "updated_time": at,
    }


def closing_lots(position: Position, account: Account) -> int:
    """Lots that resting orders would close."""
    closing = [
        order.left
        for order in account.open_of(position.symbol)
        if order.leg is position.leg and order.reduce_only and order.side * position.lots < 0
    ]
    return min(abs(position.lots), sum(closing))


def share_of_margin(position: Position, account: Account, margin: Margin) -> int:
    """The position's part of its contract's initial margin."""
    lots = sum(abs(one.lots) for one in account.positions_of(position.symbol))
    whole = margin.position_margin(account, position.symbol)
    return divide(whole * abs(position.lots), lots) if lots else 0


def ratio(part: int, whole: int) -> str:
    return words(divide(part * ATOM, whole)) if whole > 0 else "0"


def algo_row(order: Order, account: Account, listing: Listing, margin: Margin) -> dict[str, Any]:
    """A trigger order, or a take-profit or stop-loss order, whose fields begin with `tp` or `sl`."""
    assert order.trigger is not None
    kind = kind_of(order)
    row: dict[str, Any] = {
        "id": str(order.algo_id),
        "algo_id": str(order.algo_id),
        "algo_client_order_id": shown(order) or str(order.algo_id),
        "contract_code": order.symbol,
        "volume": str(order.lots),
        "type": kind.value if kind.is_tpsl else "trigger",
        "state": algo_state(order),
        "side": side_word(order.side),
        "position_side": order.leg.value,
        "margin_mode": "isolated" if margin.is_isolated(account, order.symbol) else "cross",
        "lever_rate": margin.leverage(account, order.symbol),
        "reduce_only": order.reduce_only,
        "created_time": str(to_millis(order.created)),
        "updated_time": str(to_millis(order.updated)),
        "order_source": "api",
        "relation_order_id": str(order.id) if order.triggered else "",
    }
    price = words((order.price or 0) * listing.tick)
    trigger, by = words(order.trigger.ticks * listing.tick), TRIGGER_WORDS[order.trigger.by]
    word = "market" if order.style is Style.MARKET else "limit"
    if kind.is_tpsl:
        name = kind.value
        own = {"trigger_price": trigger, "order_price": price, "type": word, "trigger_price_type": by}
        return row | {f"{name}_{field}": value for field, value in own.items()}
    return row | {"trigger_price": trigger, "trigger_price_type": by, "price": price, "order_price_type": word}


def algo_state(order: Order) -> str:
    if order.is_waiting:
        return "active"
    if order.status is OrderStatus.REJECTED:
        return "failed"
    return "effective" if order.triggered else "canceled"
