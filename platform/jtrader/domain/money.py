"""Exact amounts. Decimal only; a float never becomes money except through an instrument's tick or lot index."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, setcontext

from jtrader.domain.errors import BadInput

ZERO = Decimal(0)
ONE = Decimal(1)

# 50 digits: products of any price, quantity and rate of a venue stay exact; a signal NaN raises instead of spreading.
EXACT = Context(prec=50, rounding=ROUND_HALF_EVEN)


def use_exact_context() -> None:
    """Sets this thread's decimal context; every process calls it once at start (`jtrader.app`)."""
    setcontext(EXACT.copy())


def amount(text: str | int | Decimal) -> Decimal:
    """An exact, finite amount from a venue's string. Raises BadInput on anything else, floats included."""
    if isinstance(text, float):
        raise BadInput(f"amount {text!r} is a float; money comes from strings, ints or Decimals")
    try:
        value = Decimal(text)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise BadInput(f"'{text}' is not an amount") from error
    if not value.is_finite():
        raise BadInput(f"amount '{text}' is not finite")
    return value


def round_half_even(value: Decimal, unit: Decimal) -> Decimal:
    """The nearest multiple of `unit`, ties to even."""
    return (value / unit).quantize(ONE, rounding=ROUND_HALF_EVEN, context=EXACT) * unit


def round_down(value: Decimal, unit: Decimal) -> Decimal:
    """The largest multiple of `unit` that is ≤ value (towards minus infinity)."""
    return (value / unit).quantize(ONE, rounding=ROUND_FLOOR, context=EXACT) * unit


def round_up(value: Decimal, unit: Decimal) -> Decimal:
    """The smallest multiple of `unit` that is ≥ value."""
    return (value / unit).quantize(ONE, rounding=ROUND_CEILING, context=EXACT) * unit


def plain(value: Decimal) -> str:
    """Without exponent and without trailing zeros: `Decimal("1E+2")` → `100`, `0.500` → `0.5`, `-0` → `0`."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def rounded(value: Decimal) -> str:
    """For sentences: `plain`, to the smallest part of a coin."""
    return plain(Decimal(format(value, ".8f")))
