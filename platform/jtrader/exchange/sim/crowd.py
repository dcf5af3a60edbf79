"""The other participants of all instruments: who is there, and what they do next."""

from collections.abc import Mapping
from typing import NamedTuple

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument, InstrumentStatus
from jtrader.exchange.sim.market.flow import LiveFlow
from jtrader.exchange.sim.market.market import SimMarket
from jtrader.exchange.sim.market.tape import FlowEvent
from jtrader.exchange.sim.others import withdraw_all
from jtrader.matching.book import BUY, SELL
from jtrader.venue.venue import Venue


class Act(NamedTuple):
    """What somebody else does at one venue."""

    venue: Venue
    symbol: str
    event: FlowEvent


class Crowd:
    def __init__(self, market: SimMarket, venues: Mapping[str, Venue]) -> None:
        self._market = market
        self._venues = venues
        self._flows: dict[InstrumentId, tuple[Venue, str, LiveFlow]] = {}

    def gather(self, rules: Instrument, now: int) -> None:
        """New participants come around the price of `now`; what others had resting before is gone. They don't cross
        what accounts have resting."""
        venue, symbol = self._venues[str(rules.market)], str(rules.venue_symbol)
        book = venue.books[symbol]
        withdraw_all(book)
        flow = self._market.flow(rules.id, now)
        for side, price, lots in flow.opening_book():
            if not book.crosses(side.sign, price):
                venue.foreign_limit(symbol, side.sign, price, lots, now)
        self._flows[rules.id] = venue, symbol, flow

    def leave(self, instrument: InstrumentId) -> None:
        self._flows.pop(instrument, None)

    def acts(self, to: int) -> list[Act]:
        """Everything up to `to`, in time order, where trading goes on."""
        acts: list[Act] = []
        for venue, symbol, flow in self._flows.values():
            if venue.status[symbol] is InstrumentStatus.TRADING:
                book = venue.books[symbol]
                acts += [Act(venue, symbol, event) for event in flow.advance(to, book.best(BUY), book.best(SELL))]
        acts.sort(key=lambda act: act.event.ts)
        return acts
