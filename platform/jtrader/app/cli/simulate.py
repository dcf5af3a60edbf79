"""`jtrader simulate`: the exchange simulator in the foreground."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from jtrader.app.settings import SimulatorSettings, load_settings
from jtrader.domain.errors import BadInput

HELP = """
Serve Binance, BitMEX and HTX on 127.0.0.1, told apart by the Host header, as the real clients speak them.

The address is printed on standard output. Market time stands still at the live window's start until it is run.

Recorded candles are Parquet with the columns ts (start of the minute), venue, symbol, open, high, low, close, volume
(base units), or CSV files of Binance's public archive; trades are ts, venue, symbol, trade_id, price, amount, side; L2
books are ts, venue, symbol, seq, is_snapshot, first_update_id, last_update_id, prev_update_id, side, price, amount.

Examples:

    jtrader simulate

    jtrader simulate --port 18900 --seed 3 --run

    jtrader simulate --history recorded/ --speed 10 --run

    jtrader simulate --replay books-and-trades/ --speed 1 --run

    curl -X POST ADDRESS/sim/clock/run -d '{"speed": 60}'
"""


def register(app: typer.Typer) -> None:
    app.command("simulate", help=HELP)(simulate)


def simulate(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 = any free one.")] = 0,
    seed: Annotated[int | None, typer.Option(help="Seed of the generated market.")] = None,
    history: Annotated[
        Path | None, typer.Option(help="Recorded candles and trades instead of generated ones: a file or a folder.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Recorded L2 books and trades as the live market: a file or a folder.")
    ] = None,
    days: Annotated[int | None, typer.Option(help="Days of generated history before the live window.")] = None,
    live_start: Annotated[
        str | None, typer.Option(help="Start of the live window, ISO 8601 UTC; 'auto' = after the recorded history.")
    ] = None,
    live_minutes: Annotated[int | None, typer.Option(help="Length of the live window.")] = None,
    intensity: Annotated[float | None, typer.Option(help="Live trades as a share of the real market's.")] = None,
    predictability: Annotated[float | None, typer.Option(help="Memory in the order flow; 0 = none.")] = None,
    speed: Annotated[float | None, typer.Option(help="Market seconds a wall second, for --run.")] = None,
    run: Annotated[bool, typer.Option("--run", help="Run market time at once instead of waiting paused.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep its state below <home>/sim, and go on from what is there.")
    ] = False,
) -> None:
    from jtrader.exchange.sim.clock import MAX_SPEED

    settings = load_settings()
    given: dict[str, Any] = {
        "seed": seed,
        "history": history,
        "replay": replay,
        "days": days,
        "live_start": live_start,
        "live_minutes": live_minutes,
        "intensity": intensity,
        "predictability": predictability,
        "speed": speed,
    }
    changed = {name: value for name, value in given.items() if value is not None}
    market = settings.simulator.model_copy(update=changed)
    if not 0 < market.speed <= MAX_SPEED:
        raise BadInput(f"--speed is {market.speed}; allowed is above 0 up to {MAX_SPEED:g}")
    asyncio.run(_serve(market, port, settings.root, run, keep))


async def _serve(settings: SimulatorSettings, port: int, root: Path, run: bool, keep: bool) -> None:
    from jtrader.app.wiring.simulator import build_simulator
    from jtrader.domain.times import iso

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    home = root / "sim" if keep else None
    async with build_simulator(settings, port, root / "secrets", home) as server:
        clock = server.runner.clock
        speed = clock.speed or settings.speed
        state = f"running at {speed:g}x" if run or clock.is_running else "paused"
        sys.stdout.write(f"{server.uri}\n")
        sys.stdout.flush()
        sys.stderr.write(f"market time {iso(clock.now)}, {state}; Ctrl-C stops\n")
        if run and not clock.is_running:
            server.runner.run(settings.speed, None)
        waiting = {asyncio.create_task(stop.wait()), asyncio.create_task(server.wait())}
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        for task in done:
            task.result()
    sys.stderr.write("stopped\n")
