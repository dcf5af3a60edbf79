"""The markets that settings reach by ccxt's unified methods: how their REST, feeds and brokers are made."""

from jtrader.app.settings import Settings
from jtrader.app.wiring.adapter import BrokerSpec, FeedSpec, PublicRest, Venue, pause_file, stale_after
from jtrader.domain.ids import Market
from jtrader.exchange.ccxt.spoken import KNOWN, CcxtMarket
from jtrader.exchange.common.feed_core import FeedCore
from jtrader.ports.broker import Broker


def by_ccxt(exchange: str) -> Venue:
    """`exchange`: ccxt's name of the venue."""
    return Venue(exchange, _rest, _feed, _broker, needs_proof=True)


def _rest(market: Market, settings: Settings, api_key: str) -> PublicRest:  # noqa: ARG001
    from jtrader.exchange.ccxt.rest import CcxtRest

    return CcxtRest(_spoken(settings, market), settings.simulator_uri, pause_file=pause_file(settings, market))


def _feed(spec: FeedSpec) -> FeedCore:
    from jtrader.exchange.ccxt.feed import CcxtFeed

    return CcxtFeed(
        _spoken(spec.settings, spec.market),
        spec.instruments,
        spec.settings.simulator_uri,
        spec.rest,
        stale_after(spec.settings),
        listing=spec.listing,
        kinds=("trades", "book", "candles", "marks"),
    )


def _broker(spec: BrokerSpec) -> Broker:
    from jtrader.exchange.ccxt.broker import CcxtBroker

    market, pause = _spoken(spec.settings, spec.market), pause_file(spec.settings, spec.market)
    return CcxtBroker(spec.account, market, spec.instruments, spec.keys, spec.simulator, pause_file=pause)


def _spoken(settings: Settings, market: str) -> CcxtMarket:
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
