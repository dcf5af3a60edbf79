"""The model that model_signal asks: follows the registry's alias in wall time, away from the event path."""

import asyncio
import logging

from jtrader.ports.learning import Predictor
from jtrader.registry.champion import ChampionWatch

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0


class Champion:
    """Polls in a thread; the new predictor is taken by the next event, never in the middle of one."""

    def __init__(self, watch: ChampionWatch | None, absent: str = "no registry is configured") -> None:
        self._watch = watch
        self._absent = absent
        self._told = ""
        self.swaps = 0
        self.version = ""

    def predictor(self, broker: str) -> Predictor | None:
        """The champion, if it may drive accounts of this broker setting."""
        predictor = self._watch.predictor if self._watch else None
        if predictor is None or broker not in predictor.ref.allowed_brokers:
            return None
        return predictor

    def problem(self, broker: str) -> str:
        """Why there is no predictor for such accounts, or why it is not the alias's; empty if all is well."""
        if self._watch is None:
            return self._absent
        served = self._watch.predictor
        if served is not None and broker not in served.ref.allowed_brokers:
            allowed = ", ".join(served.ref.allowed_brokers)
            return f"{served.ref.name} version {served.ref.version} is limited to {allowed}: {broker} accounts abstain"
        return self._watch.problem

    async def follow(self) -> None:
        """Polls until cancelled."""
        while self._watch is not None:
            await self.poll_once()
            await asyncio.sleep(POLL_SECONDS)

    async def poll_once(self) -> None:
        if self._watch is None:
            return
        try:
            has_changed = await asyncio.to_thread(self._watch.poll)
        except Exception:
            log.exception("the champion can't be asked for; what is served stays")
            return
        if has_changed:
            predictor = self._watch.predictor
            self.version = predictor.ref.version if predictor else ""
            self.swaps += 1
            log.info("champion is now %s", f"{predictor.ref.name} version {self.version}" if predictor else "absent")
        if self._watch.problem != self._told:
            self._told = self._watch.problem
            if self._told:
                log.warning("champion: %s", self._told)
