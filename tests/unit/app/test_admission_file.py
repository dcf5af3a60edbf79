"""Strategies start with what was admitted, and say how to admit the rest."""

from pathlib import Path

import pytest

from fixtures.admitted import write_admissions
from jtrader.app.admission import Admissions, admitted, forget_admissions
from jtrader.domain.errors import BadInput

BTC, ETH = "binance_usdm:BTCUSDT", "binance_usdm:ETHUSDT"


def test_what_was_not_admitted_is_named_with_the_command(tmp_path: Path) -> None:
    write_admissions(tmp_path, [BTC])
    admissions = Admissions(tmp_path)
    assert admissions.missing([BTC]) == ""
    assert admissions.missing([BTC, ETH, ETH]).endswith(f"run 'jtrader instruments add {ETH}'")
    forget_admissions(tmp_path)
    assert admissions.missing([BTC]).endswith(f"run 'jtrader instruments add {BTC}'")
    write_admissions(tmp_path, [BTC, ETH])
    assert admissions.missing([BTC, ETH]) == ""


def test_a_file_that_cannot_be_read_is_no_admission(tmp_path: Path) -> None:
    (tmp_path / "admitted.json").write_text('[{"instrument": 5}]')
    with pytest.raises(BadInput, match="delete it and admit the instruments again"):
        admitted(tmp_path)
    assert "delete it" in Admissions(tmp_path).missing([BTC])
