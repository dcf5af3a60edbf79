"""What the venue tells of itself: pairs, contracts, coins, fees, limits, and whether it is up."""

from decimal import Decimal
from typing import Any

from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.errors import HuobiError
from jtrader.exchange.sim.huobi.listed import contract_row, pair_limits, symbol_row
from jtrader.exchange.sim.huobi.names import MARKETS, SPOT
from jtrader.exchange.sim.huobi.numbers import literal, plain_decimal, words
from jtrader.venue.listing import Listing

CHAINS = {"btc": ("btc", "BTC", "BTC"), "eth": ("eth", "ETH", "ETH"), "usdt": ("trc20usdt", "TRX", "TRC20")}
"""By coin: the chain's id, its base chain and its name, as ccxt's networks know them."""
WITHDRAWAL_FEES = {"btc": "0.0005", "eth": "0.004", "usdt": "1"}


def symbols(call: Call) -> list[dict[str, Any]]:
    return [symbol_row(listing, call.venue.status[listing.symbol]) for listing in call.venue.listings.values()]


def order_limits(call: Call) -> dict[str, Any]:
    return pair_limits(call.listing())


def currencies(call: Call) -> list[dict[str, Any]]:
    """`/v2/reference/currencies`: every coin that one of the markets here knows."""
    asked = call.maybe("currency")
    return [_currency(coin) for coin in coins_known(call) if asked in (None, coin)]


def coin_names(call: Call) -> list[str]:
    return coins_known(call)


def coins_known(call: Call) -> list[str]:
    rules = [
        listing.instrument
        for market in MARKETS
        if market in call.world.venues
        for listing in call.world.venues[market].listings.values()
    ]
    return sorted({coin.lower() for one in rules for coin in (one.base, one.settle) if coin.lower() in CHAINS})


def _currency(coin: str) -> dict[str, Any]:
    chain, base, name = CHAINS[coin]
    return {
        "currency": coin,
        "assetType": 1,
        "chains": [
            {
                "chain": chain,
                "displayName": name,
                "fullName": "",
                "baseChain": base,
                "baseChainProtocol": name,
                "isDynamic": False,
                "numOfConfirmations": 12,
                "numOfFastConfirmations": 12,
                "depositStatus": "allowed",
                "minDepositAmt": "0.00000001",
                "withdrawStatus": "allowed",
                "minWithdrawAmt": WITHDRAWAL_FEES[coin],
                "withdrawPrecision": 8,
                "maxWithdrawAmt": "227000.000000000000000000",
                "withdrawQuotaPerDay": "227000.000000000000000000",
                "withdrawQuotaPerYear": None,
                "withdrawQuotaTotal": None,
                "withdrawFeeType": "fixed",
                "transactFeeWithdraw": WITHDRAWAL_FEES[coin],
                "addrWithTag": False,
                "addrDepositTag": False,
            }
        ],
        "instStatus": "normal",
    }


def market_status(call: Call) -> dict[str, Any]:  # noqa: ARG001
    return {"marketStatus": 1}


def heartbeat(call: Call) -> dict[str, Any]:  # noqa: ARG001
    names = ("", "swap_", "option_", "linear_swap_")
    return {f"{name}heartbeat": 1 for name in names} | {f"{name}estimated_recovery_time": None for name in names}


def contracts(call: Call) -> list[dict[str, Any]]:
    now = call.world.now
    settles = call.world.duties.next_settlement(call.market, now) or 0
    return [contract_row(listing, call.venue.status[listing.symbol], settles, now) for listing in call.listings()]


def spot_fee_rates(call: Call) -> list[dict[str, Any]]:
    """At most ten pairs, by comma. Contract codes are no pairs."""
    names = call.text("symbols").lower().split(",")
    listings = call.world.venues[SPOT].listings
    if len(names) > 10 or any(name not in listings for name in names):
        raise HuobiError(2002, "invalid field value in `symbols`")
    return [
        {
            "symbol": name,
            "makerFeeRate": words(listings[name].maker_rate),
            "takerFeeRate": words(listings[name].taker_rate),
            "actualMakerRate": words(listings[name].maker_rate),
            "actualTakerRate": words(listings[name].taker_rate),
        }
        for name in names
    ]


def contract_fees(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "symbol": listing.instrument.base,
            "contract_code": listing.symbol,
            "open_maker_fee": words(listing.maker_rate),
            "open_taker_fee": words(listing.taker_rate),
            "close_maker_fee": words(listing.maker_rate),
            "close_taker_fee": words(listing.taker_rate),
            "delivery_fee": plain_decimal(listing.delivery_fee),
            "fee_asset": listing.instrument.settle,
        }
        for listing in call.listings()
    ]


def adjust_factors(call: Call) -> list[dict[str, Any]]:
    """One ladder a leverage; maintenance margin = factor / leverage of the notional."""
    return [
        {
            "symbol": listing.instrument.base,
            "contract_code": listing.symbol,
            "margin_mode": "cross",
            "trade_partition": listing.instrument.settle,
            "list": [_ladder(listing, leverage) for leverage in leverages(listing)],
        }
        for listing in call.listings()
    ]


def _ladder(listing: Listing, leverage: int) -> dict[str, Any]:
    factor = literal(plain_decimal(adjust_factor(listing, leverage)))
    return {
        "lever_rate": leverage,
        "ladders": [{"ladder": 0, "min_size": 0, "max_size": None, "adjust_factor": factor}],
    }


def leverages(listing: Listing) -> list[int]:
    return [leverage for leverage in (1, 2, 3, 5, 10, 20, 30, 50, 75, 100, 125) if leverage <= listing.max_leverage]


def adjust_factor(listing: Listing, leverage: int) -> Decimal:
    """The maintenance margin as HTX tells it: a share of the initial margin."""
    return listing.maintenance * leverage


def price_limits(call: Call) -> list[dict[str, Any]]:
    """The band around the mark in which orders may stand."""
    rows = []
    for listing in call.listings():
        mark = call.world.mark(listing.instrument.id)
        away = round(mark * listing.band)
        high, low = (mark + away) // listing.tick * listing.tick, -(-(mark - away) // listing.tick) * listing.tick
        rows.append(
            {
                "symbol": listing.instrument.base,
                "contract_code": listing.symbol,
                "high_limit": literal(listing.price_text(high // listing.tick)),
                "low_limit": literal(listing.price_text(low // listing.tick)),
            }
        )
    return rows
