"""Names of market channels: `market.<symbol>.<what>`, and the stream that each stands for."""

import re
from collections.abc import Callable

from jtrader.exchange.sim.huobi.candles import PERIODS
from jtrader.exchange.sim.huobi.depth_streams import (
    HighFrequencyStream,
    IncrementStream,
    RefreshStream,
    StepDepthStream,
)
from jtrader.exchange.sim.huobi.market_streams import DayStream, KlineStream, QuoteStream, TickerStream, TradeStream
from jtrader.exchange.sim.huobi.names import SPOT
from jtrader.exchange.sim.huobi.stream import Place, Stream
from jtrader.exchange.sim.world import World
from jtrader.venue.listing import Listing

_NAME = re.compile(r"market\.([A-Za-z0-9-]+)\.([a-z0-9_.]+)")
_PLAIN: dict[str, Callable[[Place], Stream]] = {"trade.detail": TradeStream, "bbo": QuoteStream, "detail": DayStream}
_STEP = re.compile(r"depth\.(step\d+)")
_KLINE = re.compile(r"kline\.(\w+)")
_INCREMENTS = re.compile(r"mbp\.(5|20|150|400)")
_REFRESH = re.compile(r"mbp\.refresh\.(5|10|20)")
_HIGH_FREQUENCY = re.compile(r"depth\.size_(20|150)\.high_freq")
_SPOT_STEPS = {f"step{n}" for n in range(6)}
_CONTRACT_STEPS = {f"step{n}" for n in range(14)}
_SMALL_STEPS = {f"step{n}" for n in range(6, 14)}


def is_increment(channel: str) -> bool:
    """Spot serves these on an address of their own."""
    match = _NAME.fullmatch(channel)
    return match is not None and _INCREMENTS.fullmatch(match[2]) is not None


def listing_of(world: World, market: str, channel: str) -> Listing | None:
    match = _NAME.fullmatch(channel)
    return world.venues[market].listings.get(match[1]) if match is not None else None


def stream_of(world: World, market: str, channel: str, incremental: bool) -> Stream | None:
    """None for a channel that the market hasn't got."""
    listing, match = listing_of(world, market, channel), _NAME.fullmatch(channel)
    if listing is None or match is None:
        return None
    place, what = Place(world, listing, channel), match[2]
    if what in _PLAIN:
        return _PLAIN[what](place)
    kline = _KLINE.fullmatch(what)
    if kline is not None:
        return KlineStream(place, PERIODS[kline[1]]) if kline[1] in PERIODS else None
    return _spot(place, what) if market == SPOT else _contract(place, what, incremental)


def _spot(place: Place, what: str) -> Stream | None:
    if what == "ticker":
        return TickerStream(place)
    if (step := _STEP.fullmatch(what)) is not None and step[1] in _SPOT_STEPS:
        return StepDepthStream(place, step[1])
    if (size := _INCREMENTS.fullmatch(what)) is not None:
        return IncrementStream(place, int(size[1]))
    if (size := _REFRESH.fullmatch(what)) is not None:
        return RefreshStream(place, int(size[1]))
    return None


def _contract(place: Place, what: str, incremental: bool) -> Stream | None:
    if (step := _STEP.fullmatch(what)) is not None and step[1] in _CONTRACT_STEPS:
        return StepDepthStream(place, step[1], 20 if step[1] in _SMALL_STEPS else 150)
    if (size := _HIGH_FREQUENCY.fullmatch(what)) is not None:
        return HighFrequencyStream(place, int(size[1]), incremental)
    return None
