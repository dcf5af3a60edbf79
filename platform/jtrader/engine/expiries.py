"""Dated contracts whose expiry passes while strategies hold positions of one account that cancel out."""

from jtrader.domain.events import ExpirySeen
from jtrader.domain.times import SECOND
from jtrader.engine.core import Core
from jtrader.engine.inputs import Moment

PATIENCE = 30 * SECOND
"""Market time within which the price of an expiry is taken, and fills from before it still come in."""


def passed(core: Core, now: Moment) -> None:
    """Takes the price at each expiry, and journals it once the fills are in, where somebody's books need it."""
    prices = core.watch.expiry_prices
    for rules in core.instruments.values():
        if rules.expiry is None or now.market < rules.expiry:
            continue
        if now.market < rules.expiry + PATIENCE:
            found = None if rules.id in prices else core.market.valued(rules.id)
            if found is not None and not found.is_stale:
                prices[rules.id] = found.price
        elif (price := prices.pop(rules.id, None)) is not None and core.ledger.cancelling(rules.id):
            core.emit(ExpirySeen(ts=now.market, instrument=rules.id, expiry=rules.expiry, price=price))
