"""What a venue lists now against what is known: new versions of rules, and the changes that people should hear of."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.instrument import Instrument, InstrumentStatus
from jtrader.domain.times import iso


class ListingChange(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: listed (first seen), rules (steps, limits or fees), or the new status: trading, halted, settling,
    delisted. `fields` names what changed, as `name: before → after`."""

    instrument: InstrumentId
    ts: int
    kind: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = f" ({'; '.join(self.fields)})" if self.fields else ""
        return f"{self.instrument} {self.kind} as of {iso(self.ts)}{what}"


class Compared(NamedTuple):
    versions: list[Instrument]
    """To store: each valid from the time of the answer."""
    changes: list[ListingChange]


def compare(
    known: Sequence[Instrument], offered: Sequence[Instrument], markets: Collection[Market], at: int
) -> Compared:
    """`offered` is all that the `markets` list at `at` (ns, market time); `known` the newest stored versions. What a
    market offers no more is delisted. Raises BadInput when `at` lies before a version that is known already: an older
    answer never replaces a newer one."""
    newest = {one.id: one for one in known if one.market in markets}
    listed = {one.id: one for one in offered}
    gone = [
        msgspec.structs.replace(one, status=InstrumentStatus.DELISTED)
        for one in newest.values()
        if one.id not in listed and one.status is not InstrumentStatus.DELISTED
    ]
    found = Compared([], [])
    for now in [*listed.values(), *gone]:
        before = newest.get(now.id)
        fields = _differences(before, now) if before else ()
        if before and not fields:
            continue
        if before and at < before.valid_from:
            raise BadInput(
                f"{now.id}: the venue's rules as of {iso(at)} differ from those stored for {iso(before.valid_from)}, "
                "which is later; is this another simulated market in a home that was used before?"
            )
        found.versions.append(msgspec.structs.replace(now, valid_from=at))
        found.changes.append(ListingChange(instrument=now.id, ts=at, kind=_kind(before, now), fields=fields))
    return found


def _differences(before: Instrument, now: Instrument) -> tuple[str, ...]:
    names = (name for name in Instrument.__struct_fields__ if name != "valid_from")
    return tuple(
        f"{name}: {getattr(before, name)} → {getattr(now, name)}"
        for name in names
        if getattr(before, name) != getattr(now, name)
    )


def _kind(before: Instrument | None, now: Instrument) -> str:
    if before is None:
        return "listed"
    return "rules" if before.status is now.status else str(now.status)
