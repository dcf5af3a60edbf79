"""Which of a book's recorded updates mean something: between a gap and the next whole book none does."""

from collections.abc import Iterable, Iterator, Sequence

from jtrader.domain.market import Depth
from jtrader.ports.stores import Gap


def is_void(gaps: Sequence[Gap], since: int, at: int) -> bool:
    """Whether a book that was whole at `since` (ns) is lost by `at`: a gap has begun before that and was not over when
    it was told."""
    return any(gap.start < at and gap.end > since for gap in gaps)


def meaningful(updates: Iterable[Depth], gaps: Sequence[Gap], is_known: bool) -> Iterator[Depth]:
    """Updates in order of receipt, as far as the book that they change is known; `is_known` before the first of them.
    `gaps` ascend and begin no earlier than what the first one follows."""
    waiting, void_until = list(reversed(gaps)), 0
    for update in updates:
        while waiting and waiting[-1].start <= update.ts:
            void_until = max(void_until, waiting.pop().end)
            is_known = False
        is_known = is_known or (update.snapshot and update.ts >= void_until)
        if is_known:
            yield update
