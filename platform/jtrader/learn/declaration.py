"""A model's declaration: `<root>/<name>/model.toml`. A new model is a new folder, no code.

Loaders take a list of roots (the platform's models, a desk's own). What is wrong is refused with the file, the key,
the value and what is allowed.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import split_instrument_id
from jtrader.features import FEATURES
from jtrader.learn.algorithms import ALGORITHMS, Params


def _one_of(kind: str, value: str, known: Iterable[str]) -> str:
    names = sorted(known)
    if value not in names:
        close = difflib.get_close_matches(value, names, n=1)
        hint = f" (did you mean '{close[0]}'?)" if close else ""
        raise ValueError(f"{kind} '{value}' is unknown{hint}; known: {', '.join(names)}")
    return value


def _instrument(value: str) -> str:
    try:
        split_instrument_id(value)
    except BadInput as error:
        raise ValueError(str(error)) from error
    return value


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Instrument = Annotated[str, AfterValidator(_instrument)]
FeatureName = Annotated[str, AfterValidator(lambda name: _one_of("feature", name, FEATURES))]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Label(Part):
    """1 = the close `horizon_minutes` later is above this minute's close."""

    horizon_minutes: Annotated[int, Field(ge=1, le=1_440)]


class AlgorithmChoice(Part):
    name: str
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 7
    params: dict[str, Any] = {}

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        return _one_of("algorithm", name, ALGORITHMS)

    @model_validator(mode="after")
    def _params_fit(self) -> "AlgorithmChoice":
        try:
            self.checked_params()
        except ValidationError as error:
            raise _Located("params", error) from error
        return self

    def checked_params(self) -> Params:
        checked: Params = ALGORITHMS[self.name].params(**self.params)
        return checked


class Validation(Part):
    """Walk-forward: the time line is cut into `folds` + 1 equal blocks; each fold tests on one block, trained on what
    lies before it, less the rows whose label reaches into it (purge) and `embargo_minutes` more."""

    folds: Annotated[int, Field(ge=2, le=50)] = 5
    embargo_minutes: Annotated[int, Field(ge=0, le=100_000)] = 60


class Costs(Part):
    """What the backtest pays for each side, on the notional traded: 5 bp is Binance USDT-M's taker fee."""

    fee_bp: Annotated[float, Field(ge=0, le=1_000)] = 5.0


class Serving(Part):
    """The rule's band around 0.5 within which the position is kept."""

    band: Annotated[float, Field(ge=0, lt=0.5)]


class Gates(Part):
    """Declared limits. A limit that is not declared is not judged; at least rows, AUC and net return must be."""

    min_rows: Annotated[int, Field(ge=1)]
    min_auc: Annotated[float, Field(ge=0, le=1)]
    min_net_return: float
    """Sum of the out-of-sample returns after cost, as a fraction of the notional."""
    min_sharpe: float | None = None
    """Annualised, of hourly returns after cost."""
    min_t_stat: float | None = None
    """How many standard errors the mean hourly return after cost must stand above zero: less is not enough evidence."""
    min_trades: Annotated[int, Field(ge=0)] = 0
    max_calibration_error: Annotated[float, Field(gt=0, le=1)] | None = None
    max_drawdown: Annotated[float, Field(gt=0)] | None = None
    """Largest fall of the after-cost equity from its peak, as a fraction of the notional."""
    beats: Name | None = None
    """A declared model that this one has to be better than in AUC and log loss, out of sample."""


