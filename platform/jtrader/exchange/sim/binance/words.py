"""Binance's words for sides, order types, times in force and states."""

from jtrader.domain.order import OrderStatus
from jtrader.exchange.sim.binance.errors import BAD_SIDE, BAD_TIME_IN_FORCE, BAD_TYPE, SPOT, BinanceError
from jtrader.matching.book import BUY, SELL
from jtrader.matching.entry import Style

_SIDES = {"BUY": BUY, "SELL": SELL}
_STYLES = {"GTC": Style.LIMIT, "IOC": Style.IOC, "FOK": Style.FOK}
_TIMES = {style: name for name, style in _STYLES.items()}

STATUS = {
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
}


def side_of(word: str) -> int:
    if word not in _SIDES:
        raise BinanceError(*BAD_SIDE)
    return _SIDES[word]


def side_word(side: int) -> str:
    return "BUY" if side == BUY else "SELL"


def style_of(market: str, kind: str, time_in_force: str | None) -> Style:
    """LIMIT with GTC, IOC or FOK; post-only is LIMIT_MAKER (spot) or LIMIT with GTX (USDT-M)."""
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


def kind_word(market: str, style: Style) -> str:
    if style is Style.MARKET:
        return "MARKET"
    return "LIMIT_MAKER" if style is Style.POST_ONLY and market == SPOT else "LIMIT"


def time_word(market: str, style: Style) -> str:
    if style is Style.POST_ONLY and market != SPOT:
        return "GTX"
    return _TIMES.get(style, "GTC")
