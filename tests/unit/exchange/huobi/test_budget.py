"""HTX's stretch of two seconds within the minute's budget."""

import asyncio
import time

import pytest

from jtrader.exchange.huobi import budget as budgets
from jtrader.exchange.huobi.budget import MINUTE_RESERVE, PER_MINUTE, PER_STRETCH, STRETCH_RESERVE, HuobiBudget, weight
from jtrader.ports.broker import RetryLater


@pytest.fixture(autouse=True)
def a_short_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "STRETCH_SECONDS", 0.2)


async def seconds(budget: HuobiBudget, weight: float, urgent: bool = False) -> float:
    before = time.monotonic()
    await budget.take(weight, urgent)
    return time.monotonic() - before


@pytest.mark.parametrize(
    ("path", "cost", "weighs"),
    [
        ("swap-api/v1/swap_order", 1, 10 / 24),
        ("api/v3/contract_financial_record", 1, 10 / 24),
        ("v5/trade/order", 0.41679, 0.41679),
        ("v1/order/matchresults", 1, 1),
        ("swap-ex/market/detail/merged", 1, 1),
    ],
)
def test_what_a_request_weighs(path: str, cost: float, weighs: float) -> None:
    assert weight("private", "GET", path, cost) == weighs


def test_a_stretch_lets_through_what_it_allows_and_the_rest_waits() -> None:
    async def work() -> None:
        budget = HuobiBudget()
        assert await seconds(budget, PER_STRETCH - STRETCH_RESERVE) < 0.1
        assert await seconds(budget, STRETCH_RESERVE, urgent=True) < 0.1
        assert 0.1 < await seconds(budget, 1, urgent=True) < 1

    asyncio.run(work())


def test_what_is_heavier_than_a_stretch_goes_alone() -> None:
    async def work() -> None:
        budget = HuobiBudget()
        assert await seconds(budget, 2 * PER_STRETCH) < 0.1
        assert await seconds(budget, 1) > 0.1

    asyncio.run(work())


def test_a_minute_that_is_used_up_refuses_all_but_what_is_urgent() -> None:
    async def work() -> None:
        budget = HuobiBudget()
        await budget.take(PER_MINUTE - MINUTE_RESERVE)
        with pytest.raises(RetryLater):
            await budget.take(1, most_wait=0)
        await budget.take(1, urgent=True)

    asyncio.run(work())
