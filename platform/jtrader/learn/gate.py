"""Whether a version may be served: declared limits against measured figures, each refusal with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jtrader.learn.declaration import Gates

_LIMITS: tuple[tuple[str, str, Literal["min", "max"]], ...] = (
    ("min_rows", "rows", "min"),
    ("min_auc", "auc", "min"),
    ("max_calibration_error", "calibration_error", "max"),
    ("min_net_return", "net_return", "min"),
    ("min_sharpe", "sharpe", "min"),
    ("min_t_stat", "t_stat", "min"),
    ("min_trades", "trades", "min"),
    ("max_drawdown", "max_drawdown", "max"),
)
"""Key of the declaration, metric, side. A metric equal to its limit passes."""

BEATEN_BY: tuple[tuple[str, Literal["min", "max"]], ...] = (("auc", "min"), ("log_loss", "max"))
"""What a model has to be better in than its rival: order and honesty of the probabilities. What trading them earns
has a limit of its own, since it also depends on how often the band lets them trade."""


@dataclass(frozen=True)
class Verdict:
    passed: bool
    reasons: tuple[str, ...]
    """Why it was refused, or that every limit was kept."""

    @property
    def word(self) -> str:
        return "passed" if self.passed else "refused"

    @property
    def text(self) -> str:
        return "; ".join(self.reasons)


def judge(gates: Gates, metrics: Mapping[str, float], rival: Mapping[str, float] | None) -> Verdict:
    """`metrics` out of sample; a figure that is missing or NaN keeps no limit. `rival`: those of `gates.beats`."""
    refusals = []
    for key, metric, side in _LIMITS:
        limit = getattr(gates, key)
        if limit is None:
            continue
        value = metrics.get(metric, float("nan"))
        if not (value >= limit if side == "min" else value <= limit):
            refusals.append(f"{metric} {value:.6g} is {'below' if side == 'min' else 'above'} {limit:.6g}")
    if gates.beats is not None:
        refusals += _against(gates.beats, metrics, rival)
    return Verdict(not refusals, tuple(refusals) or ("every declared limit is kept",))


def _against(name: str, metrics: Mapping[str, float], rival: Mapping[str, float] | None) -> list[str]:
    if rival is None:
        return [f"{name} was not measured on the same rows, so it is not beaten"]
    return [
        f"{metric} {metrics.get(metric, float('nan')):.6g} does not beat {name}'s {rival[metric]:.6g}"
        for metric, side in BEATEN_BY
        if not (metrics.get(metric, float("nan")) - rival[metric]) * (1 if side == "min" else -1) > 0
    ]
