"""What people ask of parent orders over RPC: where they stand; pause, resume, cancel."""

from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any

import msgspec

from jtrader.app.services.oms.core_loop import CoreLoop
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import ParentId
from jtrader.domain.order import Intent, ParentWish
from jtrader.engine.inputs import ParentWished
from jtrader.engine.parents import state_of

MOST_PARENTS = 5_000


class ParentLine(msgspec.Struct, frozen=True, kw_only=True):
    """A parent order and where it stands."""

    intent: Intent
    state: str
    reason: str
    filled: str
    working: str
    children: int


class ParentMethods:
    """One method an RPC name."""

    def __init__(self, core: CoreLoop) -> None:
        self._core = core

    def handlers(self) -> dict[str, Callable[..., Awaitable[Any]]]:
        return {"parents": self.parents, "want_parent": self.want_parent}

    async def parents(self, open_only: bool = False, limit: int = 200) -> list[ParentLine]:
        """Newest first."""
        if limit < 1:
            raise BadInput(f"limit is {limit}; ask for at least 1, at most {MOST_PARENTS:,} are answered")
        core = self._core.engine.core
        ids = core.watch.parents if open_only else core.state.parents
        return [self._line(parent_id) for parent_id in islice(reversed(ids), min(limit, MOST_PARENTS))]

    def _line(self, parent_id: ParentId) -> ParentLine:
        core = self._core.engine.core
        parent = core.state.parents[parent_id]
        filled, working = core.state.progress(parent)
        return ParentLine(
            intent=parent.intent,
            state=state_of(core, parent),
            reason=parent.reason,
            filled=format(filled, "f"),
            working=format(working, "f"),
            children=len(parent.children),
        )

    async def want_parent(self, parent_id: ParentId, wish: ParentWish, actor: str, reason: str) -> None:
        """Pauses, resumes (`run`) or cancels; answers when it is journaled. Raises BadInput where that can't be."""
        if not (actor.strip() and reason.strip()):
            raise BadInput("say who asks and why: actor and reason are journaled")
        answer = await self._core.ask(ParentWished(parent_id, wish, actor, reason))
        if answer is None:
            raise Broken("the engine gave no answer to a wish")
        if not answer.accepted:
            raise BadInput(answer.reason)
