"""Reconciliation sees everything: change any single figure of any row, on either side, and there is a break."""

import datetime as dt
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fixtures.trading_day import DATE, ETH, PERP, Day, perp_day, spot_day
from jtrader.domain.account import EntryKind
from jtrader.domain.events import EntryBooked, OrderFilled
from jtrader.domain.order import Side
from jtrader.ledger.book import is_of_trade

UNIT = Decimal("0.00000001")
DAYS = [perp_day(), perp_day(after=False), spot_day(), spot_day(after=False)]

amounts = st.integers(-(10**12), 10**12).filter(bool).map(lambda units: units * UNIT)
times = st.integers(-(10**15), 10**15).filter(bool)


def changed(draw, value, field):
    """Another value of the same kind; by as little as one unit of the last digit."""
    match value:
        case Side():
            return value.opposite
        case EntryKind():
            return draw(st.sampled_from([kind for kind in EntryKind if kind is not value]))
        case bool():
            return not value
        case Decimal():
            delta = draw(amounts)
            return abs(value + delta) or UNIT if field in ("price", "quantity") and value > 0 else value + delta
        case int():
            return value + draw(times)
        case _ if field == "instrument":
            return draw(st.sampled_from([name for name in (PERP, ETH) if name != value]))
        case _ if field.endswith("asset"):
            return draw(st.sampled_from([name for name in ("USDT", "BTC", "BNB") if name != value]))
        case _:
            return f"{value}x"


@st.composite
def spoilt_days(draw) -> tuple[Day, str]:
    day = draw(st.sampled_from(DAYS))
    place = draw(st.sampled_from(["journal", "venue fills", "venue entries", "balances", "positions"]))
    if place == "journal":
        spots = [i for i, event in enumerate(day.events) if isinstance(event, OrderFilled | EntryBooked)]
        index = draw(st.sampled_from(spots))
        event = day.events[index]
        name = "fill" if isinstance(event, OrderFilled) else "entry"
        row, field = spoil(draw, getattr(event, name))
        events = [*day.events]
        events[index] = msgspec.structs.replace(event, **{name: row})
        return msgspec.structs.replace(day, events=tuple(events)), f"{place} {field}"
    what = place.removeprefix("venue ")
    rows = [*getattr(day.venue, what)]
    if not rows:
        what, rows = "fills", [*day.venue.fills]
    index = draw(st.integers(0, len(rows) - 1))
    rows[index], field = spoil(draw, rows[index])
    return msgspec.structs.replace(day, venue=msgspec.structs.replace(day.venue, **{what: tuple(rows)})), place + field


LEFT_OUT = {"account", "free", "mark", "entry_price", "settle"}
"""What names the wallet, and what is information only."""


def spoil(draw, row):
    fields = [name for name in row.__struct_fields__ if name not in LEFT_OUT and getattr(row, name) is not None]
    if hasattr(row, "entry_id") and is_of_trade(row):
        # its own number is the venue's, and its time may lie anywhere behind the trade's; its money may not
        fields = ["amount", "asset", "instrument", "reference", "kind"]
    field = draw(st.sampled_from(sorted(fields)))
    return msgspec.structs.replace(row, **{field: changed(draw, getattr(row, field), field)}), field


@given(spoilt_days())
def test_any_single_change_is_a_break_of_the_day_or_the_next(spoilt):
    """On the next day for rows behind the cut: the day itself does not depend on them."""
    day, what = spoilt
    assert not (day.statement().is_clean and day.statement(DATE + dt.timedelta(1)).is_clean), what
