"""Moves the world along the clock, in small wall ticks, and tells the dialects what happened."""

import asyncio
import time
from collections.abc import Callable

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.clock import SimClock
from jtrader.exchange.sim.kept.keeper import Keeper
from jtrader.exchange.sim.world import Told, World

TICK_SECONDS = 0.04
"""Wall time between two moves: at 60x, 2.4 s of market time, told in steps."""
STEPS_A_TURN = 200
"""A long move gives way to requests after this many steps."""

Listener = Callable[[Told], None]


class Runner:
    """With a `keeper`, everything is written down before the event loop can send anything about it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clock = SimClock(world.now)
        self.keeper: Keeper | None = None
        self._listeners: list[Listener] = []
        self._moving = asyncio.Lock()
        self._changed = asyncio.Event()
        self._stopped = False

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def run(self, speed: float, until: int | None) -> None:
        """Market time runs from now to `until`, at most to the end of the live window."""
        world = self.world
        if not world.is_live:
            raise BadInput(
                "the live market has ended: from here time only jumps (/sim/clock/jump); "
                "without its state, <home>/sim, the simulator begins a new one"
            )
        self.clock.run(speed, world.live_end if until is None else min(until, world.live_end), time.monotonic_ns())
        self._changed.set()
        self.keep()

    def pause(self) -> None:
        self.catch_up()
        self.clock.pause()
        self.keep()

    async def jump(self, to: int) -> None:
        """Over generated minutes; what is left of the live window is played through first, unpaced."""
        async with self._moving:
            self.clock.pause()
            if to < self.world.now:
                raise BadInput(f"market time {self.world.now} does not go back to {to}")
            for number, told in enumerate(self.world.steps(to)):
                self._tell(told)
                if number % STEPS_A_TURN == 0:
                    self.keep()
                    await asyncio.sleep(0)
            self._tell(self.world.jump(to))
            self.clock.reached(self.world.now)
            self.keep()

    def catch_up(self) -> None:
        """Brings the world to where the wall clock says market time is."""
        if not self.clock.is_running or self._moving.locked():
            return
        for told in self.world.steps(self.clock.reach(time.monotonic_ns())):
            self._tell(told)
        self.clock.reached(self.world.now)
        self.keep()

    def tell(self) -> None:
        """Tells what an account's request did, without moving."""
        self._tell(self.world.told())
        self.keep()

    def keep(self) -> None:
        """What has happened up to here is on disk when it returns, where anything is kept."""
        if self.keeper is not None:
            self.keeper.commit()

    async def loop(self) -> None:
        """Runs until `stop`. While time stands still it costs nothing."""
        while not self._stopped:
            self.catch_up()
            self._changed.clear()
            pause = TICK_SECONDS if self.clock.is_running else None
            try:
                await asyncio.wait_for(self._changed.wait(), pause)
            except TimeoutError:
                continue

    def stop(self) -> None:
        self._stopped = True
        self._changed.set()

    def _tell(self, told: list[Told]) -> None:
        for one in told:
            if self.keeper is not None:
                self.keeper.note(one)
            for listener in self._listeners:
                listener(one)
