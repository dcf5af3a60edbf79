"""Binance's words for sides, order types, times in force, states, legs and the prices that are watched."""

import msgspec

from jtrader.domain.order import OrderStatus, TriggerBy
from jtrader.exchange.sim.binance.errors import BAD_SIDE, BAD_TIME_IN_FORCE, BAD_TYPE, SPOT, BinanceError, illegal
from jtrader.matching.book import BUY, SELL
from jtrader.matching.entry import Style
from jtrader.venue.records import Order
from jtrader.venue.words import Leg

_SIDES = {"BUY": BUY, "SELL": SELL}
_STYLES = {"GTC": Style.LIMIT, "IOC": Style.IOC, "FOK": Style.FOK}
_TIMES = {style: name for name, style in _STYLES.items()}
_LEGS = {"BOTH": Leg.BOTH, "LONG": Leg.LONG, "SHORT": Leg.SHORT}
_WATCHED = {"CONTRACT_PRICE": TriggerBy.LAST, "MARK_PRICE": TriggerBy.MARK}

STATUS = {
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELED",
    OrderStatus.REJECTED: "REJECTED",
    OrderStatus.EXPIRED: "EXPIRED",
}


class Conditional(msgspec.Struct, frozen=True):
    """What a conditional order type means: it goes to work at the market or with a limit, as a stop or if touched."""

    limit: bool
    if_touched: bool


SPOT_CONDITIONALS = {
    "STOP_LOSS": Conditional(False, False),
    "STOP_LOSS_LIMIT": Conditional(True, False),
    "TAKE_PROFIT": Conditional(False, True),
    "TAKE_PROFIT_LIMIT": Conditional(True, True),
}
ALGO_TYPES = {
    "STOP": Conditional(True, False),
    "STOP_MARKET": Conditional(False, False),
    "TAKE_PROFIT": Conditional(True, True),
    "TAKE_PROFIT_MARKET": Conditional(False, True),
}
SPOT_TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET", *SPOT_CONDITIONALS]
FUTURES_TYPES = ["LIMIT", "MARKET", *ALGO_TYPES]


def side_of(word: str) -> int:
    if word not in _SIDES:
        raise BinanceError(*BAD_SIDE)
    return _SIDES[word]


def side_word(side: int) -> str:
    return "BUY" if side == BUY else "SELL"


def style_of(market: str, kind: str, time_in_force: str | None) -> Style:
    """LIMIT with GTC, IOC or FOK; post-only is LIMIT_MAKER (spot) or LIMIT with GTX (futures)."""
    if kind == "MARKET":
        return Style.MARKET
    if kind == "LIMIT_MAKER" and market == SPOT:
        return Style.POST_ONLY
    if kind != "LIMIT":
        raise BinanceError(*BAD_TYPE)
    if time_in_force == "GTX" and market != SPOT:
        return Style.POST_ONLY
    if time_in_force not in _STYLES:
        raise BinanceError(*BAD_TIME_IN_FORCE)
    return _STYLES[time_in_force]


def kind_word(market: str, order: Order) -> str:
    """Its type: of a spot order for life, of a futures order as it stands in the book."""
    if market == SPOT and order.trigger is not None:
        return conditional_word(market, order)
    if order.style is Style.MARKET:
        return "MARKET"
    return "LIMIT_MAKER" if order.style is Style.POST_ONLY and market == SPOT else "LIMIT"


def first_kind_word(market: str, order: Order) -> str:
    """The type under which it came: a triggered futures order is a LIMIT that was a STOP."""
    return kind_word(market, order) if order.trigger is None else conditional_word(market, order)


def conditional_word(market: str, order: Order) -> str:
    wanted = Conditional(order.style is not Style.MARKET, order.trigger is not None and order.trigger.if_touched)
    types = SPOT_CONDITIONALS if market == SPOT else ALGO_TYPES
    return next(name for name, meant in types.items() if meant == wanted)


def time_word(market: str, style: Style) -> str:
    if style is Style.POST_ONLY and market != SPOT:
        return "GTX"
    return _TIMES.get(style, "GTC")


def leg_of(word: str | None) -> Leg:
    if word is None:
        return Leg.BOTH
    if word not in _LEGS:
        raise illegal("positionSide")
    return _LEGS[word]


def leg_word(leg: Leg) -> str:
    return leg.name


def watched_of(word: str | None) -> TriggerBy:
    """`workingType`."""
    if word is None:
        return TriggerBy.LAST
    if word not in _WATCHED:
        raise illegal("workingType")
    return _WATCHED[word]


def watched_word(order: Order) -> str:
    return "MARK_PRICE" if order.trigger is not None and order.trigger.by is TriggerBy.MARK else "CONTRACT_PRICE"
