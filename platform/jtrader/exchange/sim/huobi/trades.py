"""Public trades as HTX shows them.

Spot: an id of match and order numbers together, longer than 64 bits, besides the pair's own trade number. Contracts: an
id a symbol, `amount` in contracts of both sides.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.coins import SIDES, coins, turnover
from jtrader.exchange.sim.huobi.numbers import literal, plain_decimal, whole
from jtrader.exchange.sim.market.tape import Print
from jtrader.venue.listing import Listing

_MATCH = 100_000_000_000
"""Spot's match numbers begin here."""


class Deal(msgspec.Struct, frozen=True, gc=False):
    """A public trade: price in ticks, the taker's side."""

    id: int
    ts: int
    ticks: int
    lots: int
    taker_buys: bool


def of_print(one: Print) -> Deal:
    return Deal(one.id, one.ts, one.price, one.quantity, one.buyer_is_taker)


def by_taker(deals: Iterable[Deal]) -> list[list[Deal]]:
    """Trades of one taker order together: those of one ms and side, which are taken for one."""
    return [list(group) for _, group in groupby(deals, key=lambda deal: (deal.ts, deal.taker_buys))]


def trade_tick(deals: Sequence[Deal], listing: Listing, number_name: str) -> dict[str, Any]:
    """Trades of one taker order, the newest first."""
    first = deals[0]
    return {
        "id": match_id(first) if listing.instrument.is_spot else contract_id(first),
        "ts": to_millis(first.ts),
        "data": [trade_row(deal, listing, number_name) for deal in deals],
    }


def trade_row(deal: Deal, listing: Listing, number_name: str) -> dict[str, Any]:
    """`number_name` is how the place spells the pair's trade number: `tradeId` on streams, `trade-id` in REST."""
    return spot_trade(deal, listing, number_name) if listing.instrument.is_spot else contract_trade(deal, listing)


def spot_trade(deal: Deal, listing: Listing, number_name: str) -> dict[str, Any]:
    return {
        "id": whole(match_id(deal) * 10**15 + deal.id),
        "ts": to_millis(deal.ts),
        number_name: deal.id,
        "amount": literal(listing.quantity_text(deal.lots)),
        "price": literal(listing.price_text(deal.ticks)),
        "direction": direction(deal),
    }


def match_id(deal: Deal) -> int:
    """The taker order's number: trades of one ms are taken for one order's."""
    return _MATCH + to_millis(deal.ts) % _MATCH


def contract_trade(deal: Deal, listing: Listing) -> dict[str, Any]:
    """`quantity` and `trade_turnover` in coins and quote."""
    both = deal.lots * SIDES
    price = deal.ticks * listing.instrument.price_tick
    row: dict[str, Any] = {
        "amount": both,
        "quantity": literal(plain_decimal(round(coins(listing, both, price), 18))),
        "ts": to_millis(deal.ts),
        "id": contract_id(deal),
        "price": literal(listing.price_text(deal.ticks)),
        "direction": direction(deal),
    }
    if listing.instrument.settle == listing.instrument.quote:
        row["trade_turnover"] = literal(plain_decimal(round(turnover(listing, both, price), 8)))
    return row


def contract_id(deal: Deal) -> int:
    return deal.id * 10_000


def direction(deal: Deal) -> str:
    return "buy" if deal.taker_buys else "sell"
