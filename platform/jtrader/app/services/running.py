"""What every asyncio service does alike: logging, settings, one main task that SIGTERM and Ctrl-C cancel."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator

from jtrader.app.settings import Settings, load_settings
from jtrader.domain.errors import JtraderError
from jtrader.domain.money import use_exact_context


def run_service(name: str, serve: Callable[[Settings], Awaitable[None]]) -> None:
    """Runs `serve` until it ends or a signal cancels it. A failure that has a name exits with its sentence and code 1;
    any other exception ends the process with its traceback, and the supervisor starts it anew."""
    use_exact_context()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for talkative in ("alembic", "httpx"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    named: list[JtraderError] = []
    try:
        settings = load_settings()
        asyncio.run(_until_signal(serve(settings)))
    except* JtraderError as failures:
        named += _leaves(failures)
    for failure in named:
        sys.stderr.write(f"{name}: {failure}\n")
    if named:
        sys.exit(1)


def _leaves(group: BaseExceptionGroup[JtraderError]) -> Iterator[JtraderError]:
    for failure in group.exceptions:
        if isinstance(failure, BaseExceptionGroup):
            yield from _leaves(failure)
        else:
            yield failure


async def _until_signal(work: Awaitable[None]) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
