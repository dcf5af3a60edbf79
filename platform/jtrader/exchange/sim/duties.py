"""What the venues owe their accounts at fixed instants: funding, periodic settlement, delivery.

HTX settles swaps every eight hours and its futures daily at 08 UTC, at the volume-weighted average price of the last 10
(swaps) or 60 (futures) minutes. At expiry a contract is delivered at the average of its index, second by second: over
the last 30 minutes on Binance (since November 2024) and BitMEX, over the last hour on HTX.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import chain
from typing import NamedTuple

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument, InstrumentStatus, Product
from jtrader.domain.times import HOUR, MINUTE, SECOND
from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.market.funding import next_funding, settles_funding
from jtrader.exchange.sim.market.market import SimMarket
from jtrader.venue.units import atoms, divide
from jtrader.venue.venue import Venue


class Periodic(NamedTuple):
    """Settled at each `offset` + n·`interval`, at the average price of the `minutes` before."""

    interval: int
    offset: int
    minutes: int


SETTLEMENTS: dict[str, Periodic] = {
    "huobi_linear": Periodic(8 * HOUR, 0, 10),
    "huobi_swap": Periodic(8 * HOUR, 0, 10),
    "huobi_future": Periodic(24 * HOUR, 8 * HOUR, 60),
}
"""By market."""
_DELIVERY_MINUTES = {"binance": 30, "bitmex": 30, "huobi": 60}


class Duties:
    """`perform(now)` must be called at each instant that `next_after` names, in order."""

    def __init__(
        self, market: SimMarket, venues: Mapping[str, Venue], histories: Mapping[InstrumentId, History]
    ) -> None:
        self._market = market
        self._venues = venues
        self._histories = histories
        self._funded = [rules for rules in market.instruments if rules.funding_interval]
        self._dated = [rules for rules in market.instruments if rules.expiry is not None]
        self._settled = {name: SETTLEMENTS[name] for name in venues if name in SETTLEMENTS}

    def next_after(self, now: int) -> int | None:
        """The next instant at which anything is due, ns; None where nothing ever is."""
        funding = {next_funding(rules, now) for rules in self._funded}
        expiries = {rules.expiry for rules in self._dated if rules.expiry is not None and rules.expiry > now}
        return min(chain(funding, expiries, self._settlements_after(now)), default=None)

    def next_settlement(self, market: str, now: int) -> int | None:
        """The next periodic settlement of a market after `now`; None where there is none."""
        periodic = self._settled.get(market)
        if periodic is None:
            return None
        return now - (now - periodic.offset) % periodic.interval + periodic.interval

    def perform(self, now: int) -> None:
        """Funding of the positions of the instant first, then their settlement or delivery."""
        for rules in self._funded:
            if settles_funding(rules, now) and self._is_listed(rules):
                self._pay_funding(rules, now)
        for name, periodic in self._settled.items():
            if (now - periodic.offset) % periodic.interval == 0:
                self._settle(name, now)
        for rules in self._dated:
            if rules.expiry == now and self._is_listed(rules):
                self._venues[str(rules.market)].deliver(str(rules.venue_symbol), self.delivery_price(rules), now)

    def delivery_price(self, rules: Instrument) -> int:
        """In atoms; known from the expiry on."""
        assert rules.expiry is not None
        start = rules.expiry - _DELIVERY_MINUTES[rules.venue] * MINUTE
        seconds = range(start, rules.expiry, SECOND)
        return divide(sum(self._market.index_atoms(rules.id, at) for at in seconds), len(seconds))

    def settlement_price(self, rules: Instrument, now: int) -> int:
        """The average price of a periodic settlement at `now`, in atoms; the mark where nobody traded."""
        minutes = SETTLEMENTS[str(rules.market)].minutes
        traded = [kline for kline in self._histories[rules.id].klines(now - minutes * MINUTE, now) if kline.volume]
        if not traded:
            return self._market.mark_atoms(rules.id, now)
        volume = sum(kline.volume for kline in traded)
        if rules.product is Product.INVERSE:
            worth = sum((Fraction(kline.volume**2, kline.turnover) for kline in traded), Fraction())
            ticks = volume / worth
        else:
            ticks = Fraction(sum(kline.turnover for kline in traded), volume)
        return divide(ticks.numerator * atoms(rules.price_tick), ticks.denominator)

    def _settlements_after(self, now: int) -> Iterator[int]:
        return (instant for name in self._settled if (instant := self.next_settlement(name, now)) is not None)

    def _is_listed(self, rules: Instrument) -> bool:
        return self._venues[str(rules.market)].status[str(rules.venue_symbol)] is not InstrumentStatus.DELISTED

    def _pay_funding(self, rules: Instrument, now: int) -> None:
        mark, rate = self._market.mark_atoms(rules.id, now), atoms(self._market.funding_rate(rules.id, now))
        self._venues[str(rules.market)].pay_funding(str(rules.venue_symbol), mark, rate, now)

    def _settle(self, name: str, now: int) -> None:
        venue = self._venues[name]
        listed = [listing.instrument for listing in venue.listings.values() if self._is_listed(listing.instrument)]
        venue.settle_periodic(now, {str(rules.venue_symbol): self.settlement_price(rules, now) for rules in listed})
