"""`…_query_elements`: the contracts' steps, limits and bands in one place."""

from typing import Any

from jtrader.domain.times import HOUR
from jtrader.exchange.sim.duties import SETTLEMENTS
from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.listed import contract_row, contract_type
from jtrader.exchange.sim.huobi.names import FUTURE, LINEAR
from jtrader.exchange.sim.huobi.numbers import literal, plain_decimal
from jtrader.venue.listing import Listing

_KINDS = {"swap": 1, "this_week": 2, "next_week": 3, "quarter": 4, "next_quarter": 5}


def elements(call: Call) -> list[dict[str, Any]]:
    """One row a swap; dated contracts stand together under their coin."""
    if call.market != FUTURE:
        return [{**_row(call, [one]), "contract_code": one.symbol} for one in call.listings()]
    coins = dict.fromkeys(listing.instrument.base for listing in call.listings())
    return [
        {**_row(call, [one for one in call.listings() if one.instrument.base == coin]), "contract_code": coin}
        for coin in coins
    ]


def _row(call: Call, listings: list[Listing]) -> dict[str, Any]:
    first = listings[0]
    rules = first.instrument
    kinds = [_KINDS[contract_type(listing.instrument, call.world.now)] for listing in listings]
    band = literal(plain_decimal(first.band))
    limits = {f"{way}_{kind}_limit": band for way in ("hig", "min") for kind in ("normal", "open", "trade")}
    row: dict[str, Any] = {
        "instrument_index_code": f"{rules.base}-{'USDT' if call.market == LINEAR else 'USD'}",
        "real_time_settlement": 0,
        "transfer_profit_ratio": 1,
        "min_level": 1,
        "max_level": first.max_leverage,
        "settle_period": SETTLEMENTS[call.market].interval // HOUR,
        "contract_infos": [_info(call, one, kind) for one, kind in zip(listings, kinds, strict=True)],
        **{f"{way}_order_limit": int(rules.max_quantity) for way in ("open", "offset")},
        **{f"{side}_position_limit": int(rules.max_quantity) for side in ("long", "short")},
        "price_tick": plain_decimal(rules.price_tick),
        "instrument_value": plain_decimal(rules.contract_value),
        **limits,
    }
    if rules.funding_interval:
        row |= {"funding_rate_cap": literal("0.00375"), "funding_rate_floor": literal("-0.00375")}
    if call.market == LINEAR:
        row |= {"instrument_type": kinds, "mode_type": 2, "trade_partition": rules.settle}
    return row


def _info(call: Call, listing: Listing, kind: int) -> dict[str, Any]:
    now = call.world.now
    settles = call.world.duties.next_settlement(call.market, now) or 0
    listed = contract_row(listing, call.venue.status[listing.symbol], settles, now)
    kept = ("contract_code", "delivery_time", "create_date", "contract_status", "delivery_date")
    return {**{name: listed[name] for name in kept}, "instrument_type": [kind]}
