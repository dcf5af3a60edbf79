"""The realtime tables: their names, keys, and how a message of one is put together."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

Row = dict[str, Any]
Emit = Callable[[str, str, str, Sequence[Row]], None]
"""(table, symbol or account, action, rows)"""
Wanted = Callable[[str, str], bool]
"""Does anybody read this table of this symbol?"""

BINS = {"tradeBin1m": "1m", "tradeBin5m": "5m", "tradeBin1h": "1h", "tradeBin1d": "1d"}
BOOKS = {"orderBookL2": None, "orderBookL2_25": 25}
"""With how many levels a side they show."""
PUBLIC = frozenset({"trade", "quote", "instrument", "funding", "settlement", "liquidation", *BINS, *BOOKS})
PRIVATE = frozenset({"order", "execution", "margin", "position", "wallet", "transact"})

KEYS: dict[str, list[str]] = {
    **{table: ["symbol", "id", "side"] for table in BOOKS},
    "instrument": ["symbol"],
    "order": ["orderID"],
    "execution": ["execID"],
    "margin": ["account", "currency"],
    "position": ["account", "symbol"],
    "wallet": ["account", "currency"],
    "transact": ["transactID"],
}
_TYPES: dict[type, str] = {bool: "boolean", int: "long", float: "float", str: "symbol"}


def message(table: str, action: str, rows: Sequence[Row]) -> bytes:
    return msgspec.json.encode({"table": table, "action": action, "data": rows})


def partial(table: str, wanted: Row, rows: Sequence[Row]) -> bytes:
    """The state at subscription; `wanted` is the topic's filter."""
    types = {name: _TYPES.get(type(value), "symbol") for name, value in rows[0].items()} if rows else {}
    return msgspec.json.encode(
        {
            "table": table,
            "action": "partial",
            "keys": KEYS.get(table, []),
            "types": types,
            "foreignKeys": {},
            "attributes": {},
            "filter": wanted,
            "data": rows,
        }
    )


def changed(before: Row, now: Row, keys: Sequence[str]) -> Row | None:
    """The fields that are different, next to the keys; None when nothing but a time is."""
    fresh = {name: value for name, value in now.items() if before.get(name, _ABSENT) != value}
    if not set(fresh) - {"timestamp", "transactTime"}:
        return None
    return {name: now[name] for name in keys} | fresh


_ABSENT = object()
