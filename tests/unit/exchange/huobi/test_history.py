"""Reading the past in windows and pages, states that wait for their fills, the pace of requests."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from jtrader.domain.ids import AccountId, InstrumentId, TradeId, VenueOrderId
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.domain.times import DAY, HOUR, MINUTE, to_millis
from jtrader.exchange.huobi.budget import HuobiBudget
from jtrader.exchange.huobi.held import HeldOrders
from jtrader.exchange.huobi.paging import KEPT, WINDOW, all_pages, in_windows

NOW = 20_000 * DAY


def read_windows(start: int, end: int, events: Sequence[int] = ()) -> tuple[list[int], list[tuple[int, int]]]:
    """The events found, and the windows asked for, in ms."""
    asked: list[tuple[int, int]] = []

    async def read(first: int, last: int) -> list[dict[str, Any]]:
        asked.append((first, last))
        return [{"at": at} for at in events if first <= to_millis(at) <= last]

    found = asyncio.run(in_windows(read, start, end, NOW))
    return sorted(row["at"] for row in found), asked


def test_windows_cover_a_range_without_a_hole_or_an_overlap() -> None:
    start = NOW - 5 * DAY
    _, asked = read_windows(start, NOW)
    assert asked[0][1] == to_millis(NOW) - 1
    assert asked[-1][0] == to_millis(start)
    assert all(newer[0] == older[1] + 1 for newer, older in itertools.pairwise(asked))
    assert all(last - first < to_millis(WINDOW) for first, last in asked)


def test_nothing_is_asked_beyond_now_or_beyond_what_is_kept() -> None:
    _, asked = read_windows(NOW - KEPT, 2**62, [NOW - at * DAY for at in range(KEPT // DAY)])
    assert asked[0][1] == to_millis(NOW + MINUTE) - 1
    assert asked[-1][0] == to_millis(NOW - KEPT)
    assert read_windows(NOW, NOW) == ([], [])
    assert read_windows(NOW + DAY, NOW + 2 * DAY) == ([], [])


def test_all_the_past_goes_on_behind_a_quiet_time() -> None:
    events = [NOW - KEPT + HOUR, NOW - 60 * DAY, NOW - HOUR]
    for start in (0, NOW - KEPT):
        found, asked = read_windows(start, 2**62, events)
        assert found == events
        assert len(asked) == KEPT // WINDOW + 1


@pytest.mark.parametrize("is_inclusive", [True, False])
@pytest.mark.parametrize("total", [0, 1, 2, 3, 6, 7])
def test_pages_by_cursor(is_inclusive: bool, total: int) -> None:
    """Whether a page begins with the row that was named or behind it."""
    rows = [{"id": number} for number in range(total)]

    async def ask(cursor: str | None) -> Sequence[dict[str, int]]:
        start = 0 if cursor is None else int(cursor) + (0 if is_inclusive else 1)
        return rows[start : start + 3]

    assert asyncio.run(all_pages(ask, 3, lambda row: row["id"])) == rows


def order(filled: int, status: OrderStatus = OrderStatus.PARTIALLY_FILLED) -> VenueOrder:
    return VenueOrder(
        account=AccountId("a"),
        instrument=InstrumentId("huobi_linear:BTC-USDT"),
        venue_order_id=VenueOrderId("7"),
        client_order_id=None,
        side=Side.BUY,
        type=OrderType.LIMIT,
        status=status,
        quantity=Decimal(5),
        filled=Decimal(filled),
    )


def fill(number: int, quantity: int) -> Fill:
    return Fill(
        account=AccountId("a"),
        instrument=InstrumentId("huobi_linear:BTC-USDT"),
        trade_id=TradeId(str(number)),
        venue_order_id=VenueOrderId("7"),
        client_order_id=None,
        side=Side.BUY,
        price=Decimal(1),
        quantity=Decimal(quantity),
        fee=Decimal(0),
        fee_asset="USDT",
        maker=False,
        ts=0,
    )


def test_a_state_is_told_behind_the_fills_that_led_to_it() -> None:
    held = HeldOrders()
    assert not held.waits(order(0, OrderStatus.NEW))
    assert held.waits(order(2))
    assert held.waits(order(5, OrderStatus.FILLED))
    assert held.saw(fill(1, 1)) == []
    assert held.saw(fill(1, 1)) == []  # told twice, counted once
    assert held.saw(fill(2, 1)) == [order(2)]
    assert held.holds("7")
    assert held.saw(fill(3, 3)) == [order(5, OrderStatus.FILLED)]
    assert not held.holds("7")
    assert not held.waits(order(5, OrderStatus.FILLED))


def test_a_stretch_takes_no_more_than_the_venue_allows_and_keeps_some_for_the_urgent() -> None:
    async def work() -> tuple[float, float]:
        budget = HuobiBudget()
        for _ in range(16):
            await budget.take(1)
        started = time.monotonic()
        await budget.take(1, urgent=True)
        urgent = time.monotonic() - started
        waiting = asyncio.create_task(budget.take(1))
        done, _ = await asyncio.wait([waiting], timeout=0.02)
        waiting.cancel()
        return urgent, len(done)

    urgent, done = asyncio.run(work())
    assert urgent < 0.5
    assert done == 0
