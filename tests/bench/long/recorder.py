"""The recorder while mongod is killed or stands still now and then: in the end every trade of the venue is stored."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable

from bench.long.outcome import Outcome
from bench.servers import DATABASE, folder, mongod, simulator
from fixtures.recording_desk import BTC, EVER, SPEED, Desk, mongod_pid
from fixtures.simulator import TWO_DAYS
from fixtures.stack import Mongo as Database
from fixtures.trading_floor import when
from jtrader.domain.market import Quote, Trade
from jtrader.domain.times import HOUR

ROUND = 30.0
"""Market seconds between two looks at the dice."""
LONGEST_STOP = 60.0
STATES = ("rows", "repaired_trades", "absent_trades", "dropped_rows", "gaps", "compacted_hours")


def run(seconds: float, seed: int) -> Outcome:
    minutes = int(seconds * SPEED / 60) + 30
    market = TWO_DAYS | {"intensity": 0.3, "instruments": [BTC], "live_minutes": minutes, "seed": seed}
    with simulator(**market) as venue, mongod() as uri, folder() as home:
        desk = Desk(home, venue, Database(uri, DATABASE))
        try:
            desk.feed.start()
            desk.recorder.start()
            desk.run(ROUND)
            done = _disturb(desk, uri, seconds, random.Random(seed))
            desk.run(ROUND)
            desk.wait_until_whole()
            desk.store.compact(venue.now + HOUR)
            health, found = desk.health(), desk.store.contiguity(BTC, *EVER)
            figures = {name: health[name] for name in STATES} | done
            figures |= {"trades": desk.store.count(Trade), "quotes": desk.store.count(Quote)}
        finally:
            desk.close()
    is_whole = found.is_whole and figures["dropped_rows"] == figures["absent_trades"] == 0
    return Outcome(name="recorder", trouble="" if is_whole else f"not whole: {found}", figures=figures)


def _disturb(desk: Desk, uri: str, seconds: float, dice: random.Random) -> Counter[str]:
    """Ends with all of it running again."""
    disturbances: tuple[tuple[str, Callable[[], None]], ...] = (
        ("mongod_killed", lambda: os.kill(mongod_pid(uri), signal.SIGKILL)),
        ("mongod_stopped", lambda: _stand_still(desk, uri, dice.uniform(1, min(LONGEST_STOP, seconds / 4)))),
        ("recorder_killed", lambda: _again(desk)),
        ("nothing", lambda: None),
    )
    done: Counter[str] = Counter({name: 0 for name, _ in disturbances})
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        name, disturb = disturbances[done.total()] if done.total() < 3 else dice.choice(disturbances)
        disturb()
        done[name] += 1
        desk.run(ROUND * dice.uniform(0.5, 4))
        when(lambda: desk.health()["state"] == "recording", 120, desk.recorder.log)
    return done


def _stand_still(desk: Desk, uri: str, seconds: float) -> None:
    pid = mongod_pid(uri)
    os.kill(pid, signal.SIGSTOP)
    try:
        desk.run(seconds * SPEED)
    finally:
        os.kill(pid, signal.SIGCONT)


def _again(desk: Desk) -> None:
    desk.recorder.kill()
    desk.run(ROUND)
    desk.recorder.start()
