"""BitMEX's words for orders: types, times in force, instructions, states, and the sentences that explain them."""

from decimal import Decimal
from typing import Any

import msgspec

from jtrader.domain.order import OrderStatus, TriggerBy
from jtrader.exchange.sim.bitmex.call import Call
from jtrader.exchange.sim.bitmex.errors import BitmexError, invalid, missing
from jtrader.matching.book import BUY, SELL
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.records import Order
from jtrader.venue.words import Ended, Origin

ANONYMOUS = "~"
"""Begins the client id that an order without one gets inside; it is shown as an empty text."""

_STYLES = {"GoodTillCancel": Style.LIMIT, "Day": Style.LIMIT, "ImmediateOrCancel": Style.IOC, "FillOrKill": Style.FOK}
_TIMES = {Style.IOC: "ImmediateOrCancel", Style.FOK: "FillOrKill", Style.MARKET: "ImmediateOrCancel"}
_TRIGGERS = {"LastPrice": TriggerBy.LAST, "MarkPrice": TriggerBy.MARK, "IndexPrice": TriggerBy.INDEX}
_TRIGGER_WORDS = {by: word for word, by in _TRIGGERS.items()}
_POST_ONLY = "ParticipateDoNotInitiate"
_INSTRUCTIONS = frozenset({*_TRIGGERS, _POST_ONLY, "ReduceOnly", "Close", "AllOrNone", "Fixed", "LastWithinMark"})


class Kind(msgspec.Struct, frozen=True):
    """An ordType: does it wait for a stopPx, the other way round than a stop, has it a price?"""

    waits: bool
    if_touched: bool
    priced: bool


KINDS = {
    "Market": Kind(False, False, False),
    "Limit": Kind(False, False, True),
    "Stop": Kind(True, False, False),
    "StopLimit": Kind(True, False, True),
    "MarketIfTouched": Kind(True, True, False),
    "LimitIfTouched": Kind(True, True, True),
}
_WORDS = {kind: word for word, kind in KINDS.items()}


def new_order(call: Call, client_id: str) -> NewOrder:
    """Raises BitmexError for what BitMEX would not read."""
    listing = call.listing()
    instructions = set(call.words("execInst"))
    if not instructions <= _INSTRUCTIONS:
        raise BitmexError("execInst is invalid")
    kind = _kind(call)
    quantity, side = _quantity_and_side(call)
    price = call.decimal("price") if kind.priced else None
    stop = call.decimal("stopPx") if kind.waits else None
    if kind.priced and price is None:
        raise BitmexError("Invalid price")
    if kind.waits and stop is None:
        raise BitmexError("Invalid stopPx for ordType")
    closes = "Close" in instructions
    if quantity is None and not closes:
        raise BitmexError("orderQty is invalid")
    if quantity is None and not kind.waits:
        held = abs(call.account.net_lots(listing.symbol))
        quantity = Decimal(listing.quantity_text(held))
    return NewOrder(
        symbol=listing.symbol,
        side=side,
        style=_style(call, kind, _POST_ONLY in instructions),
        client_id=client_id,
        quantity=quantity,
        price=price,
        reduce_only=closes or "ReduceOnly" in instructions,
        trigger_price=stop,
        trigger_by=_trigger_by(instructions),
        if_touched=kind.if_touched,
        close_position=quantity is None,
    )


def _kind(call: Call) -> Kind:
    """Without a word: by the prices that are there."""
    word = call.maybe("ordType")
    if word is None:
        priced, waits = call.maybe("price") is not None, call.maybe("stopPx") is not None
        return Kind(waits, False, priced)
    if call.maybe("pegPriceType") is not None or call.maybe("pegOffsetValue") is not None:
        raise BitmexError("Pegged orders are not simulated")
    if word not in KINDS:
        raise BitmexError("Invalid ordType")
    return KINDS[word]


def _quantity_and_side(call: Call) -> tuple[Decimal | None, int]:
    """A quantity below zero sells where no side is named."""
    quantity, word = call.decimal("orderQty"), call.maybe("side")
    if word is None:
        if quantity is None:
            raise missing("side")
        return abs(quantity), BUY if quantity > 0 else SELL
    if word not in ("Buy", "Sell"):
        raise invalid("side")
    return quantity, BUY if word == "Buy" else SELL


def _style(call: Call, kind: Kind, post_only: bool) -> Style:
    word = call.maybe("timeInForce")
    if word is not None and word not in _STYLES:
        raise BitmexError("Invalid timeInForce")
    if not kind.priced:
        return Style.MARKET
    if post_only:
        return Style.POST_ONLY
    return _STYLES[word or "GoodTillCancel"]


def _trigger_by(instructions: set[str]) -> TriggerBy:
    """The mark price unless another is named; naming two is an error."""
    named = [by for word, by in _TRIGGERS.items() if word in instructions]
    if len(named) > 1:
        raise BitmexError("execInst is invalid")
    return named[0] if named else TriggerBy.MARK


def kind_word(order: Order) -> str:
    trigger = order.trigger
    return _WORDS[Kind(trigger is not None, trigger is not None and trigger.if_touched, order.price is not None)]


def time_word(order: Order) -> str:
    return _TIMES.get(order.style, "GoodTillCancel")


def instruction_words(order: Order) -> str:
    words = []
    if order.style is Style.POST_ONLY:
        words.append(_POST_ONLY)
    if order.close_position:
        words.append("Close")
    elif order.reduce_only:
        words.append("ReduceOnly")
    if order.trigger is not None:
        words.append(_TRIGGER_WORDS[order.trigger.by])
    return ",".join(words)


STATUS = {
    OrderStatus.NEW: "New",
    OrderStatus.PARTIALLY_FILLED: "PartiallyFilled",
    OrderStatus.FILLED: "Filled",
    OrderStatus.CANCELED: "Canceled",
    OrderStatus.EXPIRED: "Canceled",
    OrderStatus.REJECTED: "Rejected",
}
_SUBMITTED = "Submitted via API."
_WHY = {
    Ended.ASKED: "Canceled: Canceled via API.",
    Ended.TIME_IN_FORCE: "Canceled: Order had timeInForce of {time}.",
    Ended.POST_ONLY: f"Canceled: Order had execInst of {_POST_ONLY}",
    Ended.SELF_TRADE: "Canceled: Order would have traded with an order of the same account",
    Ended.REDUCE_ONLY: "Canceled: Order had execInst of ReduceOnly",
    Ended.FUNDS: "Rejected: Account has insufficient Available Balance",
    Ended.REFUSED: "Rejected: Order was not valid when it was triggered",
    Ended.AMENDED: "Canceled: Amended to no more than its filled quantity",
    Ended.LIQUIDATION: "Canceled: Position in liquidation",
    Ended.CLOSED: "Canceled: Instrument is closed for trading",
}


def text_of(order: Order) -> str:
    if order.origin is Origin.LIQUIDATION:
        return "Liquidation"
    if order.ended is Ended.NOT:
        return f"Amended via API.\n{_SUBMITTED}" if order.amended else _SUBMITTED
    return f"{_WHY[order.ended].format(time=time_word(order))}\n{_SUBMITTED}"


def shown_client_id(order: Order) -> str:
    return "" if order.client_id.startswith(ANONYMOUS) else order.client_id


def matches(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Does a row fit a `filter`? Values may be lists of what is allowed; `open` stands for what may still trade."""
    for name, value in wanted.items():
        if name == "open":
            if bool(value) != (row.get("ordStatus") in ("New", "PartiallyFilled")):
                return False
            continue
        allowed = value if isinstance(value, list) else [value]
        if row.get(name) not in allowed:
            return False
    return True
