"""What arrives from the bus: buffered by kind and instrument, stamped with its time of receipt, losses noted."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, FeedStatus, Mark, MarketEvent, Quote, Trade
from jtrader.ports.stores import Gap
from jtrader.store.ticks.batch import TickBatch, pack_table
from jtrader.store.ticks.columns import FAST
from jtrader.store.ticks.kinds import RECEIVED, kind_of

STREAMED = (Quote, Depth, Mark)
"""Kinds that nobody tells again: what was missed of them stays a gap."""
WE_WERE_DOWN = "we_were_down"
_SILENT = {"down": "venue_down", "quarantined": "quarantined"}
"""States of a feed in which it hands nothing on, and what the gap is called."""


Key = tuple[type[MarketEvent], InstrumentId]


class Portion(NamedTuple):
    """Events of one kind and instrument in the order of receipt."""

    kind: type[MarketEvent]
    instrument: InstrumentId
    events: list[Any]
    received: list[tuple[int, int]]
    """(receipt of the first, how many) of each message, ns; the others of a message count on."""

    def batches(self) -> list[TickBatch]:
        """Packed; this is most of the recorder's work, and needs no lock."""
        kind = kind_of(self.kind)
        table = kind.table(self.events, 0)
        if RECEIVED in table:
            table[RECEIVED] = np.concatenate([np.arange(at, at + count) for at, count in self.received])
        return list(pack_table(kind, self.instrument, table, FAST))


class Lost(NamedTuple):
    """A stretch in which events of a kind may be missing."""

    kind: type[MarketEvent]
    gap: Gap


