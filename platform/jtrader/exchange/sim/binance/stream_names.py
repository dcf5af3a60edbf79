"""The names of market streams: `btcusdt@trade`, `btcusd_perp@kline_1m`, `!ticker@arr`."""

import re

from jtrader.exchange.sim.binance.candles import INTERVALS
from jtrader.exchange.sim.binance.errors import COINM, SPOT

_NAME = re.compile(r"^([a-z0-9_]+)@(.+)$")
_SPEEDS = ("", "@0ms", "@100ms", "@250ms", "@500ms", "@1000ms")

DEPTHS = tuple(f"depth{speed}" for speed in _SPEEDS)
PARTIAL_DEPTHS = {f"depth{levels}{speed}": levels for levels in (5, 10, 20) for speed in _SPEEDS}
KLINES = {f"kline_{interval}": interval for interval in INTERVALS}
MARKS = ("markPrice", "markPrice@1s")
DAYS = ("miniTicker", "ticker")
INDEX = ("indexPrice", "indexPrice@1s")
"""COIN-M's, of a pair."""

_SPOT_KINDS = frozenset({"trade", "aggTrade", "bookTicker", *DAYS, *DEPTHS, *PARTIAL_DEPTHS, *KLINES})
_FUTURES_KINDS = _SPOT_KINDS | {"forceOrder", *MARKS}
_SPOT_ALL = frozenset({"!ticker@arr", "!miniTicker@arr"})
FUTURES_ALL = _SPOT_ALL | {
    "!bookTicker",
    "!markPrice@arr",
    "!markPrice@arr@1s",
    "!forceOrder@arr",
    "!contractInfo",
}
_PUBLIC_KINDS = frozenset({"bookTicker", "trade", *DEPTHS, *PARTIAL_DEPTHS})
"""What USDT-M serves below /public; everything else is below /market."""


def split(name: str) -> tuple[str, str]:
    """(symbol or pair in upper case, kind); ("", name) for a stream of all symbols, ("", "") for no stream's name."""
    if name.startswith("!"):
        return "", name
    match = _NAME.match(name)
    return (match[1].upper(), match[2]) if match is not None else ("", "")


def is_stream(name: str, market: str, symbols: frozenset[str]) -> bool:
    """`symbols` are those that the market lists."""
    symbol, kind = split(name)
    if not symbol:
        return kind in (_SPOT_ALL if market == SPOT else FUTURES_ALL)
    if kind in INDEX:
        return market == COINM and any(one.partition("_")[0] == symbol for one in symbols)
    return symbol in symbols and kind in (_SPOT_KINDS if market == SPOT else _FUTURES_KINDS)


def is_public(name: str) -> bool:
    symbol, kind = split(name)
    return kind in _PUBLIC_KINDS if symbol else kind == "!bookTicker"
