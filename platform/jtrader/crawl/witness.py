"""What else knows of a candle: trades that were stored, and other venues. A witness only speaks where it can prove."""

from collections.abc import Sequence
from typing import Protocol

from jtrader.crawl.check import Doubt
from jtrader.domain.market import Candle
from jtrader.domain.times import Span


class Witness(Protocol):
    """Of one instrument. Raises Unavailable."""

    def doubts(self, candles: Sequence[Candle]) -> list[Doubt]:
        """Those that can't be true, with the reason. `candles` ascending, sane by themselves."""
        ...

    def nobody_traded(self, hole: Span) -> bool:
        """Proven that there was no trade in these minutes."""
        ...


class _Nobody:
    def doubts(self, candles: Sequence[Candle]) -> list[Doubt]:  # noqa: ARG002
        return []

    def nobody_traded(self, hole: Span) -> bool:  # noqa: ARG002
        return False


NOBODY: Witness = _Nobody()


class Witnesses:
    """Several, one after the other: what one doubts the next is not asked about."""

    def __init__(self, *witnesses: Witness) -> None:
        self._witnesses = witnesses

    def doubts(self, candles: Sequence[Candle]) -> list[Doubt]:
        doubts: list[Doubt] = []
        left = list(candles)
        for witness in self._witnesses:
            found = witness.doubts(left)
            doubted = {doubt.candle.ts for doubt in found}
            left = [candle for candle in left if candle.ts not in doubted]
            doubts += found
        return doubts

    def nobody_traded(self, hole: Span) -> bool:
        return any(witness.nobody_traded(hole) for witness in self._witnesses)
