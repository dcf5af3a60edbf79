"""`jtrader trade`: feed, oms and strategies in the foreground, for a desk without the supervised stack."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from jtrader.domain.errors import BadInput, Unavailable

HELP = """Trade in the foreground: starts the market data feed, the oms and the strategies of the settings as three
processes, and stops them in order on Ctrl-C. Positions stay as they are.

The supervised stack does the same ('make up'); use this where there is none, for example against 'jtrader simulate'.
What the settings or a running stack don't address gets a free port of its own.

An account's broker in the settings is sim (the simulator as the exchange), paper (filled in the oms at the feed's
prices, opened with funds = {USDT = 100000}; nothing is sent) or live.

Examples:

    jtrader trade

    JTRADER_HOME=~/desk JTRADER_SIMULATOR_URI=http://127.0.0.1:18900 jtrader trade
"""

SERVICES = ("feed", "oms", "strategies")
"""And the recorder, where there is a MongoDB to record into."""
READY_SECONDS = 90.0
STOP_SECONDS = 30.0
ADDRESSES = ("market_data_uri", "oms_rpc_uri", "oms_events_uri", "strategies_rpc_uri")


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def trade(
        home: Annotated[Path | None, typer.Option(help="The desk's home; default $JTRADER_HOME, else var/.")] = None,
    ) -> None:
        run_in_foreground(home)


def run_in_foreground(home: Path | None) -> None:
    """Until Ctrl-C or SIGTERM. Raises Unavailable when one of them ends by itself."""
    from jtrader.app.settings import CHECKOUT, load_settings

    settings = load_settings(**({"home": home} if home else {}))
    if not settings.accounts:
        raise BadInput(
            f"no [[accounts]] in the settings: there is nothing to trade; write some to {settings.root}/jtrader.toml"
        )
    environment = {**os.environ, "JTRADER_HOME": str(settings.root), "PYTHONPATH": str(CHECKOUT / "platform")}
    for name in ADDRESSES:
        if getattr(settings, name) is None:
            environment[f"JTRADER_{name.upper()}"] = f"tcp://127.0.0.1:{_free_port()}"
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name in (*SERVICES, "recorder") if settings.mongo_uri else SERVICES:
            running[name] = _start(name, environment)
            if not _wait_ready(settings.root, name, running[name], stop):
                return
        oms, strategies = (
            environment.get(f"JTRADER_{name.upper()}", getattr(settings, name))
            for name in ("oms_rpc_uri", "strategies_rpc_uri")
        )
        typer.echo(f"trading; oms at {oms}, strategies at {strategies}; Ctrl-C stops", err=True)
        while not stop.wait(0.5):
            _check(running)
    finally:
        _stop(running)


def _start(name: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C reaches this process alone and the order of stopping is ours."""
    command = [sys.executable, "-m", f"jtrader.app.services.{name}"]
    return subprocess.Popen(command, env=environment, start_new_session=True)


def _wait_ready(home: Path, name: str, process: subprocess.Popen[bytes], stop: threading.Event) -> bool:
    """Whether it became ready before `stop`. Raises Unavailable."""
    from jtrader.app.services.heartbeat import read_health

    waited = 0.0
    while not stop.wait(0.2):
        waited += 0.2
        _check({name: process})
        health = read_health(home, name)
        if health is not None and health.pid == process.pid and health.ready:
            return True
        if waited > READY_SECONDS:
            raise Unavailable(f"{name} was not ready within {READY_SECONDS:.0f} s; its messages stand above")
    return False


def _check(running: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, process in running.items():
        if process.poll() is not None:
            raise Unavailable(f"{name} ended with code {process.returncode}; its messages stand above")


def _stop(running: dict[str, subprocess.Popen[bytes]]) -> None:
    """Strategies first, then the oms, then the feed; what does not end in time is killed."""
    for process in reversed(running.values()):
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
