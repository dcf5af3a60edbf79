"""What pages a person: what nobody here ordered, and orders whose fate stays unknown."""

from decimal import Decimal

import pytest

from fixtures.oms_desk import Desk, sequenced
from fixtures.parents import Floor
from jtrader.app.services.oms.alarms import REPEAT, Alarms
from jtrader.domain.ids import ClientOrderId, VenueOrderId
from jtrader.domain.order import ChildOrder, OrderStatus, Side
from jtrader.domain.times import MINUTE, SECOND
from jtrader.engine.inputs import Moment, Restarted, SubmitRefused, SubmitUncertain
from jtrader.risk.kill import Change, KillLevel


class Pager:
    """ports.Alerts that remembers."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    def send(self, level: str, key: str, message: str) -> None:
        self.sent.append((level, key, message))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def alarms(desk: Desk) -> tuple[Alarms, Pager]:
    pager = Pager()
    return Alarms(desk.engine.core, pager, MINUTE), pager


def look(alarms: Alarms, desk: Desk, seconds: int) -> None:
    for _ in range(seconds):
        desk.wait(1)
        alarms.look(Moment(desk.market, desk.wall))


def unknown(desk: Desk) -> ChildOrder:
    child = desk.submit(Side.BUY, "0.3")
    desk.do(SubmitUncertain(child.client_order_id, "no answer in 10 s"))
    return child


def test_an_order_that_stays_unknown_is_told_with_what_to_do(desk: Desk) -> None:
    child = unknown(desk)
    watching, pager = alarms(desk)
    look(watching, desk, 60)
    assert (pager.sent, watching.unknown) == ([], {})
    look(watching, desk, 2)
    [(level, key, said)] = pager.sent
    assert (level, key) == ("page", f"unknown order {child.client_order_id}")
    for part in ("buy 0.3 binance_usdm:BTCUSDT", "no answer in 10 s", "counts in full", "exits stay open"):
        assert part in said
    assert f"jtrader orders resolve {child.client_order_id} --absent" in said
    look(watching, desk, REPEAT // SECOND)
    assert len(pager.sent) == 2, "once more after five minutes"
    desk.report(child, OrderStatus.NEW)
    look(watching, desk, 1)
    assert watching.unknown == {}


def test_a_restart_does_not_make_it_younger(desk: Desk) -> None:
    child = unknown(desk)
    desk.wait(70)
    again = desk.restarted()
    again.do(Restarted())
    watching, pager = alarms(again)
    look(watching, again, 1)
    assert list(watching.unknown) == [child.client_order_id]
    assert len(pager.sent) == 1


def test_wall_time_counts_while_the_market_stands_still(desk: Desk) -> None:
    unknown(desk)
    watching, pager = alarms(desk)
    for second in (0, 59, 61):
        watching.look(Moment(desk.market, desk.wall + second * SECOND))
    assert len(pager.sent) == 1


def test_what_nobody_here_ordered_is_told_at_once(desk: Desk) -> None:
    child = desk.submit()
    desk.fill(child, "0.1")
    theirs = {"client_order_id": ClientOrderId("autoclose-1"), "venue_order_id": VenueOrderId("77")}
    desk.fill(child, "0.25", side=Side.SELL, price=Decimal(49_000), **theirs)
    watching, pager = alarms(desk)
    watching.happened(sequenced(desk.events))
    [(level, _, said)] = pager.sent
    assert level == "page"
    assert said.startswith("liquidation autoclose-1: sell 0.25 binance_usdm:BTCUSDT at 49000 on account alpha was not")
    assert "jtrader positions assign binance_usdm:BTCUSDT --account alpha --to STRATEGY" in said


def test_an_overfill_is_told_at_once(desk: Desk) -> None:
    child = desk.submit(quantity="0.1")
    watching, pager = alarms(desk)
    for quantity, pages in (("0.1", 0), ("0.001", 1)):
        watching.happened(sequenced(desk.fill(child, quantity).events))
        assert len(pager.sent) == pages
    assert "was for 0.1 binance_usdm:BTCUSDT and has filled 0.101" in pager.sent[0][2]


def protected(**params: object) -> Floor:
    """A long position with a stop at 49,000."""
    floor = Floor()
    floor.desk.fill(floor.desk.submit(quantity="0.5"), "0.5")
    floor._seen = len(floor.desk.sent)
    floor.trade(1)
    stop = {"trigger": "49000", **params}
    return floor.start("stop", quantity="0.5", side=Side.SELL, reduce_only=True, params=stop).run(2)


def test_a_stop_that_the_venue_ended_is_told() -> None:
    for still_held in (True, False):
        floor = protected(native=True)
        [order] = floor.live
        if not still_held:
            floor.desk.fill(floor.desk.submit(Side.SELL, "0.5"), "0.5")
            floor._seen = len(floor.desk.sent)
        floor.desk.report(order, OrderStatus.EXPIRED, reason="venue maintenance")
        floor.run(2)
        watching, pager = alarms(floor.desk)
        watching.happened(sequenced(floor.desk.events))
        told = [(level, key) for level, key, _ in pager.sent]
        assert told == ([("page", f"stop {floor.parent_id}")] if still_held else [])
        if still_held:
            assert "venue maintenance" in pager.sent[0][2]


def test_a_triggered_stop_that_is_refused_is_told_every_five_minutes() -> None:
    for by_venue in (True, False):
        floor = protected()
        watching, pager = alarms(floor.desk)
        before = len(floor.desk.events)
        if not by_venue:
            latch = floor.desk.engine.core.watch.latch
            drill = Change(level=KillLevel.REVOKE, reason="drill", actor="ann", at=floor.desk.wall)
            floor.desk.engine.latch(latch.changed(drill))
        floor.fills = False
        floor.bid, floor.ask = 48_900.0, 48_900.1
        floor.trade(1, 48_900.0)
        for _ in range(290):
            floor.desk.wait(1, quotes=False)
            floor.desk.quote(floor.bid, floor.ask)
            for order in list(floor.desk.engine.state.live_orders()):
                floor.desk.do(SubmitRefused(order.id, "x", "drill: no margin"))
        watching.happened(sequenced(floor.desk.events)[before:])
        assert [key for _, key, _ in pager.sent] == [f"stop {floor.parent_id}"]
        assert "drill" in pager.sent[0][2]
        assert "0.5 binance_usdm:BTCUSDT is open" in pager.sent[0][2]