class Intake:
    """Not safe for several threads at once."""

    def __init__(self, wall: Callable[[], int], is_numbered: Callable[[InstrumentId], bool]) -> None:
        """`is_numbered`: whether the venue numbers an instrument's trades without holes."""
        self._wall = wall
        self._is_numbered = is_numbered
        self._portions: dict[Key, Portion] = {}
        self._received = 0
        self._last_id: dict[InstrumentId, int] = {}
        self._first_ts: dict[Key, int] = {}
        self._last_ts: dict[Key, int] = {}
        self._broken: dict[Key, str] = {}
        """Why what was told last is not followed by what comes next; of books until they are told whole."""
        self._void: dict[Key, int] = {}
        """Of books that are broken: the end of the updates that mean nothing since they were last noted as lost, ns."""
        self._lost: list[Lost] = []
        self._suspects: dict[InstrumentId, int] = {}
        self.rows = 0
        """Waiting to be taken."""
        self.market_time = 0
        """The newest venue time seen, ns."""

    def expect(self, newest: MarketEvent) -> None:
        """The newest of a kind that is stored from before this start: what came between it and the first event is
        missing."""
        key = (type(newest), newest.instrument)
        if isinstance(newest, Trade):
            self._expect_trades(newest)
        elif key in self._first_ts:
            self._lose(key, newest.ts, self._first_ts[key], WE_WERE_DOWN)
        else:
            self._last_ts[key] = newest.ts
            self._broken[key] = WE_WERE_DOWN

    def _expect_trades(self, newest: Trade) -> None:
        """Numbered ones show by the first id that comes whether some are missing: before that nobody could tell."""
        instrument = newest.instrument
        if self._is_numbered(instrument) and instrument not in self._last_id:
            assert isinstance(newest.trade_id, int)
            self._last_id[instrument] = newest.trade_id
            self._last_ts[Trade, instrument] = newest.ts
        else:
            self.suspect(instrument, newest.ts)

    def start_above(self, receipt: int) -> None:
        """What waits and what comes was received after `receipt` (ns), the last one that is stored: the wall clock may
        have stepped back since."""
        waiting = [at for portion in self._portions.values() for at, _ in portion.received]
        shift = receipt + 1 - min(waiting, default=receipt + 1)
        self._received = max(self._received, receipt) if not waiting else self._received + max(shift, 0)
        if shift > 0:
            for portion in self._portions.values():
                portion.received[:] = [(at + shift, count) for at, count in portion.received]

    def dropped(self, kind: type[MarketEvent], instrument: InstrumentId, start: int, end: int) -> None:
        """Events of start ≤ ts ≤ end were seen, and lost before they were stored. Trades are asked of the venue."""
        key = (kind, instrument)
        if kind is Depth:
            self._broken.setdefault(key, "lost")
            self._last_ts[key] = min(self._last_ts.get(key, start - 1), start - 1)
            self._void[key] = max(self._void.get(key, 0), end + 1)
        elif kind is not Trade:
            self._lost.append(Lost(kind, Gap(instrument=instrument, start=start, end=end + 1, cause="lost")))

    def see(self, kind: type[MarketEvent], instrument: InstrumentId, events: Sequence[Any], missed: int) -> None:
        """A message of the bus; `missed` messages before it were lost (≠ 0)."""
        if kind is Trade:
            self._watch_trades(instrument, events, missed)
        elif kind in STREAMED:
            self._watch_stream(kind, instrument, events, missed)
        elif kind is FeedStatus:
            self._watch_status(instrument, events)
        if not events:
            return
        at = max(self._wall(), self._received + 1)
        self._received = at + len(events) - 1
        portion = self._portions.get((kind, instrument))
        if portion is None:
            portion = self._portions[kind, instrument] = Portion(kind, instrument, [], [])
        portion.events.extend(events)
        portion.received.append((at, len(events)))
        self.rows += len(events)
        self.market_time = max(self.market_time, events[-1].ts)

    def take(self) -> list[Portion]:
        """All that waits."""
        portions, self._portions, self.rows = list(self._portions.values()), {}, 0
        return portions

    def take_lost(self) -> list[Lost]:
        """Also of what is still broken, as far as it has come: nobody could tell it after a crash."""
        for key, end in self._void.items():
            if key in self._last_ts:
                self._lose(key, self._last_ts[key], end, self._broken[key])
        self._void.clear()
        lost, self._lost = self._lost, []
        return lost

    def take_suspects(self) -> dict[InstrumentId, int]:
        """Instruments of which trades may be missing, with the venue time of the last one before."""
        suspects, self._suspects = self._suspects, {}
        return suspects

    def suspect(self, instrument: InstrumentId, since: int) -> None:
        """Trades after `since` (ns of venue time) may be missing."""
        self._suspects[instrument] = min(since, self._suspects.get(instrument, since))

    def _watch_trades(self, instrument: InstrumentId, trades: Sequence[Trade], missed: int) -> None:
        if missed or (self._is_numbered(instrument) and not self._follows(instrument, trades)):
            self._suspect_from_last(instrument)
        if trades:
            self._last_ts[Trade, instrument] = trades[-1].ts

    def _follows(self, instrument: InstrumentId, trades: Sequence[Trade]) -> bool:
        """Whether the ids go on from the last one without a hole."""
        if not trades:
            return True
        first, last = trades[0].trade_id, trades[-1].trade_id
        assert isinstance(first, int)
        assert isinstance(last, int)
        before = self._last_id.get(instrument, first - 1)
        self._last_id[instrument] = max(last, before)
        return first == before + 1 and last - first + 1 == len(trades)

    def _suspect_from_last(self, instrument: InstrumentId) -> None:
        if (Trade, instrument) in self._last_ts:
            self.suspect(instrument, self._last_ts[Trade, instrument])

    def _watch_stream(
        self, kind: type[MarketEvent], instrument: InstrumentId, events: Sequence[MarketEvent], missed: int
    ) -> None:
        key = (kind, instrument)
        if missed:
            self._broken.setdefault(key, "lost")
        if not events:
            return
        sound = _first_sound(events)
        if sound is not None:
            self._first_ts.setdefault(key, sound.ts)
        if key in self._broken:
            if sound is None:
                self._void[key] = events[-1].ts + 1
                return
            self._void.pop(key, None)
            self._lose(key, self._last_ts.get(key, sound.ts), sound.ts, self._broken.pop(key))
        self._last_ts[key] = events[-1].ts

    def _lose(self, key: Key, last: int, first: int, cause: str) -> None:
        """Between the last and the first event known, both kept."""
        if last + 1 < first:
            kind, instrument = key
            self._lost.append(Lost(kind, Gap(instrument=instrument, start=last + 1, end=first, cause=cause)))

    def _watch_status(self, instrument: InstrumentId, events: Sequence[FeedStatus]) -> None:
        """While the feed is down the venue tells nothing: its trades are asked for once it is up again."""
        for event in events:
            if event.state in _SILENT:
                for kind in STREAMED:
                    if (kind, instrument) in self._last_ts:
                        self._broken.setdefault((kind, instrument), _SILENT[event.state])
            elif event.state == "up":
                self._suspect_from_last(instrument)


def _first_sound(events: Sequence[MarketEvent]) -> MarketEvent | None:
    """The first event that needs none before it: an update changes a book that must be known."""
    return next((event for event in events if not isinstance(event, Depth) or event.snapshot), None)
