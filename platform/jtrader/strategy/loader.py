"""Finds a strategy by name: the shipped ones, then `<root>/<name>/rule.py` of each root (a desk's own folder)."""

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.strategy.api import Setup, Strategy

_SHIPPED = Path(__file__).parent


def known_rules(roots: Sequence[Path] = ()) -> dict[str, Path]:
    """Name → rule.py. Raises BadInput for a name that stands in two roots."""
    found: dict[str, Path] = {}
    for root in (_SHIPPED, *roots):
        for file in sorted(root.glob("*/rule.py")):
            if file.parent.name in found:
                raise BadInput(f"strategy '{file.parent.name}' is in {found[file.parent.name]} and in {file}")
            found[file.parent.name] = file
    return found


def load_strategy(rule: str, params: Mapping[str, Any], setup: Setup, roots: Sequence[Path] = ()) -> Strategy:
    """Builds the rule. Raises BadInput for an unknown rule, an unknown or ill-typed param, and says what is allowed."""
    strategy: Strategy = _loaded(rule, roots).Rule(setup, read_params(rule, params, roots))
    return strategy


def read_params(rule: str, params: Mapping[str, Any], roots: Sequence[Path] = ()) -> Any:
    """The params as the rule's own type. Raises BadInput like `load_strategy`."""
    return checked_params(rule, _loaded(rule, roots).Params, params)


def _loaded(rule: str, roots: Sequence[Path]) -> ModuleType:
    files = known_rules(roots)
    if rule not in files:
        raise BadInput(f"strategy '{rule}' is not known; known: {', '.join(sorted(files))}")
    return _module(rule, files[rule])


def checked_params(rule: str, kind: type[Any], params: Mapping[str, Any]) -> Any:
    """The params as the rule's own type. Money must not come as a float: write it as "0.1" or a whole number;
    any number may come as a text."""
    where = f"params of strategy '{rule}'"
    try:
        for name, hint in get_type_hints(kind).items():
            if hint is Decimal and isinstance(params.get(name), float):
                raise BadInput(f"{name} = {params[name]} is money: write it as a string or a whole number")
        return msgspec.convert(dict(params), kind, strict=False)
    except (msgspec.ValidationError, BadInput) as error:
        raise BadInput(f"{where}: {error}; allowed: {_allowed(kind)}") from error


def _allowed(kind: type[Any]) -> str:
    texts = []
    for field in msgspec.structs.fields(kind):
        default = "required" if field.default is msgspec.NODEFAULT else f"default {field.default}"
        texts.append(f"{field.name} ({default})")
    return ", ".join(texts)


def _module(rule: str, file: Path) -> ModuleType:
    if file.parent.parent == _SHIPPED:
        return importlib.import_module(f"jtrader.strategy.{rule}.rule")
    name = f"jtrader_desk.{rule}"
    if name in sys.modules and sys.modules[name].__file__ == str(file):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BadInput(f"{file} can't be loaded as a strategy")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError) as error:
        del sys.modules[name]
        raise BadInput(f"{file} can't be loaded: {error}") from error
    if not (hasattr(module, "Rule") and hasattr(module, "Params")):
        raise BadInput(f"{file} has no Rule and Params; see jtrader/strategy/ma_cross/rule.py for an example")
    if not (isinstance(module.Rule, type) and issubclass(module.Rule, Strategy)):
        raise BadInput(f"Rule of {file} is no jtrader.strategy.api.Strategy; write 'class Rule(Strategy)'")
    return module
