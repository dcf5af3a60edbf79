"""What differs between two sets of limits, and which of it looks like a slip of the pen."""

import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from jtrader.domain.ids import AccountId
from jtrader.domain.money import plain
from jtrader.risk.limits import LimitSet

LARGE = 10
"""A limit that grows or shrinks by more than this factor, or that is set or unset, is to be confirmed."""

LimitSets = Mapping[AccountId, LimitSet]


class LimitChange(msgspec.Struct, frozen=True):
    """One limit before and after, as text; empty = unset."""

    name: str
    before: str
    after: str
    is_large: bool

    def __str__(self) -> str:
        return f"{self.name}: {self.before or 'unset'} → {self.after or 'unset'}"


def changes(old: LimitSets, new: LimitSets) -> list[LimitChange]:
    """By account; both have the same ones."""
    found = []
    for account in old:
        before, after = dict(_flat("", old[account])), dict(_flat("", new[account]))
        for name in sorted(before.keys() | after.keys()):
            was, now = before.get(name), after.get(name)
            if was != now:
                found.append(LimitChange(f"{account}{name}", _text(was), _text(now), _is_large(was, now)))
    return found


def token_of(limits: LimitSets) -> str:
    """A short word that stands for these limits and no others: it confirms what was looked at."""
    told = {str(account): msgspec.to_builtins(limits[account]) for account in sorted(limits)}
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()[:8]


def _flat(prefix: str, value: object) -> Iterator[tuple[str, Any]]:
    """`.account.max_order_notional` and so on, for all that is set."""
    if isinstance(value, msgspec.Struct):
        value = {name: getattr(value, name) for name in value.__struct_fields__}
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _flat(f"{prefix}.{name}", part)
    elif value is not None:
        yield prefix, value


def _is_large(before: object, after: object) -> bool:
    if isinstance(before, (int, Decimal)) and isinstance(after, (int, Decimal)) and before and after:
        return not Decimal(1) / LARGE <= Decimal(after) / Decimal(before) <= LARGE
    return not (isinstance(before, tuple) and isinstance(after, tuple))


def _text(value: object) -> str:
    if value is None:
        return ""
    return plain(value) if isinstance(value, Decimal) else str(value)
