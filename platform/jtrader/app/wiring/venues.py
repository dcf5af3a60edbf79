"""The one table of what jtrader speaks: each market's venue, and how its REST, feed and broker are made.

Importing an adapter is cheap; ccxt, which takes seconds of CPU, comes with the first client.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from jtrader.app.settings import Settings
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.market import Mark
from jtrader.domain.times import SECOND
from jtrader.exchange.ccxt.spoken import KNOWN, CcxtMarket
from jtrader.exchange.common.books import SnapshotSource
from jtrader.exchange.common.feed_core import FeedCore
from jtrader.exchange.common.listing import ListingWatch
from jtrader.exchange.common.session import Keys
from jtrader.ports.broker import Broker
from jtrader.ports.market_data import (
    CandleSource,
    FundingSource,
    InstrumentSource,
    OpenInterestSource,
    TradeSource,
)


class PublicRest(InstrumentSource, CandleSource, TradeSource, FundingSource, OpenInterestSource, Protocol):
    """What every venue's REST tells of one market. Safe to use from threads; `close` it."""

    def close(self) -> None: ...


class FeedHelp(CandleSource, SnapshotSource, Protocol):
    """What a feed asks of REST meanwhile: missing minutes, whole books, marks where a venue streams none."""

    def mark(self, instrument: InstrumentId) -> Mark | None: ...


class Venue(NamedTuple):
    """`closed`: why nobody can trade there any more. `needs_proof`: `live` only after a probe (see wiring.proof)."""

    name: str
    rest: Callable[[Market, Settings, str], PublicRest]
    feed: Callable[[Market, Sequence[InstrumentId], Settings, FeedHelp | None, ListingWatch | None], FeedCore]
    broker: Callable[[AccountId, Market, Sequence[InstrumentId], Keys, Settings, str | None], Broker]
    closed: str = ""
    needs_proof: bool = False


def venue_of(market: str, settings: Settings | None = None) -> Venue:
    """With `settings` the markets that they reach by ccxt, too. Raises BadInput for one that jtrader does not speak."""
    if market in VENUES:
        return VENUES[Market(market)]
    generic = settings.ccxt if settings is not None else ()
    for chosen in generic:
        if chosen.market == market:
            return Venue(chosen.exchange, _ccxt_rest, _ccxt_feed, _ccxt_broker, needs_proof=True)
    known = [*VENUES, *(chosen.market for chosen in generic)]
    raise BadInput(f"market '{market}' is not known; known: {', '.join(known)}")


def pause_file(settings: Settings, name: str) -> Path:
    """Where processes that share this machine's address note that a venue wants to be left alone."""
    return settings.root / "pauses" / name


def _stale_after(settings: Settings) -> int:
    return int(settings.feed_stale_after_seconds * SECOND)


def _binance_rest(market: Market, settings: Settings, api_key: str) -> PublicRest:
    from jtrader.exchange.binance.rest import BinanceRest

    return BinanceRest(market, settings.simulator_uri, api_key=api_key, pause_file=pause_file(settings, market))


def _binance_feed(
    market: Market,
    instruments: Sequence[InstrumentId],
    settings: Settings,
    rest: FeedHelp | None,
    listing: ListingWatch | None,
) -> FeedCore:
    from jtrader.exchange.binance.feed import BinanceFeed

    books = rest if settings.feed_books else None
    stale_after = _stale_after(settings)
    return BinanceFeed(market, instruments, settings.simulator_uri, rest, stale_after, books, listing)


def _binance_broker(
    account: AccountId,
    market: Market,
    instruments: Sequence[InstrumentId],
    keys: Keys,
    settings: Settings,
    simulator: str | None,
) -> Broker:
    from jtrader.exchange.binance.broker import BinanceBroker

    return BinanceBroker(account, market, instruments, keys, simulator, pause_file=pause_file(settings, market))


def _bitmex_rest(market: Market, settings: Settings, api_key: str) -> PublicRest:  # noqa: ARG001
    from jtrader.exchange.bitmex.rest import BitmexRest

    return BitmexRest(market, settings.simulator_uri, pause_file=pause_file(settings, market))


