"""Journals replay for ever: records as an earlier build wrote them still lead to what that build made of them.

`tests/fixtures/journals/<day>.jsonl` are records, `<day>.json` what they came to: status and filled quantity of each
order, what may still fill, positions and balances. A file stays as it is; a build with new kinds of records adds one.
"""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fixtures.oms_desk import INSTRUMENTS, accounts
from jtrader.domain.events import Sequenced
from jtrader.engine.engine import Engine

FOLDER = Path(__file__).parents[2] / "fixtures" / "journals"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.jsonl")), ids=lambda file: file.stem)
def test_an_earlier_journal_comes_to_the_same(file: Path) -> None:
    told = json.loads(file.with_suffix(".json").read_text())
    engine = Engine(INSTRUMENTS, accounts())
    assert engine.replay(msgspec.json.Decoder(Sequenced).decode_lines(file.read_bytes())) > 30
    state, ledger = engine.state, engine.ledger
    orders = {order.id: (str(order.status), order.filled) for order in state.orders.values()}
    assert orders == {name: (status, Decimal(filled)) for name, (status, filled) in told["orders"].items()}
    assert list(state.live) == told["live"]
    assert sorted(state.counts) == told["tags"]
    positions = [
        [p.account, p.strategy, p.instrument, *map(str, (p.quantity, p.cost, p.realised, p.fees, p.funding))]
        for p in ledger.positions()
    ]
    assert positions == told["positions"]
    balances = {name: {asset: str(held) for asset, held in ledger.balances(name).items()} for name in told["balances"]}
    assert balances == told["balances"]
