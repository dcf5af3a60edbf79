"""The rows of `instrument`: rules, prices and the last day's figures, over REST and on the stream."""

from typing import Any

from jtrader.domain.instrument import Instrument, InstrumentStatus, Product
from jtrader.domain.times import HOUR
from jtrader.exchange.sim.bitmex.market_rows import coin_price, contracts, price_number, quote_row
from jtrader.exchange.sim.bitmex.words import MARKET, coin_word, number, quantity, stamp, units, wallet_word
from jtrader.exchange.sim.bitmex.worth import worth
from jtrader.exchange.sim.world import World
from jtrader.venue.listing import Listing
from jtrader.venue.units import ATOM, atoms, divide, text

_PERPETUAL, _FUTURE, _INDEX = "FFWCSX", "FFCCSX", "MRCXXX"
_UNIT_SCALE = {"XBt": 100_000_000, "USDt": 1_000_000}
INITIAL_MARGIN, MAINTENANCE_MARGIN = 0.01, 0.005

STATES = {
    InstrumentStatus.TRADING: "Open",
    InstrumentStatus.HALTED: "Closed",
    InstrumentStatus.SETTLING: "Closed",
    InstrumentStatus.DELISTED: "Settled",
}


def state_of(world: World, listing: Listing) -> str:
    return STATES[world.venues[MARKET].status[listing.symbol]]


def instrument_row(world: World, listing: Listing) -> dict[str, Any]:
    rules = listing.instrument
    return {
        **_rules(listing),
        "state": state_of(world, listing),
        **_multipliers(rules),
        **_funding_symbols(rules),
        **_day(world, listing),
        **moving_row(world, listing),
    }


def moving_row(world: World, listing: Listing) -> dict[str, Any]:
    """The fields that change from second to second."""
    rules = listing.instrument
    quote = quote_row(world, listing)
    history = world.histories[rules.id]
    mark, index = world.mark(rules.id), atoms(world.market.index(rules.id, world.now))
    bid, ask = quote["bidPrice"], quote["askPrice"]
    return {
        "symbol": listing.symbol,
        "lastPrice": price_number(listing, history.last_price()),
        "bidPrice": bid,
        "midPrice": None if bid is None or ask is None else round((bid + ask) / 2, 8),
        "askPrice": ask,
        "hasLiquidity": bid is not None and ask is not None,
        "openInterest": open_interest(world, listing),
        "fairPrice": number(text(mark)),
        "fairBasis": number(text(mark - index)),
        "markPrice": number(text(mark)),
        "indicativeSettlePrice": number(text(index)),
        **_funding(world, rules),
        "timestamp": stamp(world.now),
    }


def open_interest(world: World, listing: Listing) -> int | float:
    """Half of a day's volume stands for what the others hold; the accounts' own positions come on top."""
    others = world.histories[listing.instrument.id].day().volume // 2
    own = (account.positions.get(listing.symbol) for account in world.venues[MARKET].accounts.values())
    return contracts(listing, others + sum(position.lots for position in own if position and position.lots > 0))


def index_row(world: World, listing: Listing) -> dict[str, Any]:
    """The index below a perpetual: `.BXBT`."""
    rules = listing.instrument
    index = number(text(atoms(world.market.index(rules.id, world.now))))
    return {
        "symbol": index_symbol(rules),
        "rootSymbol": coin_word(rules.base),
        "state": "Unlisted",
        "typ": _INDEX,
        "underlying": coin_word(rules.base),
        "quoteCurrency": rules.quote,
        "reference": "BMI",
        "tickSize": 0.01,
        "lastPrice": index,
        "markPrice": index,
        "timestamp": stamp(world.now),
    }


def index_symbol(rules: Instrument) -> str:
    return f".B{coin_word(rules.base)}" + ("T" if rules.quote == "USDT" else "")


