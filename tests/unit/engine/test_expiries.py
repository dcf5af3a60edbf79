"""A dated contract expires while two strategies hold positions that cancel out: the venue delivers nothing."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from fixtures import oms_desk
from fixtures.oms_desk import ALPHA, ASK, BID, PERP, SPOT, START, Desk, rules_of
from jtrader.domain.events import ExpirySeen
from jtrader.domain.order import Side
from jtrader.domain.times import MINUTE, SECOND
from jtrader.engine.inputs import Ticked

D = Decimal
EXPIRY = START + MINUTE


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A long 0.5 and B short as much, both at 50,000."""
    dated = replace(rules_of(PERP), expiry=EXPIRY)
    monkeypatch.setattr(oms_desk, "INSTRUMENTS", (dated, rules_of(SPOT)))
    made = Desk()
    for strategy, side in (("A", Side.BUY), ("B", Side.SELL)):
        made.fill(made.submit(side, "0.5", strategy=strategy), "0.5", price=D(50_000), fee=D(0))
    return made


def until(desk: Desk, after: int, price: float) -> None:
    """Market time goes on to so many seconds after the expiry, the market at a price."""
    while desk.market < EXPIRY + after * SECOND:
        desk.market += SECOND
        desk.wall += SECOND
        desk.quote(price - 1, price + 1)
        desk.do(Ticked())


def seen(desk: Desk) -> list[tuple[int, Decimal]]:
    return [(event.expiry, event.price) for event in desk.events if isinstance(event, ExpirySeen)]


def books(desk: Desk) -> dict[str, tuple[Decimal, Decimal]]:
    return {state.strategy: (state.quantity, state.realised) for state in desk.engine.positions()}


def test_they_deliver_to_each_other_at_the_mark_of_the_expiry(desk: Desk) -> None:
    before = desk.engine.ledger.balances(ALPHA)
    until(desk, 1, 60_000.0)
    assert seen(desk) == [], "fills from before it still come in"
    until(desk, 60, 61_000.0)
    assert seen(desk) == [(EXPIRY, D(60_000))]
    assert books(desk) == {"A": (0, 5_000), "B": (0, -5_000)}
    assert desk.engine.ledger.balances(ALPHA) == before
    assert books(desk.restarted()) == books(desk)


def test_a_position_that_the_venue_delivers_is_left_to_its_entry(desk: Desk) -> None:
    desk.fill(desk.submit(Side.BUY, "0.1", strategy="A"), "0.1", fee=D(0))
    until(desk, 60, 60_000.0)
    assert seen(desk) == []


def test_a_late_fill_from_before_the_expiry_still_counts(desk: Desk) -> None:
    child = desk.submit(Side.BUY, "0.1", strategy="A")
    until(desk, 5, (BID + ASK) / 2)
    desk.fill(child, "0.1", ts=EXPIRY - SECOND)
    until(desk, 60, (BID + ASK) / 2)
    assert seen(desk) == []


def test_without_a_price_of_the_expiry_nothing_is_made_up(desk: Desk) -> None:
    """The oms was away."""
    desk.market = EXPIRY + 31 * SECOND
    until(desk, 60, 60_000.0)
    assert seen(desk) == []
    assert [quantity for quantity, _ in books(desk).values()] == [D("0.5"), D("-0.5")]
