"""How a service ends: signals end it cleanly, a failure with a name in a sentence, also out of a task group."""

import asyncio
import os
import signal

import pytest

from jtrader.app.services.running import run_service
from jtrader.app.settings import Settings
from jtrader.domain.errors import BadInput, Unavailable


async def grouped(settings: Settings) -> None:
    async def fail() -> None:
        raise Unavailable("the port is taken")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fail())


async def plain(settings: Settings) -> None:
    raise BadInput("params are wrong")


@pytest.mark.parametrize(("serve", "says"), [(grouped, "x: the port is taken\n"), (plain, "x: params are wrong\n")])
def test_a_named_failure_is_a_sentence_and_code_1(serve: object, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_service("x", serve)  # type: ignore[arg-type]
    assert ended.value.code == 1
    assert capsys.readouterr().err.endswith(says)


def test_an_unnamed_failure_is_not_swallowed() -> None:
    async def broken(settings: Settings) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_service("x", broken)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_its_own_cleaning_up(number: signal.Signals) -> None:
    steps = []

    async def patient(settings: Settings) -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(60)
        finally:
            steps.append("cleaned")

    run_service("x", patient)
    assert steps == ["cleaned"]
