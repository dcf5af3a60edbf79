"""Numbers as HTX writes them into JSON: literals with all their digits, never through a float."""

from decimal import Decimal

import msgspec

from jtrader.venue.units import text


def literal(value: str) -> msgspec.Raw:
    """`"9100.10"` → 9100.1; a whole number keeps one decimal: 9100.0."""
    whole, _, rest = value.partition(".")
    return msgspec.Raw(f"{whole}.{rest.rstrip('0') or '0'}".encode())


def whole(value: int) -> msgspec.Raw:
    """An integer of any length: HTX's public trade ids are longer than 64 bits."""
    return msgspec.Raw(str(value).encode())


def short(value: str) -> str:
    """`"0.50000000"` → `"0.5"`, `"3.00"` → `"3"`."""
    return value.rstrip("0").rstrip(".") if "." in value else value


def amount(atoms: int) -> msgspec.Raw:
    """Atoms as a literal."""
    return literal(text(atoms))


def words(atoms: int) -> str:
    """Atoms as the shortest string."""
    return short(text(atoms))


def long_words(atoms: int) -> str:
    """Atoms with 18 decimals, as spot tells balances and orders."""
    return text(atoms, 18)


def plain_decimal(value: Decimal) -> str:
    """Without an exponent and without trailing zeros."""
    return short(f"{value:f}")
