"""The kinds of ticks that are kept, each with its columns: events ↔ tables, tables ↔ bytes, many tables → one.

A table is a dict of equally long arrays. Trades are unique by their id and stand in order of (ts, id): the venue's own
order where it numbers them. Everything else is unique by `received`, the ns at which we received it, and stands in that
order: no venue tells it again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import FeedStatus, Funding, Mark, MarketEvent, OpenInterest, Quote, Trade, TradingStatus
from jtrader.store.ticks import columns as c
from jtrader.store.ticks.depth import DepthKind

Table = dict[str, Any]
RECEIVED = "received"


class Kind(Protocol):
    """How one kind of event is kept."""

    @property
    def name(self) -> str: ...

    @property
    def event(self) -> type[MarketEvent]: ...

    def table(self, events: Sequence[Any], received: int) -> Table:
        """`received` is the first event's; each further one counts a nanosecond more."""
        ...

    def events(self, instrument: InstrumentId, table: Table) -> list[Any]: ...

    def pack(self, table: Table, level: int) -> dict[str, bytes]: ...

    def unpack(self, packed: Mapping[str, bytes], count: int) -> Table: ...

    def take(self, table: Table, rows: Any) -> Table:
        """The rows of an index array, mask or slice."""
        ...

    def merge(self, tables: Sequence[Table]) -> Table:
        """Every row once, in order, whatever overlaps and in whatever order the tables come."""
        ...


class FlatKind:
    """Events whose fields are numbers and texts. Fields come from the event's own definition."""

    def __init__(self, event: type[MarketEvent]) -> None:
        self.name = str(event.__struct_config__.tag)
        self.event = event
        self._fields = {f.name: _form(f.type) for f in msgspec.structs.fields(event) if f.name != "instrument"}
        self._stored = self._fields | ({} if event is Trade else {RECEIVED: "int"})

    def table(self, events: Sequence[Any], received: int) -> Table:
        table = {name: _array([getattr(e, name) for e in events], form) for name, form in self._fields.items()}
        if RECEIVED in self._stored:
            table[RECEIVED] = np.arange(received, received + len(events), dtype=np.int64)
        return table

    def events(self, instrument: InstrumentId, table: Table) -> list[Any]:
        make: Any = self.event
        return [make(instrument, *row) for row in zip(*(table[n].tolist() for n in self._fields), strict=True)]

    def pack(self, table: Table, level: int) -> dict[str, bytes]:
        return {name: _PACK[form](table[name], level) for name, form in self._stored.items()}

    def unpack(self, packed: Mapping[str, bytes], count: int) -> Table:
        return {name: _UNPACK[form](packed[name], count) for name, form in self._stored.items()}

    def take(self, table: Table, rows: Any) -> Table:
        return {name: values[rows] for name, values in table.items()}

    def merge(self, tables: Sequence[Table]) -> Table:
        whole = {name: _concatenated([table[name] for table in tables]) for name in self._stored}
        if RECEIVED in self._stored:
            _, rows = np.unique(whole[RECEIVED], return_index=True)
            return self.take(whole, rows)
        return whole if _is_in_order(whole) else self.take(whole, _trades_once(whole))


def _form(kind: Any) -> str:
    return {int: "int", float: "float", str: "text", int | str: "id"}[kind]


def _array(values: list[Any], form: str) -> Any:
    if form == "int":
        return np.array(values, np.int64)
    return np.array(values, np.float64) if form == "float" else c.id_array(values)


def _concatenated(arrays: Sequence[Any]) -> Any:
    kinds = {array.dtype for array in arrays}
    return np.concatenate(arrays if len(kinds) == 1 else [array.astype(object) for array in arrays])


_PACK: dict[str, Any] = {"int": c.pack_integers, "float": c.pack_floats, "text": c.pack_ids, "id": c.pack_ids}
_UNPACK: dict[str, Any] = {"int": c.unpack_integers, "float": c.unpack_floats, "text": c.unpack_ids, "id": c.unpack_ids}


def _is_in_order(trades: Table) -> bool:
    ids = trades["trade_id"]
    return ids.dtype == np.int64 and bool((np.diff(ids) > 0).all() and (np.diff(trades["ts"]) >= 0).all())


def _trades_once(trades: Table) -> Any:
    """Rows of each id's first telling, by (ts, id). Tellings that differ are compared by value, so that the outcome
    does not depend on the order in which they came."""
    ids = trades["trade_id"]
    if ids.dtype != np.int64:  # text: its rank stands for it
        _, ids = np.unique(ids.astype(str), return_inverse=True)
    order = np.lexsort((trades["side"], trades["quantity"], trades["price"], trades["ts"], ids))
    is_first = np.diff(ids[order], prepend=ids[order][:1] - 1) != 0
    rows = order[is_first]
    return rows[np.lexsort((ids[rows], trades["ts"][rows]))]


_KINDS: tuple[Kind, ...] = (
    *(FlatKind(event) for event in (Trade, Quote, Mark, Funding, OpenInterest, TradingStatus, FeedStatus)),
    DepthKind(),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
"""By the event's tag: trade, quote, mark, funding, open_interest, trading, status, depth."""
_BY_EVENT = {kind.event: kind for kind in _KINDS}


def kind_of(event: type[MarketEvent]) -> Kind:
    """Raises BadInput for what is not kept as ticks."""
    if event not in _BY_EVENT:
        raise BadInput(f"{event.__name__} is not kept as ticks; kept are {', '.join(KINDS)}")
    return _BY_EVENT[event]
