"""A minute's weights with a reserve, the venue's own count, and a pause that processes share."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable
from pathlib import Path

import pytest

from jtrader.exchange.common.budget import SharedPause, WeightBudget
from jtrader.ports.broker import RetryLater


class Minute:
    """A budget of 100 with a reserve of 20, and its wall clock."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.budget = WeightBudget("venue", per_minute=100, reserve=20, most_wait=5, wall=lambda: self.now)


def run(work: Awaitable[None]) -> None:
    async def within() -> None:
        await work

    asyncio.run(within())


def test_the_reserve_is_for_cancels_and_exits() -> None:
    minute = Minute()
    budget = minute.budget
    run(budget.take(80))
    with pytest.raises(RetryLater, match="80 weights are used up") as refused:
        run(budget.take(1))
    assert refused.value.after == pytest.approx(60, abs=0.1)
    run(budget.take(20, urgent=True))
    with pytest.raises(RetryLater):
        run(budget.take(1, urgent=True))
    minute.now += 60
    run(budget.take(80))


def test_the_venues_own_count_is_believed() -> None:
    minute = Minute()
    budget = minute.budget
    budget.told(79)
    run(budget.take(1))
    budget.told(50)  # an older answer
    with pytest.raises(RetryLater):
        run(budget.take(1))
    minute.now += 60
    assert budget.used == 0


def test_a_request_heavier_than_a_minute_goes_alone() -> None:
    minute = Minute()
    budget = minute.budget
    run(budget.take(500))
    with pytest.raises(RetryLater):
        run(budget.take(1))


def test_who_has_time_waits_for_the_next_minute() -> None:
    """The clock stands 50 ms before the minute's end and goes on from there."""
    began = time.monotonic()
    budget = WeightBudget("venue", per_minute=100, reserve=20, wall=lambda: 1_800_000_059.95 + time.monotonic() - began)
    run(budget.take(80))
    run(budget.take(80))
    assert budget.used == 80
    assert 0.05 <= time.monotonic() - began < 30


def test_nobody_asks_during_a_pause_cancels_neither() -> None:
    minute = Minute()
    budget = minute.budget
    budget.pause(30)
    with pytest.raises(RetryLater) as refused:
        run(budget.take(1, urgent=True))
    assert refused.value.after == pytest.approx(30)
    assert budget.used == 0
    minute.now += 31
    run(budget.take(1))


def test_a_pause_is_seen_by_other_processes_and_never_shortened(tmp_path: Path) -> None:
    file = tmp_path / "pauses" / "venue"
    code = f"""
import pathlib
from jtrader.exchange.common.budget import SharedPause
pause = SharedPause(pathlib.Path({str(file)!r}))
pause.extend(120)
pause.extend(5)
"""
    mine = SharedPause(file)
    assert mine.left() == 0
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert mine.left() == pytest.approx(120, abs=20)
    mine.extend(1)
    assert SharedPause(file).left() == pytest.approx(120, abs=20)


@pytest.mark.parametrize("content", ["", "soon", "\x00\x00"])
def test_an_unreadable_pause_is_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "venue"
    file.write_text(content)
    pause = SharedPause(file)
    assert pause.left() == 0
    pause.extend(50)
    assert SharedPause(file).left() == pytest.approx(50, abs=5)
