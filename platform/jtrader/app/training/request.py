"""What to train on: which models, which minutes, which code."""

from collections.abc import Sequence

import msgspec

from jtrader.app.commit import head_commit, is_dirty
from jtrader.app.settings import Settings
from jtrader.domain.errors import BadInput
from jtrader.domain.times import DAY, MINUTE, iso, parse_time
from jtrader.learn.declaration import Declaration, choose, load_declarations
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.digest import candle_digest, last_common_minute


class TrainingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """[start, end) in ns, on minutes. `fingerprint` names the stored candles of the range and its lead-in."""

    declarations: tuple[Declaration, ...]
    start: int
    end: int
    commit: str
    dirty: bool
    fingerprint: str

    @property
    def instruments(self) -> tuple[str, ...]:
        return tuple(sorted({name for declaration in self.declarations for name in declaration.universe}))

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(sorted({name for declaration in self.declarations for name in declaration.features}))


def plan_training(
    settings: Settings, mongo: Mongo, models: Sequence[str], days: int, end: str | None
) -> TrainingRequest:
    """`models` empty = all declared; `end` ISO time, None = after the newest minute that all instruments have.

    Raises BadInput for a bad declaration, an unknown model, an instrument without candles; Unavailable.
    """
    if days < 1:
        raise BadInput(f"days = {days}: allowed is 1 or more")
    declarations = tuple(choose(load_declarations(settings.models), models))
    if not declarations:
        raise BadInput(f"no model is declared below {', '.join(str(root) for root in settings.models)}")
    instruments = sorted({name for declaration in declarations for name in declaration.universe})
    until = parse_time(end) // MINUTE * MINUTE if end else _newest_end(mongo, instruments)
    start = until - days * DAY
    digest = candle_digest(mongo, instruments, start, until)
    empty = [name for name, count in digest.counts.items() if count == 0]
    if empty:
        raise BadInput(
            f"no candle of {', '.join(empty)} is stored from {iso(start)} to {iso(until)}: "
            "run 'jtrader crawl' first, or give another range"
        )
    lead_in = candle_digest(mongo, instruments, start - DAY, start)
    return TrainingRequest(
        declarations=declarations,
        start=start,
        end=until,
        commit=head_commit(),
        dirty=is_dirty(),
        fingerprint=digest.fingerprint + lead_in.fingerprint,
    )


def _newest_end(mongo: Mongo, instruments: Sequence[str]) -> int:
    newest = last_common_minute(mongo, instruments)
    if newest is None:
        raise BadInput(f"not all of {', '.join(instruments)} have candles in MongoDB: run 'jtrader crawl' first")
    return newest + MINUTE
