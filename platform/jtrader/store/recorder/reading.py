"""What was recorded of an instrument's trades since one of them, for who has lost some on the way."""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Trade
from jtrader.ports.stores import TickStore

EVER = 2**62
MOST_TRADES = 100_000
"""Of one answer."""


class Heard(NamedTuple):
    """How far somebody knows an instrument's trades: the time of the last one, ns, and which of that time; where the
    venue numbers them without holes, the last one alone."""

    ts: int
    ids: frozenset[int | str]

    def is_new(self, trade: Trade, is_numbered: bool) -> bool:
        """Whether a trade of the venue comes after that."""
        if is_numbered:
            return _number(trade) > self.number
        return trade.ts > self.ts or (trade.ts == self.ts and trade.trade_id not in self.ids)

    def then(self, trade: Trade, is_numbered: bool) -> "Heard":
        if trade.ts == self.ts and not is_numbered:
            return Heard(self.ts, self.ids | {trade.trade_id})
        return Heard(max(self.ts, trade.ts), frozenset({trade.trade_id}))

    @property
    def number(self) -> int:
        """Of numbered trades."""
        return max(one for one in self.ids if isinstance(one, int))


class TradeReader:
    """Every method raises Unavailable when the store is away."""

    def __init__(self, store: TickStore, is_numbered: Callable[[InstrumentId], bool]) -> None:
        """`is_numbered`: whether the venue numbers an instrument's trades without holes."""
        self._store = store
        self._is_numbered = is_numbered

    def since(self, instrument: InstrumentId, heard: Heard, until: Trade | None = None) -> list[Trade]:
        """The next trades after `heard`, in order, at most `MOST_TRADES`: those before `until`, else all up to the
        first that is known to be missing."""
        end, is_numbered = EVER if until is None else until.ts + 1, self._is_numbered(instrument)
        found = (t for t in self._store.read(Trade, instrument, heard.ts, end) if heard.is_new(t, is_numbered))
        if not is_numbered:
            mine = (t for t in found if until is None or t.trade_id != until.trade_id)
        elif until is not None:
            last = _number(until)
            mine = (t for t in found if _number(t) < last)
        else:
            missing = self._store.contiguity(instrument, heard.ts, end).missing
            mine = (t for t in found if not missing or _number(t) < missing[0].first)
        return list(islice(mine, MOST_TRADES))

    def is_whole(self, instrument: InstrumentId, heard: Heard, until: Trade) -> bool:
        """Whether all between `heard` and `until` is stored: by the ids; where there are no numbers, `until` itself is,
        and what is recorded is recorded in order."""
        if not self._is_numbered(instrument):
            return any(
                t.trade_id == until.trade_id for t in self._store.read(Trade, instrument, until.ts, until.ts + 1)
            )
        found = self._store.contiguity(instrument, heard.ts, until.ts + 1)
        if found.first is None or found.last is None:
            return False
        return found.is_whole and found.first <= heard.number + 1 and found.last >= _number(until) - 1


def _number(trade: Trade) -> int:
    assert isinstance(trade.trade_id, int)
    return trade.trade_id
