"""Limits over RPC: those in force, and those of the settings as they stand now, in two steps where they differ much."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from jtrader.app.services.oms.core_loop import CoreLoop
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import AccountId
from jtrader.engine.inputs import LimitsAsked
from jtrader.engine.limits import sets_of
from jtrader.risk.changes import changes, token_of
from jtrader.risk.limits import LimitSet


class LimitsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from the limits in force, as sentences; `confirm` is the word that lets `large` ones in."""

    changes: list[str]
    large: list[str]
    applied: bool
    confirm: str = ""


class LimitMethods:
    """`reading` reads the settings anew; raises BadInput for what they get wrong."""

    def __init__(self, core: CoreLoop, reading: Callable[[], Mapping[AccountId, LimitSet]]) -> None:
        self._core = core
        self._reading = reading

    def handlers(self) -> dict[str, Callable[..., Awaitable[Any]]]:
        return {"limits": self.limits, "reload_limits": self.reload_limits}

    async def limits(self) -> dict[AccountId, LimitSet]:
        return sets_of(self._core.engine.core)

    async def reload_limits(self, actor: str, reason: str, confirm: str = "") -> LimitsAnswer:
        """Applies them all or none; on any error those in force stay. Raises BadInput."""
        new = dict(await asyncio.to_thread(self._reading))
        in_force = sets_of(self._core.engine.core)
        if new.keys() != in_force.keys():
            raise BadInput(f"the accounts in the settings are not {', '.join(in_force)} any more: start the oms anew")
        found = changes(in_force, new)
        told, large = [str(one) for one in found], [str(one) for one in found if one.is_large]
        token = token_of(new)
        if confirm and confirm != token:
            raise BadInput(f"'{confirm}' confirms other limits than the settings hold now; reload without it and look")
        if not found or (large and not confirm):
            return LimitsAnswer(changes=told, large=large, applied=False, confirm=token if large else "")
        answer = await self._core.ask(LimitsAsked(limits=new, actor=actor, reason=reason))
        if answer is None:
            raise Broken("the engine gave no answer to new limits")
        if not answer.accepted:
            raise BadInput(answer.reason)
        return LimitsAnswer(changes=told, large=large, applied=True)
