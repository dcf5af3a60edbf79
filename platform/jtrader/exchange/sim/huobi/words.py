"""HTX's words for sides, order types and states, spot's and the contracts'."""

from jtrader.domain.order import OrderStatus
from jtrader.exchange.sim.huobi.client_ids import is_stop
from jtrader.exchange.sim.huobi.errors import BAD_DIRECTION, BAD_TYPE, HuobiError
from jtrader.matching.book import BUY, SELL
from jtrader.matching.entry import Style
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order
from jtrader.venue.units import divide
from jtrader.venue.words import Ended

_SIDES = {"buy": BUY, "sell": SELL}
_SPOT_STYLES = {
    "limit": Style.LIMIT,
    "market": Style.MARKET,
    "ioc": Style.IOC,
    "limit-maker": Style.POST_ONLY,
    "limit-fok": Style.FOK,
    "stop-limit": Style.LIMIT,
    "stop-limit-fok": Style.FOK,
}
_SPOT_KINDS = {
    Style.LIMIT: "limit",
    Style.MARKET: "market",
    Style.IOC: "ioc",
    Style.POST_ONLY: "limit-maker",
    Style.FOK: "limit-fok",
}
_AT_ONCE = ("opponent", "optimal_5", "optimal_10", "optimal_20", "lightning", "market")
_PRICE_TYPES = {
    "limit": Style.LIMIT,
    "post_only": Style.POST_ONLY,
    "ioc": Style.IOC,
    "fok": Style.FOK,
    **dict.fromkeys(_AT_ONCE, Style.MARKET),
    **{f"{word}_ioc": Style.MARKET for word in _AT_ONCE},
    **{f"{word}_fok": Style.MARKET for word in _AT_ONCE},
}
"""Opponent, optimal and lightning orders are immediate and have no price; what of them is left rests at the venue, here
it ends, as a market order's does."""
_PRICE_TYPE_WORDS = {
    Style.LIMIT: "limit",
    Style.POST_ONLY: "post_only",
    Style.IOC: "ioc",
    Style.FOK: "fok",
    Style.MARKET: "market",
}
PRICE_TYPE_NUMBERS = {Style.LIMIT: 1, Style.MARKET: 2, Style.POST_ONLY: 6, Style.IOC: 11, Style.FOK: 12}


def side_of(word: str) -> int:
    if word not in _SIDES:
        raise BAD_DIRECTION
    return _SIDES[word]


def side_word(side: int) -> str:
    return "buy" if side == BUY else "sell"


def spot_type(word: str) -> tuple[int, Style, bool]:
    """`sell-stop-limit` → (side, style, does it wait for a stop price). Raises HuobiError."""
    side, _, kind = word.partition("-")
    if side not in _SIDES or kind not in _SPOT_STYLES:
        raise HuobiError("invalid-order-type", f"invalid order type {word}")
    return _SIDES[side], _SPOT_STYLES[kind], kind.startswith("stop")


def spot_type_word(order: Order) -> str:
    stop = "stop-" if is_stop(order) else ""
    return f"{side_word(order.side)}-{stop}{_SPOT_KINDS[order.style]}"


def price_type(word: str) -> Style:
    """Raises HuobiError."""
    if word not in _PRICE_TYPES:
        raise BAD_TYPE
    return _PRICE_TYPES[word]


def price_type_word(style: Style) -> str:
    return _PRICE_TYPE_WORDS[style]


def spot_state(order: Order) -> str:
    if order.is_waiting:
        return "created"
    match order.status:
        case OrderStatus.NEW:
            return "submitted"
        case OrderStatus.PARTIALLY_FILLED:
            return "partial-filled"
        case OrderStatus.FILLED:
            return "filled"
        case _:
            return "partial-canceled" if order.filled else "canceled"


_SOURCES = {
    Ended.ASKED: "api",
    Ended.POST_ONLY: "limit_maker",
    Ended.SELF_TRADE: "self_match_prevent",
    Ended.CLOSED: "coin-listing-delisting",
}
_TIME_SOURCES = {Style.IOC: "ioc", Style.FOK: "fok", Style.MARKET: "market"}


def cancel_source(order: Order) -> str:
    """Why a spot order was cancelled; empty for one that was not (HTX's documents of spot orders)."""
    if order.ended is Ended.TIME_IN_FORCE:
        return _TIME_SOURCES.get(order.style, "")
    return _SOURCES.get(order.ended, "" if order.ended is Ended.NOT else "system-manually-cancels-order")


def v5_state(order: Order) -> str:
    match order.status:
        case OrderStatus.NEW:
            return "new"
        case OrderStatus.PARTIALLY_FILLED:
            return "partially_filled"
        case OrderStatus.FILLED:
            return "filled"
        case _:
            return "partially_canceled" if order.filled else "canceled"


def contract_status(order: Order) -> int:
    """3 submitted, 4 partly filled, 5 partly filled and cancelled, 6 filled, 7 cancelled."""
    match order.status:
        case OrderStatus.NEW:
            return 3
        case OrderStatus.PARTIALLY_FILLED:
            return 4
        case OrderStatus.FILLED:
            return 6
        case _:
            return 5 if order.filled else 7


def strategy_status(order: Order) -> int:
    """Of trigger and TP/SL orders: 2 waits, 4 sent to the book, 5 failed when it triggered, 6 cancelled."""
    if order.is_waiting:
        return 2
    if order.status is OrderStatus.REJECTED:
        return 5
    return 4 if order.triggered else 6


def average_price(order: Order, listing: Listing) -> int:
    """Of what was filled, in atoms; an inverse order's is its worth in quote over its worth in coins. 0 before that."""
    if not order.filled:
        return 0
    if listing.is_inverse:
        return divide(order.filled * listing.lot * listing.contract, order.quote)
    return divide(order.tick_lots * listing.tick, order.filled)


def turnover(order: Order, listing: Listing) -> int:
    """What was filled, in atoms of quote."""
    return listing.face(order.filled, 0) if listing.is_inverse else order.quote
