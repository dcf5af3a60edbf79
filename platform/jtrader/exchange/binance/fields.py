"""Fields of Binance's rows: present, readable, or Broken with the whole row. Money is never guessed."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from jtrader.domain.errors import BadInput, Broken

Row = Mapping[str, Any]


def row_field(row: Row, name: str) -> Any:
    """The field, or Broken with the whole row."""
    value = row.get(name)
    if value is None:
        raise Broken(f"Binance sent a row without '{name}': {dict(row)}")
    return value


def is_true(value: Any) -> bool:
    """ccxt hands booleans on as they are; some answers carry them as text."""
    return value is True or value == "true"


@contextlib.contextmanager
def reading(what: str, row: Row) -> Iterator[None]:
    """Turns an unreadable number, side or date of a row into Broken."""
    try:
        yield
    except (ValueError, TypeError, BadInput) as error:
        raise Broken(f"Binance sent a {what} that can't be read ({error}): {dict(row)}") from error