def _rules(listing: Listing) -> dict[str, Any]:
    rules = listing.instrument
    expiry = None if rules.expiry is None else stamp(rules.expiry)
    positions_in = {Product.INVERSE: rules.quote, Product.LINEAR: coin_word(rules.base)}.get(rules.product, "")
    return {
        "symbol": listing.symbol,
        "rootSymbol": coin_word(rules.base),
        "typ": _PERPETUAL if rules.expiry is None else _FUTURE,
        "listing": "2016-05-13T12:00:00.000Z",
        "front": "2016-05-13T12:00:00.000Z",
        "expiry": expiry,
        "settle": expiry,
        "positionCurrency": positions_in,
        "underlying": coin_word(rules.base),
        "quoteCurrency": rules.quote,
        "underlyingSymbol": f"{coin_word(rules.base)}=",
        "reference": "BMEX",
        "referenceSymbol": index_symbol(rules),
        "maxOrderQty": number(str(rules.max_quantity)),
        "minPrice": number(str(listing.min_price)),
        "maxPrice": number(str(listing.max_price)),
        "lotSize": number(str(rules.quantity_step)),
        "tickSize": number(str(rules.price_tick)),
        "settlCurrency": wallet_word(rules.settle),
        "isQuanto": rules.product is Product.QUANTO,
        "isInverse": rules.product is Product.INVERSE,
        "initMargin": INITIAL_MARGIN,
        "maintMargin": MAINTENANCE_MARGIN,
        "riskLimit": 20_000_000_000,
        "riskStep": 15_000_000_000,
        "limit": None,
        "capped": False,
        "taxed": True,
        "deleverage": True,
        "makerFee": number(str(rules.maker_fee)),
        "takerFee": number(str(rules.taker_fee)),
        "settlementFee": 0,
        "fairMethod": "FundingRate" if rules.funding_interval else "ImpactMidPrice",
        "markMethod": "FairPrice",
    }


def _multipliers(rules: Instrument) -> dict[str, Any]:
    """How a contract is valued: settle units = multiplier / price (inverse), multiplier · price (linear, quanto)."""
    scale = _UNIT_SCALE[wallet_word(rules.settle)]
    multiplier = int(rules.contract_value * scale)
    if rules.product is Product.INVERSE:
        return {
            "multiplier": -multiplier,
            "underlyingToPositionMultiplier": None,
            "underlyingToSettleMultiplier": -multiplier,
            "quoteToSettleMultiplier": None,
        }
    linear = rules.product is Product.LINEAR
    return {
        "multiplier": multiplier,
        "underlyingToPositionMultiplier": int(1 / rules.contract_value) if linear else None,
        "underlyingToSettleMultiplier": None,
        "quoteToSettleMultiplier": scale if linear else None,
    }


def _funding_symbols(rules: Instrument) -> dict[str, Any]:
    base, has = coin_word(rules.base), bool(rules.funding_interval)
    return {
        "fundingBaseSymbol": f".{base}BON8H" if has else "",
        "fundingQuoteSymbol": f".{rules.quote}BON8H" if has else "",
        "fundingPremiumSymbol": f".{rules.venue_symbol}PI8H" if has else "",
        "fundingInterval": interval_word(rules) if has else None,
    }


def _funding(world: World, rules: Instrument) -> dict[str, Any]:
    """The rate is known one interval ahead; the next one is only indicated."""
    if not rules.funding_interval:
        return dict.fromkeys(("fundingTimestamp", "fundingRate", "indicativeFundingRate"))
    due = world.next_funding(rules.id)
    return {
        "fundingTimestamp": stamp(due),
        "fundingRate": float(world.market.funding_rate(rules.id, due)),
        "indicativeFundingRate": float(world.last_funding_rate(rules.id)),
    }


def interval_word(rules: Instrument) -> str:
    """A span is told as a time after 2000-01-01."""
    return f"2000-01-01T{rules.funding_interval // HOUR:02d}:00:00.000Z"


def _day(world: World, listing: Listing) -> dict[str, Any]:
    day = world.histories[listing.instrument.id].day()
    average = divide(day.turnover * listing.tick, day.volume) if day.volume else day.close * listing.tick
    value = worth(listing, day.volume, average, coin_price(world, listing, world.now))
    return {
        "volume24h": contracts(listing, day.volume),
        "turnover24h": units(value.gross, listing.instrument.settle),
        "homeNotional24h": quantity(value.home),
        "foreignNotional24h": quantity(value.foreign),
        "prevPrice24h": price_number(listing, day.open),
        "vwap": round(average / ATOM, 4),
        "highPrice": price_number(listing, day.high),
        "lowPrice": price_number(listing, day.low),
        "lastChangePcnt": round(day.close / day.open - 1, 4),
        "prevClosePrice": price_number(listing, day.open),
    }
