"""What to train on: which models, which pinned candles, which code."""

from collections.abc import Sequence

import msgspec

from jtrader.app.commit import head_commit, is_dirty
from jtrader.app.jobs.snapshots import common_end, pin_now
from jtrader.app.settings import Settings
from jtrader.crawl.snapshot import check_unchanged, nothing_stored
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, MINUTE, Span, parse_time
from jtrader.learn.declaration import Declaration, choose, load_declarations
from jtrader.ports.stores import CandleStore, Snapshot, SnapshotStore

LEAD_IN = DAY
"""What is pinned before the range for features that look back."""


class TrainingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """[start, end) in ns, on minutes. The snapshot holds the candles of the range and its lead-in."""

    declarations: tuple[Declaration, ...]
    start: int
    end: int
    commit: str
    dirty: bool
    snapshot: Snapshot

    @property
    def instruments(self) -> tuple[str, ...]:
        return tuple(sorted({name for declaration in self.declarations for name in declaration.universe}))

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(sorted({name for declaration in self.declarations for name in declaration.features}))


def plan_training(
    settings: Settings,
    candles: CandleStore,
    snapshots: SnapshotStore,
    models: Sequence[str],
    days: int,
    end: str | None,
    snapshot: str | None = None,
) -> TrainingRequest:
    """`models` empty = all declared; `end` ISO time, None = after the newest minute that all instruments have. With
    `snapshot`, the (start of the) id of what was pinned, its range is trained on; without, what is stored is pinned.

    Raises BadInput for a bad declaration, an unknown model, an instrument without candles, a snapshot whose data
    changed; Unavailable.
    """
    if days < 1:
        raise BadInput(f"days = {days}: allowed is 1 or more")
    declarations = tuple(choose(load_declarations(settings.models), models))
    if not declarations:
        raise BadInput(f"no model is declared below {', '.join(str(root) for root in settings.models)}")
    instruments = sorted({InstrumentId(name) for declaration in declarations for name in declaration.universe})
    if snapshot:
        pinned = _pinned(candles, snapshots, snapshot, instruments)
    else:
        until = parse_time(end) // MINUTE * MINUTE if end else common_end(candles, instruments)
        start = until - days * DAY
        pinned = pin_now(candles, snapshots, instruments, Span(start - LEAD_IN, until))
        if empty := [row.instrument for row in pinned.instruments if row.last < start]:
            raise nothing_stored(empty, Span(start, until))
    return TrainingRequest(
        declarations=declarations,
        start=pinned.start + LEAD_IN,
        end=pinned.end,
        commit=head_commit(),
        dirty=is_dirty(),
        snapshot=pinned,
    )


def _pinned(candles: CandleStore, snapshots: SnapshotStore, name: str, instruments: Sequence[str]) -> Snapshot:
    snapshot = snapshots.load(name)
    known = [row.instrument for row in snapshot.instruments]
    if lacking := [one for one in instruments if one not in known]:
        raise BadInput(f"snapshot {snapshot.id[:12]} lacks {', '.join(lacking)}; it pins {', '.join(known)}")
    if snapshot.end - snapshot.start <= LEAD_IN:
        raise BadInput(f"snapshot {snapshot.id[:12]} is too short: its first day is needed to look back on")
    check_unchanged(candles, snapshot)
    return snapshot