class Declaration(Part):
    name: Name
    about: Annotated[str, Field(min_length=1)]
    universe: Annotated[tuple[Instrument, ...], Field(min_length=1)]
    features: Annotated[tuple[FeatureName, ...], Field(min_length=1)]
    label: Label
    algorithm: AlgorithmChoice
    validation: Validation = Validation()
    costs: Costs = Costs()
    serving: Serving
    gates: Gates

    @field_validator("universe", "features", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("universe", "features")
    @classmethod
    def _distinct(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there twice")
        return values


class _Located(ValueError):
    """A refusal of an inner check, with the place below the outer one."""

    def __init__(self, place: str, error: ValidationError) -> None:
        super().__init__(place)
        self.place, self.error = place, error


def load_declarations(roots: Sequence[Path]) -> dict[str, Declaration]:
    """Every `<root>/<name>/model.toml` by name. Raises BadInput for a bad file, an absent root, a name used twice, or
    a gate that compares with a model nobody declares."""
    found: dict[str, Declaration] = {}
    files: dict[str, Path] = {}
    for root in roots:
        if not root.is_dir():
            raise BadInput(f"models root {root} is not a folder; list folders that hold <name>/model.toml")
        for file in sorted(root.glob("*/model.toml")):
            declaration = load_declaration(file)
            if declaration.name in found:
                raise BadInput(f"{file}: model '{declaration.name}' is declared in {files[declaration.name]} already")
            found[declaration.name], files[declaration.name] = declaration, file
    for name in found:
        _check_rivals(name, found, files[name])
    return found


def _check_rivals(name: str, found: Mapping[str, Declaration], file: Path) -> None:
    others = ", ".join(sorted(set(found) - {name})) or "none"
    seen, rival = [name], found[name].gates.beats
    while rival is not None:
        if rival not in found:
            raise BadInput(f"{file}: gates.beats = '{rival}': allowed is another declared model: {others}")
        if rival in seen:
            raise BadInput(f"{file}: gates.beats leads in a circle: {' > '.join([*seen, rival])}")
        seen.append(rival)
        rival = found[rival].gates.beats


def load_declaration(file: Path) -> Declaration:
    """One model.toml. Raises BadInput with the file, each faulty key, its value and what is allowed."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{file} does not exist; a model is a folder with a model.toml") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is not TOML: {error}") from error
    try:
        declaration = Declaration.model_validate(content)
    except ValidationError as error:
        raise BadInput(f"{file}: " + "; ".join(_faults(error))) from error
    if declaration.name != file.parent.name:
        raise BadInput(f"{file}: name = '{declaration.name}': allowed is the folder's name, '{file.parent.name}'")
    return declaration


def choose(declarations: dict[str, Declaration], names: Iterable[str]) -> list[Declaration]:
    """The named models (all when empty), each after the one its gate compares with. Raises BadInput if unknown."""
    chosen: dict[str, Declaration] = {}

    def add(name: str) -> None:
        if name not in declarations:
            raise BadInput(f"model '{name}' is not declared; declared are: {', '.join(sorted(declarations)) or 'none'}")
        rival = declarations[name].gates.beats
        if rival is not None and rival not in chosen:
            add(rival)
        chosen.setdefault(name, declarations[name])

    for name in list(names) or sorted(declarations):
        add(name)
    return list(chosen.values())


def _faults(error: ValidationError, prefix: tuple[str, ...] = ()) -> list[str]:
    lines: list[str] = []
    for fault in error.errors():
        place = prefix + tuple(str(part) for part in fault["loc"])
        inner = fault.get("ctx", {}).get("error")
        if isinstance(inner, _Located):
            lines += _faults(inner.error, (*place, inner.place))
            continue
        key = ".".join(place)
        if fault["type"] == "missing":
            lines.append(f"{key} is missing")
        elif fault["type"] == "extra_forbidden":
            lines.append(f"{key} = {fault['input']!r}: no such key; allowed here: {_allowed(error, fault['loc'])}")
        else:
            lines.append(f"{key} = {fault['input']!r}: {fault['msg'].removeprefix('Value error, ')}")
    return lines


def _allowed(error: ValidationError, place: tuple[int | str, ...]) -> str:
    """The keys of the table that `place` points into."""
    table: type[BaseModel] = next(t for t in _TABLES if t.__name__ == error.title)
    for part in place[:-1]:
        inner = table.model_fields[str(part)].annotation
        assert isinstance(inner, type)
        assert issubclass(inner, BaseModel)
        table = inner
    return ", ".join(table.model_fields)


_TABLES: tuple[type[BaseModel], ...] = (Declaration, *(algorithm.params for algorithm in ALGORITHMS.values()))
