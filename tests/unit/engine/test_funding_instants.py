"""Strategies whose positions cancel out pay each other at the funding instant, though the venue books nothing."""

from decimal import Decimal

import pytest

from fixtures.oms_desk import ALPHA, PERP, START, Desk
from jtrader.domain.events import FundingSeen, MarkSeen
from jtrader.domain.market import Mark
from jtrader.domain.order import Side
from jtrader.domain.times import HOUR, SECOND

D = Decimal
INSTANT = START + HOUR // 2
"""16:00."""


def marked(desk: Desk, price: float, rate: float, following: int) -> None:
    desk.engine.see(Mark(PERP, desk.market, price, price, rate, following), desk.wall)


def two_books(short: str) -> Desk:
    """A long 0.5, B short; a second before the instant the mark is 60,000 and the rate 0.01 %."""
    desk = Desk()
    for strategy, side, quantity in (("A", Side.BUY, "0.5"), ("B", Side.SELL, short)):
        desk.fill(desk.submit(side, quantity, strategy=strategy), quantity, fee=D(0))
    desk.market = INSTANT - SECOND
    marked(desk, 60_000.0, 0.0001, INSTANT)
    desk.market = INSTANT + SECOND
    marked(desk, 61_000.0, 0.0003, INSTANT + 8 * HOUR)
    return desk


def funding(desk: Desk) -> dict[str, Decimal]:
    return {state.strategy: state.funding for state in desk.engine.positions()}


def test_with_a_venue_entry_the_shares_sum_to_it() -> None:
    desk = two_books("0.2")
    desk.funding("-1.80")
    desk.wait(40)
    assert funding(desk) == {"A": D("-3.00"), "B": D("1.20")}


def test_without_a_venue_entry_a_pays_b() -> None:
    desk = two_books("0.5")
    before = desk.engine.ledger.balances(ALPHA)
    desk.wait(40)
    seen = [event for event in desk.events if isinstance(event, FundingSeen)]
    assert [(e.instant, e.mark, e.rate) for e in seen] == [(INSTANT, D(60_000), D("0.0001"))]
    assert funding(desk) == {"A": D("-3.00"), "B": D("3.00")}
    assert desk.engine.ledger.balances(ALPHA) == before
    again = desk.restarted()
    assert funding(again) == funding(desk)


def test_a_fill_from_before_the_instant_still_counts() -> None:
    desk = two_books("0.2")
    desk.quote()
    late = desk.submit(Side.SELL, "0.3", strategy="B")
    desk.wait(5)
    desk.fill(late, "0.3", ts=INSTANT - SECOND)
    desk.wait(40)
    assert funding(desk) == {"A": D("-3.00"), "B": D("3.00")}


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_rate_that_is_no_number_is_not_journaled(rate: float) -> None:
    desk = Desk()
    desk.fill(desk.submit(), "0.1")
    desk.market = INSTANT - SECOND
    marked(desk, 60_000.0, rate, INSTANT)
    desk.market = INSTANT + SECOND
    marked(desk, 60_000.0, 0.0001, INSTANT + 8 * HOUR)
    desk.wait(40)
    assert "funding_seen" not in desk.tags()


def test_a_stale_mark_is_told_and_not_journaled() -> None:
    desk = Desk()
    desk.fill(desk.submit(), "0.1")
    desk.wait(61)
    assert desk.engine.stale_marks() == {}
    told = sum(isinstance(event, MarkSeen) for event in desk.events)
    assert told
    desk.market += HOUR
    desk.engine.see(Mark("binance_spot:BTCUSDT", desk.market, 1.0, 1.0, 0.0, 0), desk.wall)
    desk.wait(1, quotes=False)
    assert desk.engine.stale_marks() == {PERP: "2026-01-15T15:31:01Z"}
    assert sum(isinstance(event, MarkSeen) for event in desk.events) == told
