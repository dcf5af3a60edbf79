"""The terms of each market: how it keeps accounts, what its margins and special fees are, how it rounds.

Sources: Binance: exchangeInfo (liquidationFee), leverageBracket (first bracket), the BNB discount of the fee schedule.
BitMEX: /instrument (maintMargin; what is left of it after a liquidation goes to the insurance fund), the article on the
average entry price and the announcement of the lot size of 8 June 2021. HTX: the contracts' elements (delivery fee of
coin-margined futures), its liquidation rules, its description of post_only (the matching system cancels a contract
order that would not rest; spot refuses it); a position's needs are taken as one bracket here, HTX's adjustment factor
varies with leverage.
"""

from decimal import Decimal

import msgspec

from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.times import parse_time
from jtrader.venue.market_rules import PLAIN, MarketRules, NativeFee
from jtrader.venue.value_rules import To, ValueRule

XBT_LOTS = (
    ValueRule(since=0, contracts=1, buys=To.NEAREST, sells=To.NEAREST),
    ValueRule(since=parse_time("2021-06-08T04:30:00Z"), contracts=100, buys=To.DOWN, sells=To.NEAREST),
)
"""BitMEX's XBTUSD and XBT futures."""


class Terms(msgspec.Struct, frozen=True):
    """What a listing adds to an instrument; fields as in `Listing`."""

    maintenance: Decimal = Decimal("0.004")
    liquidation_fee: Decimal = Decimal("0.0125")
    delivery_fee: Decimal = Decimal(0)
    value_rules: tuple[ValueRule, ...] = ()
    settle_unit: int = 1


_RULES = {
    "binance_spot": MarketRules(native_fee=NativeFee(asset="BNB", discount=Decimal("0.25"))),
    "binance_usdm": MarketRules(native_fee=NativeFee(asset="BNB", discount=Decimal("0.1"))),
    "bitmex": MarketRules(post_only_cancels=True, default_leverage=100),
    "huobi_spot": MarketRules(post_only_cancels=True, conditionals_lock=False),
    "huobi_linear": MarketRules(post_only_cancels=True),
    "huobi_swap": MarketRules(post_only_cancels=True, hedge=True),
    "huobi_future": MarketRules(post_only_cancels=True, hedge=True),
}
_TERMS = {
    "binance_coinm": Terms(liquidation_fee=Decimal("0.015")),
    "bitmex": Terms(maintenance=Decimal("0.005"), liquidation_fee=Decimal("0.005")),
    "huobi_linear": Terms(maintenance=Decimal("0.005"), liquidation_fee=Decimal("0.0005")),
    "huobi_swap": Terms(maintenance=Decimal("0.005"), liquidation_fee=Decimal("0.0005")),
    "huobi_future": Terms(
        maintenance=Decimal("0.005"), liquidation_fee=Decimal("0.0005"), delivery_fee=Decimal("0.00015")
    ),
}


def rules_of(market: str) -> MarketRules:
    return _RULES.get(market, PLAIN)


def terms_of(instrument: Instrument) -> Terms:
    terms = _TERMS.get(str(instrument.market), Terms())
    if instrument.market == "bitmex":
        rounds = instrument.product is Product.INVERSE and instrument.base == "BTC"
        unit = 100 if instrument.settle == "USDT" else 1
        return msgspec.structs.replace(terms, value_rules=XBT_LOTS if rounds else (), settle_unit=unit)
    return terms
