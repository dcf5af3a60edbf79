"""Parameters of an intent, checked against the algorithm's own list of what is allowed."""

from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.order import Completion, Intent

P = TypeVar("P", bound="Params")


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of an algorithm's parameters. `fault` tells as a sentence what can't be; empty when all is well."""

    def fault(self) -> str:
        return ""


def read_params(intent: Intent, kind: type[P]) -> P:
    """Raises BadInput for what the algorithm does not know or can't use; numbers may be texts."""
    try:
        params = _checked(intent.params, kind) if intent.params else _defaults(kind)
        fault = params.fault()
    except (msgspec.ValidationError, BadInput) as error:
        fault = str(error)
    if fault:
        raise BadInput(f"algorithm '{intent.algorithm}': {fault}; params are {allowed(kind)}")
    return params


@cache
def _defaults(kind: type[P]) -> P:
    """Parents are looked at often, and most of them name no parameter."""
    return _checked({}, kind)


def _checked(given: dict[str, Any], kind: type[P]) -> P:
    params = msgspec.convert(given, kind, strict=False)
    for name in params.__struct_fields__:
        value = getattr(params, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(Decimal(number).is_finite() for number in numbers if isinstance(number, float | Decimal)):
            raise BadInput(f"'{name}' is {value}, which is not finite")
    return params


def params_fault(intent: Intent, kind: type[P]) -> str:
    """Why the parameters can't be, as a sentence; empty when they can."""
    try:
        read_params(intent, kind)
    except BadInput as error:
        return str(error)
    return ""


def allowed(kind: type[Params]) -> str:
    """`interval = 60, style (needed), …`."""
    told = []
    for field in msgspec.structs.fields(kind):
        default = field.default
        told.append(f"{field.encode_name} (needed)" if default is msgspec.NODEFAULT else f"{field.name} = {default}")
    return ", ".join(told) or "none"


def window_fault(intent: Intent, needs_end: bool) -> str:
    """Why start, end and completion don't fit each other; empty when they do."""
    start = intent.start or intent.ts
    if intent.start < 0:
        return f"start {intent.start} is before 1970"
    if intent.end is not None and intent.end <= start:
        return f"end {intent.end} is not after start {start}"
    if intent.end is None and needs_end:
        return f"algorithm '{intent.algorithm}' needs an end"
    if intent.end is None and intent.completion is not Completion.BEST_EFFORT:
        return f"completion '{intent.completion}' needs an end"
    return ""


def limit_fault(intent: Intent, tick: Decimal, needed: bool = False) -> str:
    """Why the limit price can't be; empty when it can."""
    if intent.limit_price is None:
        return f"algorithm '{intent.algorithm}' needs a limit_price" if needed else ""
    if intent.limit_price <= 0 or intent.limit_price % tick:
        return f"limit_price {intent.limit_price:f} is not a multiple of {tick:f}"
    return ""
