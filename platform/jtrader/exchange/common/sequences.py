"""How each venue numbers the updates of a book, and what that proves.

A policy looks at one update and the number the book stands at. Used by `books.BookKeeper`:

    spot_ids          Binance spot: an update carries U..u, the next one starts at u+1
    futures_ids       Binance futures: `pu` names the update before
    version_ids       HTX contracts: `version` grows by one
    previous_ids      HTX spot (prevSeqNum), OKX (prevSeqId): names the update before
    unnumbered        BitMEX: no number; the connection's order is all there is
"""

from collections.abc import Callable
from enum import Enum


class Step(Enum):
    """OLD: the book has it already. NEXT: apply it. GAP: something between is missing."""

    OLD = "old"
    NEXT = "next"
    GAP = "gap"


Policy = Callable[[int, int, int, int, bool], Step]
"""(the book's number, the update's first, last and previous number, whether the book is a fresh snapshot) → Step"""


def spot_ids(at: int, first: int, last: int, _previous: int, fresh: bool) -> Step:
    """https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams (how to manage a local order book).
    The first update after a snapshot may begin before it."""
    if last <= at:
        return Step.OLD
    return Step.NEXT if first == at + 1 or (fresh and first <= at) else Step.GAP


def futures_ids(at: int, _first: int, last: int, previous: int, fresh: bool) -> Step:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures (how to manage a local order book). An
    update covers what came after `pu` up to `u`, so the first after a snapshot has to cover the snapshot's number."""
    if previous == at:
        return Step.NEXT
    if last <= at:
        return Step.OLD
    return Step.NEXT if fresh and previous <= at else Step.GAP


def version_ids(at: int, _first: int, last: int, _previous: int, _fresh: bool) -> Step:
    if last <= at:
        return Step.OLD
    return Step.NEXT if last == at + 1 else Step.GAP


def previous_ids(at: int, _first: int, last: int, previous: int, fresh: bool) -> Step:
    """The chain alone decides, also where a venue starts its numbers over (OKX's maintenance)."""
    if previous == at:
        return Step.NEXT
    if last <= at:
        return Step.OLD
    return Step.NEXT if fresh and previous <= at else Step.GAP


def unnumbered(_at: int, _first: int, _last: int, _previous: int, _fresh: bool) -> Step:
    return Step.NEXT
