"""Pictures of a training run, for the people who approve it. A bare Figure draws with Agg: no display, no state."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from jtrader.learn.training import Trained

WIDTH, HEIGHT, DPI = 7.0, 4.0, 110


def draw_all(trained: Trained, folder: Path) -> list[Path]:
    """Writes PNG files and returns them: calibration, equity, importance, folds."""
    name = trained.declaration.name
    with mpl.rc_context({"axes.grid": True, "grid.alpha": 0.3, "font.size": 9}):
        drawings = {
            "calibration": _calibration(trained),
            "equity_after_cost": _equity(trained),
            "feature_importance": _importance(trained),
            "auc_by_fold": _folds(trained),
        }
        files = []
        for title, figure in drawings.items():
            figure.suptitle(f"{name}: {title.replace('_', ' ')}, out of sample")
            figure.set_layout_engine("tight")
            file = folder / f"{title}.png"
            figure.savefig(file, format="png")
            files.append(file)
    return files


def _figure() -> Figure:
    return Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)


def _calibration(trained: Trained) -> Figure:
    figure = _figure()
    axes = figure.subplots()
    bins = trained.calibration
    axes.plot([bins.predicted.min(), bins.predicted.max()], [bins.predicted.min(), bins.predicted.max()], "--", lw=1)
    axes.plot(bins.predicted, bins.observed, "o-")
    axes.set_xlabel("mean predicted probability of an up-move, ten bins of equal count")
    axes.set_ylabel("share of up-moves")
    return figure


def _equity(trained: Trained) -> Figure:
    figure = _figure()
    axes = figure.subplots()
    outcome = trained.outcome
    hours = (outcome.ts - outcome.ts[0]) / 3.6e12
    axes.plot(hours, 100 * np.cumsum(outcome.gross), lw=1, label="before fees")
    axes.plot(hours, 100 * outcome.equity, lw=1.4, label=f"after {trained.declaration.costs.fee_bp:g} bp a side")
    axes.set_xlabel("hours since the first test minute")
    axes.set_ylabel("sum of returns, % of notional")
    axes.legend()
    return figure


def _importance(trained: Trained) -> Figure:
    figure = Figure(figsize=(WIDTH, max(HEIGHT, 0.25 * len(trained.importance))), dpi=DPI)
    axes = figure.subplots()
    ordered = sorted(trained.importance.items(), key=lambda pair: pair[1])
    axes.barh([name for name, _ in ordered], [100 * share for _, share in ordered])
    axes.set_xlabel("share of importance, %")
    return figure


def _folds(trained: Trained) -> Figure:
    figure = _figure()
    axes = figure.subplots()
    axes.bar([str(number + 1) for number in range(len(trained.fold_auc))], trained.fold_auc)
    axes.axhline(0.5, ls="--", lw=1)
    axes.axhline(trained.metrics["auc"], lw=1)
    axes.set_ylim(min(0.45, *trained.fold_auc), max(0.6, *trained.fold_auc) + 0.02)
    axes.set_xlabel("walk-forward fold")
    axes.set_ylabel("AUC; line: all folds together")
    return figure
