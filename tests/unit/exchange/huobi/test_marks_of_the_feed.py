"""Marks that a feed asks of REST: one contract that can't be told costs no other, and no failure is silent."""

import asyncio
from collections.abc import Callable

import pytest

from jtrader.domain.errors import Broken
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.market import Mark
from jtrader.domain.times import SECOND
from jtrader.exchange.huobi import feed as huobi
from jtrader.exchange.huobi.feed import HuobiFeed

BTC, ETH = InstrumentId("huobi_swap:BTC-USD"), InstrumentId("huobi_swap:ETH-USD")
NOWHERE = "http://127.0.0.1:9"


class Marks:
    """MarkSource whose BTC fails as a test says."""

    def __init__(self, fail: Callable[[], Mark | None]) -> None:
        self._fail = fail

    def mark(self, instrument: InstrumentId) -> Mark | None:
        return self._fail() if instrument == BTC else Mark(instrument, 9 * SECOND, 1.0, 1.0, 0.0, 0)


def unreadable() -> Mark | None:
    raise Broken("an answer that can't be read")


def unforeseen() -> Mark | None:
    raise ZeroDivisionError


async def first_marks(fail: Callable[[], Mark | None], count: int) -> list[InstrumentId]:
    feed = HuobiFeed(Market("huobi_swap"), [BTC, ETH], NOWHERE, marks=Marks(fail))
    told: list[InstrumentId] = []
    try:
        async with asyncio.timeout(5):
            async for events in feed.events():
                told += [event.instrument for event in events if isinstance(event, Mark)]
                if len(told) >= count:
                    return told
    finally:
        await feed.close()
    return told


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huobi, "MARKS_SECONDS", 0.01)


def test_a_contract_without_a_mark_costs_no_other() -> None:
    assert asyncio.run(first_marks(unreadable, 3)) == [ETH] * 3
    assert asyncio.run(first_marks(lambda: None, 3)) == [ETH] * 3


def test_what_nobody_foresaw_ends_the_feed() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(first_marks(unforeseen, 3))
