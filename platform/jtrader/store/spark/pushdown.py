"""What of a query's filters a store answers by its own index: which instruments, and from when to when."""

from collections.abc import Iterable

from pyspark.sql.datasource import (
    EqualTo,
    Filter,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNotNull,
    LessThan,
    LessThanOrEqual,
    StringStartsWith,
)

_INSTRUMENT, _TS = ("instrument",), ("ts",)
"""Columns of the index, never null."""


class Wanted:
    """Instruments by name (=, IN) or by the start of their names (`startswith("binance_usdm:")` is a market,
    `startswith("binance")` a venue), and [start, end) of ts in ns (<, ≤, >, ≥, =). None = not restricted."""

    def __init__(self) -> None:
        self.instruments: set[str] | None = None
        self.prefixes: list[str] = []
        self.start: int | None = None
        self.end: int | None = None

    def left_over(self, filters: Iterable[Filter]) -> Iterable[Filter]:
        """Takes what it can; the rest is for Spark."""
        return [one for one in filters if not self._takes(one)]

    def chosen(self, known: Iterable[str]) -> list[str]:
        """Of the known instruments those that are wanted, in order."""
        return sorted(
            name
            for name in known
            if (self.instruments is None or name in self.instruments) and all(map(name.startswith, self.prefixes))
        )

    def within(self, start: int, end: int) -> tuple[int, int]:
        """[start, end) cut to what is wanted."""
        return (
            start if self.start is None else max(start, self.start),
            end if self.end is None else min(end, self.end),
        )

    def _takes(self, one: Filter) -> bool:
        column = getattr(one, "attribute", None)
        if isinstance(one, IsNotNull):
            return column in (_INSTRUMENT, _TS)
        if column == _INSTRUMENT:
            return self._takes_instrument(one)
        return column == _TS and self._takes_time(one)

    def _takes_instrument(self, one: Filter) -> bool:
        match one:
            case EqualTo(_, value):
                self._only({value})
            case In(_, values):
                self._only(set(values))
            case StringStartsWith(_, value):
                self.prefixes.append(value)
            case _:
                return False
        return True

    def _takes_time(self, one: Filter) -> bool:
        match one:
            case EqualTo(_, value):
                self._between(value, value + 1)
            case GreaterThanOrEqual(_, value):
                self._between(value, None)
            case GreaterThan(_, value):
                self._between(value + 1, None)
            case LessThan(_, value):
                self._between(None, value)
            case LessThanOrEqual(_, value):
                self._between(None, value + 1)
            case _:
                return False
        return True

    def _only(self, instruments: set[str]) -> None:
        self.instruments = instruments if self.instruments is None else self.instruments & instruments

    def _between(self, start: int | None, end: int | None) -> None:
        if start is not None:
            self.start = start if self.start is None else max(self.start, start)
        if end is not None:
            self.end = end if self.end is None else min(self.end, end)
