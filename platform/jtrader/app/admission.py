"""An instrument is admitted before a strategy may have it: its rules are stored, its past is there, every feature can
be computed on it, and the limits of each account that would trade it are set.

`<home>/admitted.json` holds what was found. It is read at the start of the strategies, without any database.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import numpy as np

from jtrader.app.jobs.crawl import crawl_market_data
from jtrader.app.settings import Settings
from jtrader.app.wiring.data import markets_of, open_stores
from jtrader.app.wiring.desk import limits_of
from jtrader.crawl.result import CrawlResult, Progress
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.times import iso
from jtrader.features.batch import batch
from jtrader.features.columns import Columns
from jtrader.features.definitions import FEATURES
from jtrader.ports.stores import CandleStore

Tell = Callable[[str], None]


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """Times in ns, market time. `rules_from`: the version of the rules that was in force."""

    instrument: InstrumentId
    ts: int
    rules_from: int
    candles: int
    gaps: int
    features: dict[str, int]
    """How many of the candles have a value of it."""
    accounts: tuple[str, ...]
    """Those that may trade it: of its market, with every limit set."""


def admit(
    name: str,
    settings: Settings,
    days: int | None = None,
    progress: Progress = lambda what, done, total: None,  # noqa: ARG005
    tell: Tell = lambda line: None,  # noqa: ARG005
) -> Admission:
    """Does what is missing and writes the admission. Raises BadInput that names everything a person has to do first."""
    market = markets_of([name], settings)[0]
    accounts, unset = _accounts(settings, market)
    result = crawl_market_data([name], days, None, settings, progress)
    with open_stores(settings) as stores:
        rules = next(one for one in stores.instruments.load() if one.id == name)
        if rules.status is not InstrumentStatus.TRADING:
            raise BadInput(f"{name} is {rules.status} at the venue since {iso(rules.valid_from)}: it can't be admitted")
        tell(f"rules: {rules.product} in {rules.settle}, in force since {iso(rules.valid_from)}")
        row = result.instruments[0]
        tell(f"past: {row.stored:,} candles stored, {row.new:,} of them new, {row.gaps:,} gaps")
        found = _features(stores.candles, rules.id, result)
    tell(f"features: {len(found)} computed, each on at least {min(found.values()):,} candles")
    if unset:
        raise BadInput(
            f"{name}: no account may trade it before its limits are set: {'; '.join(unset)}. "
            "Write them under [limits.<account>] in the settings: an unset limit refuses"
        )
    tell(f"limits: set for {', '.join(accounts)}")
    admission = Admission(
        instrument=rules.id,
        ts=result.end,
        rules_from=rules.valid_from,
        candles=row.stored,
        gaps=row.gaps,
        features=found,
        accounts=tuple(accounts),
    )
    _write(settings.root, admission)
    return admission


def admitted(root: Path) -> dict[InstrumentId, Admission]:
    """Raises BadInput where the file can't be read."""
    file = _file(root)
    if not file.exists():
        return {}
    try:
        return {one.instrument: one for one in msgspec.json.decode(file.read_bytes(), type=list[Admission])}
    except msgspec.MsgspecError as error:
        raise BadInput(f"{file} can't be read ({error}); delete it and admit the instruments again") from error


class Admissions:
    """What is admitted at this moment: the file is read again when it changes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read_at = -1
        self._known: dict[InstrumentId, Admission] = {}
        self._fault = ""

    def missing(self, names: Iterable[str]) -> str:
        """Why a strategy may not have these instruments yet and what mends it; empty where it may have them all."""
        self._refresh()
        if self._fault:
            return self._fault
        missing = [name for name in dict.fromkeys(names) if name not in self._known]
        if not missing:
            return ""
        return f"{', '.join(missing)}: not admitted yet; run 'jtrader instruments add {' '.join(missing)}'"

    def _refresh(self) -> None:
        try:
            changed = _file(self._root).stat().st_mtime_ns
        except FileNotFoundError:
            changed = 0
        if changed == self._read_at:
            return
        self._read_at, self._fault = changed, ""
        try:
            self._known = admitted(self._root)
        except BadInput as error:
            self._known, self._fault = {}, str(error)


def forget_admissions(root: Path) -> None:
    _file(root).unlink(missing_ok=True)


def _accounts(settings: Settings, market: str) -> tuple[list[str], list[str]]:
    """Accounts of the market, and for each that lacks limits what it lacks."""
    accounts = [account.name for account in settings.accounts if account.market == market]
    if not accounts:
        return [], [f"there is no account on {market}: add one under [[accounts]]"]
    lacking = {name: limits_of(settings.limits.get(name)).unset() for name in accounts}
    return accounts, [f"{name} lacks {', '.join(unset)}" for name, unset in lacking.items() if unset]


def _features(store: CandleStore, instrument: InstrumentId, result: CrawlResult) -> dict[str, int]:
    """How many candles of the range have a value of each feature; raises BadInput for one that has none."""
    columns = Columns.of(store.read(instrument, result.start, result.end))
    found = {name: int(np.count_nonzero(np.isfinite(values))) for name, values in batch([*FEATURES], columns).items()}
    if empty := [name for name, count in found.items() if count == 0]:
        raise BadInput(
            f"{instrument}: {', '.join(empty)} can't be computed from its {len(columns):,} candles; ask for more --days"
        )
    return found


def _write(root: Path, admission: Admission) -> None:
    known = admitted(root) | {admission.instrument: admission}
    file = _file(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".tmp")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode([known[name] for name in sorted(known)]), indent=1))
    fresh.replace(file)


def _file(root: Path) -> Path:
    return root / "admitted.json"
