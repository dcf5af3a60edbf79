"""A month of minutes, crawled while the venue fails every tenth request and crawls are killed: equal to a clean one."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from bench.groups.crawl import INSTRUMENTS
from bench.long.outcome import Outcome
from bench.servers import folder, mongod, simulator
from fixtures.faults import faults, rule
from fixtures.trading_floor import when
from jtrader.app.jobs.crawl import crawl_market_data
from jtrader.app.settings import CHECKOUT, Settings, load_settings
from jtrader.app.wiring.data import open_stores
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, MINUTE, iso

FAILING = 0.1
KILLS = 3
LONGEST_DAYS = 31
PROGRAM = [sys.executable, "-c", "from jtrader.app.cli import main; main()", "crawl"]


def run(seconds: float, seed: int) -> Outcome:
    """`seconds` only shortens it: a month takes about a minute."""
    days = max(1, min(LONGEST_DAYS, int(seconds / 2)))
    began = time.monotonic()
    with simulator(days=days + 1, seed=seed) as venue, mongod() as uri, folder() as home:
        end = venue.now // MINUTE * MINUTE
        at = {
            name: load_settings(home=home, mongo_uri=uri, mongo_database=name, simulator_uri=venue.uri)
            for name in ("clean", "disturbed")
        }
        clean = crawl_market_data(INSTRUMENTS, days, iso(end), at["clean"])
        with faults(venue, rule("answer", {"path": "*lines", "share": FAILING}, status=503, body="busy"), seed=seed):
            kills = _killed(home, at["disturbed"], days, iso(end), clean.stored, random.Random(seed))
            result = crawl_market_data(INSTRUMENTS, days, iso(end), at["disturbed"])
        differing = [name for name in INSTRUMENTS if len({_packed(one, name, days, end) for one in at.values()}) > 1]
    figures = {"days": days, "candles": result.stored, "new_at_last": result.new, "gaps": result.gaps, "kills": kills}
    is_equal = not differing and result.stored == clean.stored and result.gaps == clean.gaps == 0
    trouble = "" if is_equal else f"differs from a clean crawl: {differing or figures}"
    return Outcome(name="crawl", trouble=trouble, figures=figures | {"took": round(time.monotonic() - began, 1)})


def _killed(home: Path, settings: Settings, days: int, end: str, whole: int, dice: random.Random) -> int:
    """Crawls that are killed once they have stored some more; returns how many were."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JTRADER_")} | {
        "JTRADER_HOME": str(home),
        "JTRADER_MONGO_URI": settings.need("mongo_uri"),
        "JTRADER_MONGO_DATABASE": settings.mongo_database,
        "JTRADER_SIMULATOR_URI": settings.need("simulator_uri"),
        "PYTHONPATH": str(CHECKOUT / "platform"),
    }
    killed = 0
    with open_stores(settings) as stores:
        for part in range(1, KILLS + 1):
            wanted = whole * (part - dice.uniform(0.2, 0.8)) / (KILLS + 1)
            command = [*PROGRAM, "--days", str(days), "--end", end]
            with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as running:
                when(lambda wanted=wanted, running=running: stores.candles.count() > wanted or running.poll() == 0, 300)
                killed += running.poll() is None
                running.kill()
    return killed


def _packed(settings: Settings, name: str, days: int, end: int) -> bytes:
    with open_stores(settings) as stores:
        return stores.candles.packed(InstrumentId(name), end - days * DAY, end)
