"""The gate: every limit on its edge, on either side of it, and without a figure."""

import pytest

from jtrader.learn.declaration import Gates
from jtrader.learn.gate import judge

NAN = float("nan")
GATES = Gates(
    min_rows=1000,
    min_auc=0.52,
    min_net_return=0.0,
    min_sharpe=1.0,
    min_t_stat=2.0,
    min_trades=10,
    max_calibration_error=0.05,
    max_drawdown=0.2,
)
GOOD = {
    "rows": 1000.0,
    "auc": 0.52,
    "log_loss": 0.6,
    "net_return": 0.0,
    "sharpe": 1.0,
    "t_stat": 2.0,
    "trades": 10.0,
    "calibration_error": 0.05,
    "max_drawdown": 0.2,
}


def test_a_figure_on_its_limit_passes() -> None:
    verdict = judge(GATES, GOOD, None)
    assert (verdict.passed, verdict.word, verdict.text) == (True, "passed", "every declared limit is kept")


@pytest.mark.parametrize(
    ("metric", "value", "reason"),
    [
        ("rows", 999.0, "rows 999 is below 1000"),
        ("auc", 0.5199, "auc 0.5199 is below 0.52"),
        ("net_return", -0.001, "net_return -0.001 is below 0"),
        ("sharpe", 0.9, "sharpe 0.9 is below 1"),
        ("t_stat", 1.9, "t_stat 1.9 is below 2"),
        ("trades", 9.0, "trades 9 is below 10"),
        ("calibration_error", 0.051, "calibration_error 0.051 is above 0.05"),
        ("max_drawdown", 0.21, "max_drawdown 0.21 is above 0.2"),
        ("auc", NAN, "auc nan is below 0.52"),
        ("max_drawdown", NAN, "max_drawdown nan is above 0.2"),
    ],
)
def test_one_limit_broken_refuses_with_its_reason(metric: str, value: float, reason: str) -> None:
    verdict = judge(GATES, GOOD | {metric: value}, None)
    assert (verdict.passed, verdict.reasons) == (False, (reason,))


def test_a_figure_that_was_never_measured_keeps_no_limit() -> None:
    verdict = judge(GATES, {}, None)
    assert not verdict.passed
    assert len(verdict.reasons) == 8


def test_an_undeclared_limit_is_not_judged() -> None:
    bare = Gates(min_rows=1, min_auc=0.5, min_net_return=-1.0)
    assert judge(bare, GOOD | {"sharpe": -9.0, "max_drawdown": 5.0, "calibration_error": 1.0}, None).passed


@pytest.mark.parametrize(
    ("rival", "reasons"),
    [
        ({"auc": 0.51, "log_loss": 0.61}, ()),
        ({"auc": 0.52, "log_loss": 0.61}, ("auc 0.52 does not beat plain's 0.52",)),
        ({"auc": 0.51, "log_loss": 0.6}, ("log_loss 0.6 does not beat plain's 0.6",)),
        ({"auc": 0.9, "log_loss": 0.1}, ("auc 0.52 does not beat", "log_loss 0.6 does not beat")),
        (None, ("plain was not measured on the same rows",)),
    ],
)
def test_the_rival_has_to_be_beaten_in_both_figures(rival, reasons: tuple[str, ...]) -> None:
    verdict = judge(GATES.model_copy(update={"beats": "plain"}), GOOD, rival)
    assert verdict.passed is not bool(reasons)
    for reason, told in zip(reasons, verdict.reasons if reasons else (), strict=True):
        assert told.startswith(reason)
