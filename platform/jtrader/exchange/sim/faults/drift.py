"""Schema drift: one change to a JSON text, wherever the field is in it."""

import json
from typing import Any

from jtrader.exchange.sim.faults.actions import Change, Drift


def drifted(message: bytes, drift: Drift) -> bytes:
    """The changed message. What is no JSON stays as it is. A NaN is written as such: bare where a number stood, in
    quotes where a string did."""
    try:
        changed = _changed(json.loads(message), drift)
    except ValueError:
        return message
    return json.dumps(changed, separators=(",", ":"), ensure_ascii=False).encode()


def _changed(found: Any, drift: Drift) -> Any:
    if isinstance(found, list):
        return [_changed(item, drift) for item in found]
    if not isinstance(found, dict):
        return found
    changed = {name: _changed(value, drift) for name, value in found.items()}
    if drift.change is Change.EXTRA:
        return changed | {drift.field: drift.value}
    if drift.field not in changed:
        return changed
    if drift.change is Change.MISSING:
        del changed[drift.field]
    else:
        changed[drift.field] = _value(changed[drift.field], drift)
    return changed


def _value(value: Any, drift: Drift) -> Any:
    match drift.change:
        case Change.TEXT:
            return str(value) if _is_number(value) else value
        case Change.NUMBER:
            return _number(value)
        case Change.NAN:
            return float("nan") if _is_number(value) else "NaN"
        case _:
            return drift.value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
