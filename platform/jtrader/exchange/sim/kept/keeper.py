"""Writes down what happens in the world before anybody is told, and brings it back.

A venue's account state is small and written whole when it changed; orders, trades, ledger rows and public trades are
written row by row. The other participants' resting orders are not kept: a new crowd gathers around the price.
"""

from collections import defaultdict
from pathlib import Path

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.exchange.sim.clock import SimClock
from jtrader.exchange.sim.kept.rows import KeptKey, Moment
from jtrader.exchange.sim.kept.state_file import StateFile
from jtrader.exchange.sim.market.plan import MarketPlan
from jtrader.exchange.sim.market.tape import Print
from jtrader.exchange.sim.world import Told, World
from jtrader.matching.book import BUY
from jtrader.venue.past import dump_without_past
from jtrader.venue.records import OrderReported, TradePrinted


class Keeper:
    """`note` each Told and each new key, then `commit` before the event loop goes on."""

    def __init__(self, file: StateFile, world: World, clock: SimClock) -> None:
        self._file = file
        self._world = world
        self._clock = clock
        self._prints: list[tuple[InstrumentId, Print]] = []
        self._orders: dict[str, set[tuple[str, int]]] = defaultdict(set)
        """By market: (account, order id)."""
        self._changed: set[str] = set()
        """Markets whose accounts, rules or status changed."""
        self._keys: list[KeptKey] = []
        self._written: dict[tuple[str, str], tuple[int, int]] = {}
        """By market and account: trades and ledger rows that are in the file."""
        self._moment: Moment | None = None
        self._was_live = world.is_live
        if file.is_new:
            self._changed.update(world.venues)
        else:
            self._count()

    def note(self, told: Told) -> None:
        for one in told.happened:
            if isinstance(one, TradePrinted):
                name = self._world.instrument(told.market, one.symbol)
                self._prints.append((name, Print(one.id, one.ts, one.ticks, one.lots, one.side == BUY)))
                continue
            self._changed.add(told.market)
            if isinstance(one, OrderReported):
                self._orders[told.market].add((one.order.account, one.order.id))

    def note_key(self, key: KeptKey) -> None:
        """Its accounts were opened."""
        self._keys.append(key)
        self._changed.update(self._world.venues)

    def commit(self) -> None:
        """Everything noted, and where the world and its clock stand, is in the file when it returns."""
        moment = self._now()
        if self._was_live and not self._world.is_live:
            self._was_live = False
            self._changed.update(self._world.venues)
        if moment == self._moment and not self._changed:
            return
        with self._file.writing(durable=bool(self._changed)):
            self._file.put_moment(moment)
            self._file.put_prints(self._prints)
            for key in self._keys:
                self._file.put_key(key)
            for market in self._changed:
                self._write_venue(market)
        self._moment = moment
        self._prints.clear()
        self._keys.clear()
        self._changed.clear()
        self._orders.clear()

    def _now(self) -> Moment:
        world, clock = self._world, self._clock
        versions = {
            instrument: world.venues[str(listing.instrument.market)].books[listing.symbol].version
            for instrument, listing in world.listings.items()
        }
        return Moment(world.now, clock.speed, clock.until, versions)

    def _write_venue(self, market: str) -> None:
        venue = self._world.venues[market]
        self._file.put_orders(market, (venue.accounts[name].orders[number] for name, number in self._orders[market]))
        for name, account in venue.accounts.items():
            trades, income = self._written.get((market, name), (0, 0))
            self._file.put_trades(market, name, trades, account.trades[trades:])
            self._file.put_income(market, name, income, account.income[income:])
            self._written[market, name] = len(account.trades), len(account.income)
        self._file.put_venue(market, dump_without_past(venue))

    def _count(self) -> None:
        for market, venue in self._world.venues.items():
            for name, account in venue.accounts.items():
                self._written[market, name] = len(account.trades), len(account.income)


def open_state(folder: Path, plan: MarketPlan) -> StateFile:
    """The state below `folder`, new or of this very plan. Raises BadInput for a state of another one."""
    file = StateFile(folder)
    wanted = msgspec.json.encode(plan, enc_hook=str)
    known = file.settings
    if known is None:
        with file.writing(durable=True):
            file.put_settings(wanted)
    elif known != wanted:
        file.close()
        raise BadInput(
            f"{file.path} keeps a market that was made with other settings ({_difference(known, wanted)}); put them "
            f"back, use another home, or delete {folder} to begin a new market"
        )
    return file


def _difference(known: bytes, wanted: bytes) -> str:
    before, after = (msgspec.json.decode(settings) for settings in (known, wanted))
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return "; ".join(f"{name} was {before.get(name)}, now is {after.get(name)}" for name in names)
