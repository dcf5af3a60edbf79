"""How refused settings are told: the key, the value, where it stands, what is allowed."""

import difflib
import json
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

PREFIX = "JTRADER_"
OTHER_VARIABLES = frozenset({"JTRADER_COMMIT", "JTRADER_STACK_HOME"})
"""Variables of ours that are no settings."""

_SECRET_WORDS = ("uri", "secret", "key")
_FIELD = re.compile(r'field "(\w+)"')


def unknown_variables(known: Collection[str], environment: Mapping[str, str] = os.environ) -> list[str]:
    """A sentence for each JTRADER_* variable that names no setting: a misspelt one must not be passed over."""
    sentences = []
    for name in environment:
        field = name.removeprefix(PREFIX).lower().split("__")[0]
        if name.startswith(PREFIX) and name not in OTHER_VARIABLES and field not in known:
            sentences.append(f"{name} in the environment: {_no_such(field, known)}")
    return sentences


def faults(error: ValidationError, known: Mapping[str, Collection[str]], files: Iterable[Path]) -> list[str]:
    """A sentence for each fault. `known[""]` are the settings' names, `known[part]` those of a part's own; `files` are
    where settings may have come from."""
    return [_fault(fault, known, files) for fault in error.errors()]


def not_json(error: SettingsError) -> str:
    """For a variable that holds a whole part or list."""
    found = _FIELD.search(str(error))
    name = f"{PREFIX}{found[1].upper()}" if found else "a JTRADER_ variable"
    return f"{name} in the environment is not JSON; write JSON, or the parts one by one as JTRADER_STACK__BASE_PORT"


def _fault(fault: Mapping[str, Any], known: Mapping[str, Collection[str]], files: Iterable[Path]) -> str:
    parts = [str(part) for part in fault["loc"]] or ["settings"]
    key = ".".join(parts)
    shown = "…" if any(word in key for word in _SECRET_WORDS) else repr(fault.get("input"))
    place = _place(parts, files)
    if fault["type"] == "missing":
        return f"{key}{place} is not set: write it there"
    if fault["type"] == "extra_forbidden":
        said = _no_such(parts[-1], known.get("" if len(parts) == 1 else parts[0], ()))
    else:
        said = fault["msg"].removeprefix("Value error, ").replace("a valid tuple", "a list")
    return f"{key} = {shown}{place}: {said}"


def _no_such(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"there is no such setting; {f'did you mean {near[0]}?' if near else 'known: ' + ', '.join(sorted(known))}"


def _place(parts: list[str], files: Iterable[Path]) -> str:
    """Where the value stands, with a word before it; empty for what a caller set."""
    for depth in range(len(parts), 0, -1):
        variable = PREFIX + "__".join(parts[:depth]).upper()
        if variable in os.environ:
            return f" ({variable} in the environment)"
    return next((f" in {file}" for file in files if parts[0] in _content(file)), "")


def _content(file: Path) -> dict[str, Any]:
    """A TOML or JSON file that was read before; empty where there is none."""
    try:
        text = file.read_text()
        found = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
