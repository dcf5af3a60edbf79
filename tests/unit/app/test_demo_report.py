import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from jtrader.app.demo.desk import ALPHA, TREND, DemoPlan, write_desk
from jtrader.app.demo.report import Report, print_report
from jtrader.domain.errors import Broken

CHAIN = ("fill", "order", "signal", "model_version", "data_manifest", "commit")


def clean_day() -> Report:
    return Report(
        market="generated",
        candles={"stored": 10, "gaps": 0},
        model={"name": "direction", "version": "1", "alias": "champion", "gate": "passed"},
        trading={"ticks": 5, "orders": 2, "fills": 2, "strategies": {"ma_cross": 1, "model_signal": 1}},
        reconciliation={
            "date": "2026-01-15",
            "matched": 4,
            "breaks": 0,
            "pnl_ledger": {"USDT": "1.5"},
            "pnl_venue": {"USDT": "1.5"},
        },
        lineage=dict.fromkeys(CHAIN, "x"),
    )


@pytest.mark.parametrize(
    ("part", "key", "value", "said"),
    [
        ("candles", "gaps", 1, "gaps"),
        ("reconciliation", "breaks", 2, "2 breaks"),
        ("reconciliation", "pnl_venue", {"USDT": "1.50000001"}, "differ"),
        ("lineage", "commit", None, "lineage lacks commit"),
        ("reconciliation", "matched", 1, "1 rows matched 2 fills"),
        ("trading", "fills", 0, "nothing was traded"),
    ],
)
def test_a_day_that_is_not_clean_is_not_called_so(part: str, key: str, value: Any, said: str) -> None:
    report = clean_day()
    report.check()
    getattr(report, part)[key] = value
    with pytest.raises(Broken, match=said):
        report.check()


def test_a_model_that_held_still_needs_no_lineage() -> None:
    report = clean_day()
    report.trading["strategies"] = {"ma_cross": 2}
    report.lineage = dict.fromkeys(CHAIN)
    report.check()


def test_the_report_is_written_whole_and_told(tmp_path: Path) -> None:
    report = clean_day()
    file = tmp_path / "report.json"
    report.write(file)
    assert json.loads(file.read_text())["reconciliation"]["pnl_ledger"] == {"USDT": "1.5"}
    told = io.StringIO()
    print_report(Console(width=140, file=told), report, file, kept=False)
    assert "ma_cross 1, model_signal 1" in told.getvalue()
    assert "1.5 USDT" in told.getvalue()
    assert "KEEP=1" in told.getvalue()


@pytest.mark.parametrize(
    ("history", "markets", "instruments"),
    [(None, {"binance_usdm", "binance_spot"}, 4), (Path("recorded.parquet"), {"binance_usdm"}, 2)],
)
def test_the_demos_desk_is_an_ordinary_desk(
    tmp_path: Path, history: Path | None, markets: set[str], instruments: int
) -> None:
    settings = write_desk(DemoPlan(home=tmp_path, history=history))
    assert {account.market for account in settings.accounts} == markets
    assert len(settings.crawl_instruments) == instruments
    assert settings.simulator.history == (history.absolute() if history else None)
    assert {strategy.account for strategy in settings.strategies} == {ALPHA, TREND}
    assert set(settings.limits) == {ALPHA, TREND}
    for name in (ALPHA, TREND):
        file = tmp_path / settings.account(name).key_file
        assert file.stat().st_mode & 0o077 == 0
