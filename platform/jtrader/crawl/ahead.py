"""Asking a page ahead: while the venue works on one page of a long range, the next is under way.

Where the next page begins is known from the last one only; but pages that cover the same length twice will do so again.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

from jtrader.domain.times import Span

Row = TypeVar("Row")

AT_ONCE = 2
"""Pages of one instrument."""


class Ahead(Generic[Row]):
    """`ask` as if each page were asked for on its own. A page that turns out not to be the next one is thrown away, and
    so is its failure. `ask` must be safe to call from several threads."""

    def __init__(self, ask: Callable[[Span], Sequence[Row]]) -> None:
        self._ask = ask
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="crawl-ahead")
        self._span: Span | None = None
        self._length = 0
        self._next: tuple[Span, Future[Sequence[Row]]] | None = None

    def ask(self, span: Span) -> Sequence[Row]:
        """The page that begins with the span. Raises what `ask` raises."""
        expected, self._next = self._next, None
        if expected is not None and expected[0] != span:
            expected[1].cancel()
            expected = None
        self._look_ahead(span)
        return self._ask(span) if expected is None else expected[1].result()

    def __enter__(self) -> "Ahead[Row]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _look_ahead(self, span: Span) -> None:
        """Where the last two pages of this range covered the same length."""
        last, self._span = self._span, span
        covered = span.start - last.start if last is not None and last.end == span.end else 0
        is_regular, self._length = 0 < covered == self._length, covered
        if is_regular and span.start + covered < span.end:
            following = Span(span.start + covered, span.end)
            self._next = following, self._pool.submit(self._ask, following)
