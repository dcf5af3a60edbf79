"""What a venue lists now against what is known: new versions of rules, and the changes that people should hear of."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.instrument import Instrument, InstrumentStatus, Offered
from jtrader.domain.times import SECOND, iso

MOST_GONE, MOST_GONE_SHARE = 3, 0.2
"""More than both at once, contracts that ended apart, is an answer that was cut short."""


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
    doubt: str = ""
    """Why what is not listed any more stays as it was; empty where the answer is believed."""


def compare(
    known: Sequence[Instrument],
    offered: Sequence[Instrument],
    markets: Collection[Market],
    at: int,
    again: Sequence[Instrument] | None = None,
) -> Compared:
    """`offered` is all that the `markets` list at `at` (ns, market time); `known` the newest stored versions. What a
    market offers no more is delisted; what it offers in a row that can't be read stays as it was. Raises BadInput when
    `at` lies before a version that is known already: an older answer never replaces a newer one.

    `again` is a second answer: what only one of them lacks is not gone. Where too much is, nothing is delisted."""
    newest = {one.id: one for one in known if one.market in markets}
    listed = {one.id: one for one in offered}
    twice = {one.id for one in gone(known, offered if again is None else again, markets)}
    lacking = [one for one in gone(known, offered, markets) if one.id in twice]
    doubt = _doubt(lacking, newest.values(), at)
    delisted = [] if doubt else [msgspec.structs.replace(one, status=InstrumentStatus.DELISTED) for one in lacking]
    found = Compared([], [], doubt)
    for now in [*listed.values(), *delisted]:
        before = newest.get(now.id)
        fields = _differences(before, now) if before else ()
        if before and not fields:
            continue
        if before and at + SECOND < before.valid_from:
            raise BadInput(
                f"{now.id}: the venue's rules as of {iso(at)} differ from those stored for {iso(before.valid_from)}, "
                "which is later; is this another simulated market in a home that was used before?"
            )
        since = max(at, before.valid_from + 1) if before else at
        found.versions.append(msgspec.structs.replace(now, valid_from=since))
        found.changes.append(ListingChange(instrument=now.id, ts=since, kind=_kind(before, now), fields=fields))
    return found


def gone(known: Sequence[Instrument], offered: Sequence[Instrument], markets: Collection[Market]) -> list[Instrument]:
    """What was listed and is not offered any more, not even in a row that can't be read."""
    listed = {one.id for one in offered} | (offered.unreadable if isinstance(offered, Offered) else frozenset())
    return [one for one in _listed(known) if one.market in markets and one.id not in listed]


def _listed(known: Iterable[Instrument]) -> list[Instrument]:
    return [one for one in known if one.status is not InstrumentStatus.DELISTED]


def _doubt(lacking: Sequence[Instrument], known: Iterable[Instrument], at: int) -> str:
    early = [one.id for one in lacking if one.expiry is None or one.expiry > at]
    before = len(_listed(known))
    if len(early) <= max(MOST_GONE, MOST_GONE_SHARE * before):
        return ""
    return (
        f"the answer lacks {len(early):,} of {before:,} listed instruments, for example {', '.join(early[:3])}: "
        "too many at once to be believed; their rules stay as they were"
    )


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
