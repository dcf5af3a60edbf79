"""Prices that move let conditional orders go and positions be liquidated."""

from jtrader.domain.instrument import Instrument
from jtrader.domain.times import SECOND
from jtrader.exchange.sim.market.market import SimMarket
from jtrader.venue.venue import Venue

LOOKS_EVERY = SECOND
"""How often marks are looked at, in market time, where anything hangs on them."""


class Watch:
    """Of one venue. Last prices are looked at with every trade, marks and indexes once a second."""

    def __init__(self, market: SimMarket, venue: Venue) -> None:
        self._market = market
        self._venue = venue
        self._rules: list[Instrument] = [listing.instrument for listing in venue.listings.values()]
        self._looked = -1

    def traded(self, symbol: str, ts: int) -> None:
        """A trade may have happened there."""
        if self._is_waited_for:
            self._venue.trigger(symbol, 0, 0, 0, ts)

    def passed(self, now: int) -> None:
        """Time has come to `now`."""
        if now // LOOKS_EVERY == self._looked or not self._venue.accounts:
            return
        self._looked = now // LOOKS_EVERY
        if self._is_waited_for or self._venue.margin is not None:
            self.look(now)

    def look(self, now: int) -> None:
        """Tells the venue mark and index; what has come goes to work, what has fallen too low is liquidated."""
        for rules in self._rules:
            mark, index = self._market.mark_atoms(rules.id, now), self._market.index_atoms(rules.id, now)
            self._venue.trigger(str(rules.venue_symbol), 0, mark, index, now)
        if any(position.lots for account in self._venue.accounts.values() for position in account.positions.values()):
            self._venue.check_liquidations(now)

    @property
    def _is_waited_for(self) -> bool:
        return any(account.open_conditionals for account in self._venue.accounts.values())
