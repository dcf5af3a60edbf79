"""What risk says of an intent before it becomes a parent order. Exits are let through."""

from jtrader.domain.money import plain
from jtrader.domain.order import Intent
from jtrader.domain.signal import Signal
from jtrader.domain.times import SECOND
from jtrader.risk.case import Refusal
from jtrader.risk.gate import not_allowed
from jtrader.risk.limits import Limits
from jtrader.risk.verdict import RefusalCode


def judge_intent(
    intent: Intent, signal: Signal | None, limits: Limits, now: int, wanted_before: int | None
) -> Refusal | None:
    """`wanted_before`: market time at which the same strategy wanted the same last."""
    if intent.reduce_only:
        return None
    if fault := not_allowed(intent.instrument, limits):
        return RefusalCode.SYMBOL, f"{intent.instrument}: {fault}"
    if wanted_before is not None and now - wanted_before < limits.duplicate_window:
        return (
            RefusalCode.DUPLICATE_INTENT,
            (
                f"strategy '{intent.strategy}' wanted to {intent.side} {plain(intent.quantity)} {intent.instrument} "
                f"{(now - wanted_before) / SECOND:.3f} s ago; the same again is taken after "
                f"{limits.duplicate_window / SECOND:.3f} s"
            ),
        )
    if signal is not None and now - signal.ts > limits.max_signal_age:
        return (
            RefusalCode.STALE_SIGNAL,
            (
                f"signal {signal.signal_id} is {(now - signal.ts) / SECOND:.1f} s old, the limit is "
                f"{limits.max_signal_age / SECOND:.1f} s"
            ),
        )
    return None
