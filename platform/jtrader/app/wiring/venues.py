"""The one table of what jtrader speaks: each market's venue, and how its REST, feed and broker are made.

Importing an adapter is cheap; ccxt, which takes seconds of CPU, comes with the first client.
"""

from collections.abc import Mapping

from jtrader.app.settings import Settings
from jtrader.app.wiring.adapter import BrokerSpec, FeedSpec, PublicRest, Venue, pause_file, stale_after
from jtrader.app.wiring.by_ccxt import by_ccxt
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import Market
from jtrader.exchange.common.feed_core import FeedCore
from jtrader.ports.broker import Broker


def venue_of(market: str, settings: Settings | None = None) -> Venue:
    """With `settings` the markets that they reach by ccxt, too. Raises BadInput for one that jtrader does not speak."""
    if market in VENUES:
        return VENUES[Market(market)]
    generic = settings.ccxt if settings is not None else ()
    for chosen in generic:
        if chosen.market == market:
            return by_ccxt(chosen.exchange)
    known = [*VENUES, *(chosen.market for chosen in generic)]
    raise BadInput(f"market '{market}' is not known; known: {', '.join(known)}")


def _binance_rest(market: Market, settings: Settings, api_key: str) -> PublicRest:
    from jtrader.exchange.binance.rest import BinanceRest

    return BinanceRest(market, settings.simulator_uri, api_key=api_key, pause_file=pause_file(settings, market))


def _binance_feed(spec: FeedSpec) -> FeedCore:
    from jtrader.exchange.binance.feed import BinanceFeed

    return BinanceFeed(
        spec.market,
        spec.instruments,
        spec.settings.simulator_uri,
        spec.rest,
        stale_after(spec.settings),
        books=spec.rest if spec.settings.feed_books else None,
        listing=spec.listing,
    )


def _binance_broker(spec: BrokerSpec) -> Broker:
    from jtrader.exchange.binance.broker import BinanceBroker

    pause = pause_file(spec.settings, spec.market)
    return BinanceBroker(spec.account, spec.market, spec.instruments, spec.keys, spec.simulator, pause_file=pause)


def _bitmex_rest(market: Market, settings: Settings, api_key: str) -> PublicRest:  # noqa: ARG001
    from jtrader.exchange.bitmex.rest import BitmexRest

    return BitmexRest(market, settings.simulator_uri, pause_file=pause_file(settings, market))


def _bitmex_feed(spec: FeedSpec) -> FeedCore:
    from jtrader.exchange.bitmex.feed import BitmexFeed

    return BitmexFeed(
        spec.market,
        spec.instruments,
        spec.settings.simulator_uri,
        spec.rest,
        stale_after(spec.settings),
        books=spec.settings.feed_books,
        listing=spec.listing,
    )


def _bitmex_broker(spec: BrokerSpec) -> Broker:
    from jtrader.exchange.bitmex.broker import BitmexBroker

    pause = pause_file(spec.settings, spec.market)
    return BitmexBroker(spec.account, spec.market, spec.instruments, spec.keys, spec.simulator, pause_file=pause)


def _huobi_rest(market: Market, settings: Settings, api_key: str) -> PublicRest:  # noqa: ARG001
    from jtrader.exchange.huobi.rest import HuobiRest

    return HuobiRest(market, settings.simulator_uri, pause_file=pause_file(settings, market))


def _huobi_feed(spec: FeedSpec) -> FeedCore:
    from jtrader.exchange.huobi.feed import HuobiFeed

    return HuobiFeed(
        spec.market,
        spec.instruments,
        spec.settings.simulator_uri,
        spec.rest,
        stale_after(spec.settings),
        has_books=spec.settings.feed_books,
        listing=spec.listing,
        marks=spec.rest,
    )


def _huobi_broker(spec: BrokerSpec) -> Broker:
    from jtrader.exchange.huobi.broker import HuobiBroker

    return HuobiBroker(
        spec.account,
        spec.market,
        spec.instruments,
        spec.keys,
        spec.simulator,
        orders_file=spec.settings.root / "accounts" / f"{spec.account}.orders",
        pause_file=pause_file(spec.settings, spec.market),
    )


_BINANCE = Venue("binance", _binance_rest, _binance_feed, _binance_broker)
_BITMEX = Venue("bitmex", _bitmex_rest, _bitmex_feed, _bitmex_broker, closed="BitMEX closed in September 2026")
_HUOBI = Venue("huobi", _huobi_rest, _huobi_feed, _huobi_broker)

VENUES: Mapping[Market, Venue] = {
    Market("binance_usdm"): _BINANCE,
    Market("binance_spot"): _BINANCE,
    Market("binance_coinm"): _BINANCE,
    Market("bitmex"): _BITMEX,
    Market("huobi_spot"): _HUOBI,
    Market("huobi_linear"): _HUOBI,
    Market("huobi_swap"): _HUOBI,
    Market("huobi_future"): _HUOBI,
}
