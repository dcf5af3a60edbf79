"""Days of every kind of contract, cleared by the venue's own arithmetic (whole atoms), are Clean in our books: with
its lots, units, settlements, deliveries, flips and positions carried over the cut."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jtrader.domain.account import Balance, EntryKind, VenueEntry, VenuePosition
from jtrader.domain.events import AccountOpened, EntryBooked, OrderFilled
from jtrader.domain.ids import InstrumentId
from jtrader.domain.order import Fill, Side
from jtrader.domain.times import DAY, MINUTE, day_bounds
from jtrader.exchange.sim.market.listing import listed
from jtrader.ledger.reconcile import reconcile
from jtrader.ledger.rollback import VenueNow, their_side
from jtrader.ledger.sides import our_side, window_of
from jtrader.venue import position as venue
from jtrader.venue.bounds import listing_of
from jtrader.venue.records import Position
from jtrader.venue.units import text

ACCOUNT, DATE = "alpha", dt.date(2026, 1, 15)
START, END = day_bounds(DATE)
NAMES = [
    "binance_usdm:BTCUSDT",
    "binance_coinm:BTCUSD_PERP",
    "bitmex:XBTUSD",
    "bitmex:XBTUSDT",
    "bitmex:ETHUSD",
    "huobi_swap:BTC-USD",
    "huobi_linear:ETH-USDT",
]

trades = st.tuples(st.integers(-300, 300).filter(bool), st.integers(100_000, 2_000_000))
settlements = st.tuples(st.just(0), st.integers(10**12, 10**13))
deliveries = st.tuples(st.none(), st.integers(10**12, 10**13))
histories = st.lists(st.one_of(trades, trades, trades, settlements, deliveries), min_size=2, max_size=14)


class VenueDay:
    """What the venue does and tells: rows are (lots, ticks), or (0, price in atoms) for a periodic settlement, or
    (None, price in atoms) for a delivery."""

    def __init__(self, name: str, rows, day_of) -> None:
        self.listing = listing_of(listed(InstrumentId(name)))
        self.name = InstrumentId(name)
        self.position = Position()
        self.wallet = 10**12
        self.fills: list[Fill] = []
        self.entries: list[VenueEntry] = []
        for number, (lots, price) in enumerate(rows):
            ts = day_of(number)
            if lots:
                self._trade(number, lots, price, ts)
            elif self.position.lots and lots is None:
                moved = venue.move_at(self.position, self.listing, -self.position.lots, price, ts)
                self.position = Position()
                self._row(f"d{number}", EntryKind.DELIVERY, moved.realised, ts)
            elif self.position.lots:
                amount = self.listing.worth(self.position.lots, price, ts) - self.position.cost
                self.position = Position(self.position.lots, self.position.cost + amount)
                self._row(f"s{number}", EntryKind.SETTLEMENT, amount, ts)

    def _trade(self, number: int, lots: int, ticks: int, ts: int) -> None:
        moved = venue.move(self.position, self.listing, lots, ticks, ts)
        self.position = Position(moved.lots, moved.cost)
        fill = Fill(
            account=ACCOUNT,
            instrument=self.name,
            trade_id=str(number + 1),
            venue_order_id="9",
            client_order_id=None,
            side=Side.BUY if lots > 0 else Side.SELL,
            price=Decimal(self.listing.price_text(ticks)),
            quantity=Decimal(self.listing.quantity_text(abs(lots))),
            fee=Decimal("0.000001"),
            fee_asset=self.listing.settle,
            maker=False,
            ts=ts,
            realised=Decimal(text(moved.realised)),
        )
        self.fills.append(fill)
        self._row(f"f{number}", EntryKind.FEE, -100, ts, fill.trade_id)
        if moved.realised:
            self._row(f"p{number}", EntryKind.TRADE, moved.realised, ts, fill.trade_id)

    def _row(self, name: str, kind: EntryKind, atoms: int, ts: int, reference: str = "") -> None:
        self.wallet += atoms
        row = VenueEntry(
            account=ACCOUNT,
            entry_id=name,
            kind=kind,
            asset=self.listing.settle,
            amount=Decimal(text(atoms)),
            ts=ts,
            instrument=self.name,
            reference=reference,
        )
        self.entries.append(row)

    def now(self, mark: int) -> VenueNow:
        total = Decimal(text(self.wallet))
        position = VenuePosition(
            account=ACCOUNT,
            instrument=self.name,
            quantity=self.position.lots * self.listing.instrument.quantity_step,
            entry_price=Decimal(1),
            mark=Decimal(text(mark)),
            unrealised=Decimal(text(venue.unrealised(self.position, self.listing, mark))),
            settle=self.listing.settle,
        )
        return VenueNow(
            balances=(Balance(account=ACCOUNT, asset=self.listing.settle, total=total, free=total),),
            positions=(position,) if self.position.lots else (),
            fills=tuple(self.fills),
            entries=tuple(self.entries),
        )


@pytest.mark.parametrize("name", NAMES)
@given(histories, st.integers(0, 14), st.integers(0, 14), st.integers(10**12, 10**13))
def test_each_day_is_clean_and_opens_where_the_last_one_closed(name, rows, first_cut, second_cut, mark):
    """Rows before the first cut are of the day before, those behind the second of the day after."""
    early, late = sorted((first_cut, second_cut))
    shift = {0: START - DAY, 1: START, 2: END}
    day = VenueDay(name, rows, lambda n: shift[(n >= early) + (n >= late)] + (n + 1) * MINUTE)
    rules = {day.name: day.listing.instrument}
    opened = AccountOpened(ts=START - DAY, account=ACCOUNT, balances={day.listing.settle: Decimal(10_000)})
    booked = [EntryBooked(ts=row.ts, entry=row) for row in day.entries if not row.reference]
    events = [opened, *(OrderFilled(ts=fill.ts, fill=fill) for fill in day.fills), *booked]
    marks = ({day.name: Decimal(text(mark))}.get,) * 2
    statements = []
    for date in (DATE - dt.timedelta(1), DATE, DATE + dt.timedelta(1)):
        window = window_of(ACCOUNT, date, opened)
        ours = our_side(ACCOUNT, window, events, rules, marks)
        theirs = their_side(window, day.now(mark), rules, marks, ours.closing.holdings, ours.delivered)
        statements.append(reconcile(ACCOUNT, date, window, ours, theirs, rules))
    assert [one.breaks for one in statements] == [(), (), ()]
    assert [one.opening for one in statements[1:]] == [one.closing for one in statements[:-1]]
