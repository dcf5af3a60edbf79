"""Clients' order ids as the venue keeps them, so that an order's kind survives in nothing but its id.

`<kind>|<id>`: the kind is empty for plain and trigger orders. An id that begins with `~` is ours: its client sent none.
The halves of a take-profit and stop-loss pair have the same id under two kinds.
"""

import secrets
from enum import StrEnum

from jtrader.venue.account import Account
from jtrader.venue.records import Order


class Kind(StrEnum):
    PLAIN = ""
    """Orders and contracts' trigger orders."""
    TAKE_PROFIT = "tp"
    STOP_LOSS = "sl"
    ALGO = "algo"
    """Spot's conditional orders; its older stop orders are plain."""

    @property
    def is_tpsl(self) -> bool:
        return self in (Kind.TAKE_PROFIT, Kind.STOP_LOSS)


def fresh() -> str:
    return f"~{secrets.token_hex(8)}"


def kept(kind: Kind, client_id: str | None) -> str:
    own = client_id or fresh()
    return own if kind is Kind.PLAIN else f"{kind.value}|{own}"


def kind_of(order: Order) -> Kind:
    kind, bar, _ = order.client_id.partition("|")
    return Kind(kind) if bar else Kind.PLAIN


def is_stop(order: Order) -> bool:
    """One of spot's older stop orders: they keep their type; a conditional order's successor is a plain one."""
    return order.trigger is not None and kind_of(order) is not Kind.ALGO


def shown(order: Order) -> str | None:
    """As the client sent it."""
    own = _own(order)
    return None if own.startswith("~") else own


def partner(account: Account, order: Order) -> Order | None:
    """The other half of a take-profit and stop-loss pair."""
    other = {Kind.TAKE_PROFIT: Kind.STOP_LOSS, Kind.STOP_LOSS: Kind.TAKE_PROFIT}.get(kind_of(order))
    return None if other is None else account.find(order.symbol, None, kept(other, _own(order)))


def _own(order: Order) -> str:
    return order.client_id.partition("|")[2] if "|" in order.client_id else order.client_id
