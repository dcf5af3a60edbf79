"""Trailing stop: follows the best price since its activation at an offset, never back, and gets out when the price
returns by that much.

Between two looks only the range of prices is known, not their order: what was reached towards the stop is tested
against the stop as it stood before, then the stop moves, then the newest price is tested. The extreme is journaled
whenever it moves by `step` ticks, so a restart restores it.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ONE, plain
from jtrader.domain.order import Intent, Side
from jtrader.execution.algorithm import ParentView, Plan, Print
from jtrader.execution.params import Params, read_params
from jtrader.execution.triggers import (
    Latch,
    TriggerParams,
    blind,
    crosses,
    exact,
    furthest,
    get_out,
    price_fault,
    trigger_fault,
    watched,
    worst,
)

_SHARES = {"pct": Decimal("0.01"), "bps": Decimal("0.0001")}


class OffsetType(StrEnum):
    ABS = "abs"
    PCT = "pct"
    BPS = "bps"
    TICKS = "ticks"


class TrailingParams(TriggerParams, frozen=True, kw_only=True):
    offset: Decimal
    offset_type: OffsetType = OffsetType.ABS
    activation: Decimal | None = None
    """Trails from when this price is reached (a sell: from below); unset = at once."""
    step: int = 1

    def fault(self) -> str:
        if self.offset <= 0:
            return f"'offset' is {self.offset}; it is a distance, above 0 for both sides"
        if self.offset_type in _SHARES and self.offset * _SHARES[self.offset_type] >= 1:
            return f"'offset' is {self.offset} {self.offset_type}; it must be below the price itself"
        return super().fault() or ("" if self.step >= 1 else f"'step' is {self.step}; it must be at least 1")


class Trail(Latch, frozen=True, omit_defaults=True):
    extreme: Decimal | None = None
    """The best price since activation; None before that."""


class Trailing:
    one_shot = False
    needs_market = True
    params: type[Params] = TrailingParams

    def check(self, intent: Intent, instrument: Instrument) -> str:
        return trigger_fault(intent, instrument, TrailingParams, needs_limit=False) or price_fault(
            "activation", read_params(intent, TrailingParams).activation, instrument
        )

    def plan(self, view: ParentView) -> Plan:
        params, trail = read_params(view.intent, TrailingParams), msgspec.convert(view.memo, Trail)
        if trail.triggered:
            return get_out(view, trail, params.collar_bps)
        seen = watched(view, params.source)
        if isinstance(seen, str):
            return blind(seen, trail)
        moved = advance(trail, seen, params, view)
        if moved.triggered:
            return get_out(view, moved, params.collar_bps)
        if moved.extreme is None:
            return Plan(reason=f"activates at {plain(params.activation or seen_now(seen))}", memo=moved.memo())
        return Plan(reason="trails", memo=moved.memo(), save=moved.extreme != trail.extreme)


def seen_now(seen: Print) -> Decimal:
    return exact(seen.price)


def advance(trail: Trail, seen: Print, params: TrailingParams, view: ParentView) -> Trail:
    """The trail after what was seen; triggered where the price came back by the offset."""
    side = view.intent.side
    if trail.extreme is None:
        best = furthest(side, seen)
        if params.activation is not None and not crosses(side.opposite, best, params.activation):
            return trail
        trail = replace(trail, extreme=seen_now(seen) if params.activation is None else best)
    else:
        reached = worst(side, seen)
        if crosses(side, reached, stop_at(trail.extreme, side, params, view.instrument)):
            return replace(trail, triggered=view.now, price=reached)
        trail = replace(trail, extreme=_moved(trail.extreme, furthest(side, seen), side, params, view.instrument))
    assert trail.extreme is not None
    if crosses(side, seen_now(seen), stop_at(trail.extreme, side, params, view.instrument)):
        return replace(trail, triggered=view.now, price=seen_now(seen))
    return trail


def stop_at(extreme: Decimal, side: Side, params: TrailingParams, instrument: Instrument) -> Decimal:
    """Where it triggers: above the low of a buy, below the high of a sell."""
    if params.offset_type in _SHARES:
        return extreme * (ONE + side.sign * params.offset * _SHARES[params.offset_type])
    distance = params.offset * (instrument.price_tick if params.offset_type is OffsetType.TICKS else ONE)
    return extreme + side.sign * distance


def _moved(extreme: Decimal, reached: Decimal, side: Side, params: TrailingParams, instrument: Instrument) -> Decimal:
    """The new extreme where it was passed by a step, else the old one."""
    gain = (extreme - reached) if side is Side.BUY else (reached - extreme)
    return reached if gain >= params.step * instrument.price_tick else extreme
