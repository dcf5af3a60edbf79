"""An instrument is halted, resumes, is delisted, or gets other rules; the whole market closes."""

from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import InstrumentStatus
from jtrader.venue.floor import Floor
from jtrader.venue.listing import Listing
from jtrader.venue.order_entry import OrderEntry
from jtrader.venue.records import RulesChanged, StatusChanged
from jtrader.venue.words import Ended


class MarketState:
    def __init__(self, floor: Floor, entry: OrderEntry) -> None:
        self._floor = floor
        self._entry = entry

    def set_status(self, symbol: str, status: InstrumentStatus, ts: int) -> None:
        """Halted and settling: orders stay and can be cancelled, nothing trades. Delisted: orders end as well."""
        self._floor.listing(symbol)
        if status is self._floor.status[symbol]:
            return
        self._floor.status[symbol] = status
        if status is InstrumentStatus.DELISTED:
            self._end_orders(symbol, ts)
            self._floor.books[symbol].clear()
        self._floor.tell(StatusChanged(ts=ts, symbol=symbol, status=status))

    def set_rules(self, listing: Listing, ts: int) -> None:
        """Other steps, limits, fees or margins for a listed symbol. What it counts prices and quantities in stays, so
        the new steps must be whole multiples of it (BadInput otherwise); open orders stay as they are, also where they
        would not be accepted any more."""
        old = self._floor.listing(listing.symbol)
        if (listing.tick, listing.lot, listing.contract) != (old.tick, old.lot, old.contract):
            raise BadInput(
                f"{listing.symbol}: its books count in ticks of {old.tick} and lots of {old.lot} units of 1e-8; "
                "keep them as grid_tick and grid_lot of the new rules, and the contract value as it is"
            )
        self._floor.listings[listing.symbol] = listing
        self._floor.tell(RulesChanged(ts=ts, symbol=listing.symbol))

    def close(self, ts: int) -> None:
        """Ends trading: every order expires, nothing is accepted any more."""
        self._floor.is_open = False
        for symbol in self._floor.listings:
            self._end_orders(symbol, ts)
        for book in self._floor.books.values():
            book.clear()

    def _end_orders(self, symbol: str, ts: int) -> None:
        for account in self._floor.accounts.values():
            for order in (*account.open_of(symbol), *account.waiting_of(symbol)):
                self._entry.expire(account, order, Ended.CLOSED, ts)
