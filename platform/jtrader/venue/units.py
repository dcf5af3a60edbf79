"""The venue's money: integers of 1e-8 (atoms), its own arithmetic, shared with nobody who checks it.

Prices are ticks, quantities are lots, amounts and mark prices are atoms. Every rounding is half to even and happens
in `divide`, at the places that the venue's rules name.
"""

from decimal import Decimal, InvalidOperation

from jtrader.domain.errors import BadInput

ATOM = 10**8
"""How many atoms one unit of an asset, of a price or of a rate has."""


def divide(numerator: int, denominator: int) -> int:
    """The nearest integer, ties to even; the denominator is above zero."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient


def atoms(value: str | int | Decimal) -> int:
    """An exact number of at most 8 decimals as atoms. Raises BadInput for floats, more decimals, or no number."""
    return steps_of(value, Decimal(1) / ATOM)


def steps_of(value: str | int | Decimal, step: Decimal) -> int:
    """How often `step` goes into `value`, exactly. Raises BadInput when it doesn't."""
    if isinstance(value, float):
        raise BadInput(f"{value!r} is a float; amounts come from strings, ints or Decimals")
    try:
        count, whole = divmod(Decimal(value), step)
    except (InvalidOperation, ValueError) as error:
        raise BadInput(f"'{value}' is not a number the venue can keep") from error
    if whole != 0:
        raise BadInput(f"'{value}' is not a multiple of {step}")
    return int(count)


def text(amount: int, decimals: int = 8) -> str:
    """Atoms as a plain decimal string with exactly `decimals` places (which must not lose a digit)."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), ATOM)
    digits = f"{rest:08d}"
    if decimals >= 8:
        return f"{sign}{whole}.{digits}{'0' * (decimals - 8)}"
    if digits[decimals:].strip("0"):
        raise BadInput(f"{amount} atoms don't fit in {decimals} decimals")
    return f"{sign}{whole}.{digits[:decimals]}" if decimals else f"{sign}{whole}"
