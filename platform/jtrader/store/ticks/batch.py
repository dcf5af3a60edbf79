"""A batch: rows of one kind, instrument and hour, packed. It is what is spilled, stored and compacted."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import MarketEvent
from jtrader.domain.times import HOUR
from jtrader.store.ticks.columns import FAST
from jtrader.store.ticks.kinds import KINDS, Kind, Table, kind_of


class TickBatch(msgspec.Struct, frozen=True, kw_only=True):
    """`start` and `end` are the first and last venue time in it (both inside). `first_id` and `last_id` are the lowest
    and highest trade id where the venue numbers its trades."""

    kind: str
    instrument: InstrumentId
    hour: int
    """Start of the hour that holds all of it, ns."""
    count: int
    start: int
    end: int
    first_id: int | None = None
    last_id: int | None = None
    columns: dict[str, bytes]

    @property
    def digest(self) -> str:
        """The same for the same rows: storing a batch twice changes nothing."""
        content = hashlib.blake2b(digest_size=12)
        for name in sorted(self.columns):
            content.update(self.columns[name])
        return content.hexdigest()

    def table(self) -> Table:
        return KINDS[self.kind].unpack(self.columns, self.count)


def pack(events: Sequence[MarketEvent], received: int = 0, level: int = FAST) -> list[TickBatch]:
    """Events of any kinds and instruments. `received`: when the first came, ns; the others count on from there, and no
    two calls may share a number. Raises BadInput for what is not kept as ticks."""
    rows: dict[tuple[type[MarketEvent], InstrumentId], list[MarketEvent]] = {}
    for event in events:
        rows.setdefault((type(event), event.instrument), []).append(event)
    found: list[TickBatch] = []
    for (event_type, instrument), same in rows.items():
        kind = kind_of(event_type)
        found += pack_table(kind, instrument, kind.table(same, received), level)
        received += len(same)
    return found


def pack_table(kind: Kind, instrument: InstrumentId, table: Table, level: int) -> Iterable[TickBatch]:
    """One batch an hour that the table touches."""
    hours = table["ts"] // HOUR
    for hour in np.unique(hours).tolist():
        part = table if hours[0] == hours[-1] == hour and (hours == hour).all() else kind.take(table, hours == hour)
        yield pack_hour(kind, instrument, hour * HOUR, part, level)


def pack_hour(kind: Kind, instrument: InstrumentId, hour: int, table: Table, level: int) -> TickBatch:
    """The rows of a single hour."""
    ids: Any = table.get("trade_id")
    is_numbered = ids is not None and ids.dtype == np.int64
    return TickBatch(
        kind=kind.name,
        instrument=instrument,
        hour=hour,
        count=len(table["ts"]),
        start=int(table["ts"].min()),
        end=int(table["ts"].max()),
        first_id=int(ids.min()) if is_numbered else None,
        last_id=int(ids.max()) if is_numbered else None,
        columns=kind.pack(table, level),
    )