def _bitmex_feed(
    market: Market,
    instruments: Sequence[InstrumentId],
    settings: Settings,
    rest: FeedHelp | None,
    listing: ListingWatch | None,
) -> FeedCore:
    from jtrader.exchange.bitmex.feed import BitmexFeed

    stale_after = _stale_after(settings)
    return BitmexFeed(market, instruments, settings.simulator_uri, rest, stale_after, settings.feed_books, listing)


def _bitmex_broker(
    account: AccountId,
    market: Market,
    instruments: Sequence[InstrumentId],
    keys: Keys,
    settings: Settings,
    simulator: str | None,
) -> Broker:
    from jtrader.exchange.bitmex.broker import BitmexBroker

    return BitmexBroker(account, market, instruments, keys, simulator, pause_file=pause_file(settings, market))


def _huobi_rest(market: Market, settings: Settings, api_key: str) -> PublicRest:  # noqa: ARG001
    from jtrader.exchange.huobi.rest import HuobiRest

    return HuobiRest(market, settings.simulator_uri, pause_file=pause_file(settings, market))


def _huobi_feed(
    market: Market,
    instruments: Sequence[InstrumentId],
    settings: Settings,
    rest: FeedHelp | None,
    listing: ListingWatch | None,
) -> FeedCore:
    from jtrader.exchange.huobi.feed import HuobiFeed

    return HuobiFeed(
        market,
        instruments,
        settings.simulator_uri,
        rest,
        _stale_after(settings),
        has_books=settings.feed_books,
        listing=listing,
        marks=rest,
    )


def _huobi_broker(
    account: AccountId,
    market: Market,
    instruments: Sequence[InstrumentId],
    keys: Keys,
    settings: Settings,
    simulator: str | None,
) -> Broker:
    from jtrader.exchange.huobi.broker import HuobiBroker

    sent = settings.root / "accounts" / f"{account}.orders"
    return HuobiBroker(
        account,
        market,
        instruments,
        keys,
        simulator,
        orders_file=sent,
        pause_file=pause_file(settings, market),
    )


def _ccxt_rest(market: Market, settings: Settings, api_key: str) -> PublicRest:  # noqa: ARG001
    from jtrader.exchange.ccxt.rest import CcxtRest

    return CcxtRest(spoken(settings, market), settings.simulator_uri, pause_file=pause_file(settings, market))


def _ccxt_feed(
    market: Market,
    instruments: Sequence[InstrumentId],
    settings: Settings,
    rest: FeedHelp | None,
    listing: ListingWatch | None,
) -> FeedCore:
    from jtrader.exchange.ccxt.feed import CcxtFeed

    return CcxtFeed(
        spoken(settings, market),
        instruments,
        settings.simulator_uri,
        rest,
        _stale_after(settings),
        listing=listing,
        kinds=("trades", "book", "candles", "marks"),
    )


def _ccxt_broker(
    account: AccountId,
    market: Market,
    instruments: Sequence[InstrumentId],
    keys: Keys,
    settings: Settings,
    simulator: str | None,
) -> Broker:
    from jtrader.exchange.ccxt.broker import CcxtBroker

    pause = pause_file(settings, market)
    return CcxtBroker(account, spoken(settings, market), instruments, keys, simulator, pause_file=pause)


def spoken(settings: Settings, market: str) -> CcxtMarket:
    """What the settings say of a market that is reached by ccxt, on top of what is known of its venue."""
    (chosen,) = [one for one in settings.ccxt if one.market == market]
    known = KNOWN.get((chosen.exchange, chosen.type))
    return CcxtMarket(
        Market(chosen.market),
        chosen.exchange,
        chosen.type,
        chosen.settle,
        {**(known.options if known else {}), **chosen.options},
        chosen.conditional_id or (known.conditional_id if known else ""),
        chosen.became or (known.became if known else ""),
        chosen.plain_ids or (known is not None and known.plain_ids),
        known.cursor if known else (),
        known.limit_param if known else "",
        known.funding_until if known else "until",
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
