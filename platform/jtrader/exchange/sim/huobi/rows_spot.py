"""Spot's shapes of orders, trades and balances."""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.client_ids import is_stop, shown
from jtrader.exchange.sim.huobi.numbers import long_words, words
from jtrader.exchange.sim.huobi.words import cancel_source, spot_state, spot_type_word
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order, Trade

ACCOUNTS = 10_000_000
"""Account ids begin here."""


def account_id(account: Account) -> int:
    return ACCOUNTS + account.number


def order_row(order: Order, account: Account, listing: Listing, open_list: bool = False) -> dict[str, Any]:
    """A market buy's `amount` is what it may spend. The list of open orders spells the filled part otherwise."""
    fees = sum(trade.fee for trade in account.trades_of.get(order.id, []))
    prefix = "filled" if open_list else "field"
    row: dict[str, Any] = {
        "id": order.id,
        "symbol": order.symbol,
        "account-id": account_id(account),
        "client-order-id": shown(order) or "",
        "amount": long_words(order.quote_wanted or order.lots * listing.lot),
        "price": long_words((order.price or 0) * listing.tick),
        "created-at": to_millis(order.created),
        "type": spot_type_word(order),
        f"{prefix}-amount": words(order.filled * listing.lot),
        f"{prefix}-cash-amount": words(order.quote),
        f"{prefix}-fees": words(fees),
        "source": "spot-api",
        "state": spot_state(order),
    }
    if order.trigger is not None and is_stop(order):
        row["stop-price"] = long_words(order.trigger.ticks * listing.tick)
        row["operator"] = operator(order)
    if open_list:
        return row | {"ice-berg": False}
    ended = to_millis(order.updated) if not order.is_open else 0
    canceled = ended if spot_state(order) in ("canceled", "partial-canceled") else 0
    if canceled:
        row["canceled-source"] = cancel_source(order)
    return row | {"finished-at": ended, "canceled-at": canceled, "updated-at": to_millis(order.updated)}


def operator(order: Order) -> str:
    assert order.trigger is not None
    return "gte" if order.trigger.rises(order.side) else "lte"


def trade_row(trade: Trade, number: int, order: Order, listing: Listing) -> dict[str, Any]:
    """`id` numbers the account's trades: pages go by it. `filled-fees` above zero is paid, in what was received."""
    return {
        "symbol": trade.symbol,
        "fee-currency": trade.fee_asset.lower(),
        "source": "spot-api",
        "price": words(trade.price * listing.tick),
        "created-at": to_millis(trade.ts),
        "role": "maker" if trade.maker else "taker",
        "order-id": trade.order_id,
        "match-id": trade.id,
        "trade-id": trade.id,
        "filled-amount": words(trade.lots * listing.lot),
        "filled-fees": words(trade.fee),
        "filled-points": "0",
        "fee-deduct-currency": "",
        "fee-deduct-state": "done",
        "id": number,
        "type": spot_type_word(order),
    }


def balance_rows(account: Account, coins: list[str]) -> list[dict[str, Any]]:
    """Free and frozen of each coin, also of those that it never had."""
    names = sorted({*coins, *(asset.lower() for asset in account.holdings)})
    rows = []
    for name in names:
        held = account.holdings.get(name.upper())
        free, locked = (held.free, held.locked) if held is not None else (0, 0)
        sequence = str(len(account.income) + len(account.trades))
        for kind, amount in (("trade", free), ("frozen", locked)):
            rows.append({"currency": name, "type": kind, "balance": words(amount), "seq-num": sequence})
    return rows
