"""What a `req` on a market stream is answered with: the state of a channel, once."""

from typing import Any

from jtrader.domain.times import SECOND, to_millis
from jtrader.exchange.sim.huobi import candles
from jtrader.exchange.sim.huobi.channels import listing_of, stream_of
from jtrader.exchange.sim.huobi.hub import Hub
from jtrader.exchange.sim.huobi.trades import of_print, trade_row
from jtrader.exchange.sim.world import World
from jtrader.venue.listing import Listing

_TRADES = 300
_CANDLES = 300


def reply(world: World, market: str, hub: Hub, request: dict[str, Any]) -> dict[str, Any] | None:
    """None for a channel that isn't served."""
    channel = str(request.get("req"))
    listing = listing_of(world, market, channel)
    stream = stream_of(world, market, channel, incremental=False) if listing is not None else None
    if listing is None or stream is None:
        return None
    data = _data(world, hub, channel, listing, request)
    if data is None:
        data = stream.opening()
    return {"id": request.get("id"), "rep": channel, "status": "ok", "ts": to_millis(world.now), "data": data}


def _data(world: World, hub: Hub, channel: str, listing: Listing, request: dict[str, Any]) -> Any:
    """Of the channels whose answer is more than their first message."""
    history, what = world.histories[listing.instrument.id], channel.split(".", 2)[2]
    if what == "trade.detail":
        prints = history.latest_prints(_TRADES)
        return [trade_row(of_print(one), listing, "tradeId") for one in reversed(prints)]
    if what.startswith("kline."):
        period = candles.PERIODS[what.removeprefix("kline.")]
        start, end = request.get("from"), request.get("to")
        if isinstance(start, int):
            last = int(end) * SECOND if isinstance(end, int) else history.now
            found = candles.between(history, period, start * SECOND, last, _CANDLES)
        else:
            found = candles.latest(history, period, _CANDLES)
        return [candles.kline_row(kline, listing) for kline in found]
    return hub.whole(channel)
