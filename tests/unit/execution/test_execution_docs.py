"""docs/execution.md names every algorithm with each of its parameters, and its examples are admitted."""

import shlex
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from fixtures.oms_desk import PERP, Desk, rules_of
from jtrader.app.cli import parents
from jtrader.domain.errors import BadInput
from jtrader.domain.times import MINUTE
from jtrader.execution.catalogue import ALGORITHMS

TEXT = (Path(__file__).parents[3] / "docs" / "execution.md").read_text()
ROWS = {line.split("`")[1]: line for line in TEXT.splitlines() if line.startswith("| `")}
EXAMPLES = [line.strip() for line in TEXT.splitlines() if line.startswith("    jtrader parents place")]


def test_the_table_is_whole() -> None:
    assert list(ROWS) != []
    assert set(ROWS) == set(ALGORITHMS)
    inherited = {"vwap": "twap", "stop_limit": "stop"}
    for name, algorithm in ALGORITHMS.items():
        told = ROWS[name] + ROWS.get(inherited.get(name, ""), "")
        for field in msgspec.structs.fields(algorithm.params):
            assert f"`{field.name}`" in told, f"{name}: {field.name}"


@pytest.mark.parametrize("line", EXAMPLES)
def test_its_examples_can_be_executed(line: str) -> None:
    words = shlex.split(line)[3:]
    given = dict(pairwise(words))
    told = [words[i + 1] for i, word in enumerate(words) if word == "-p"]
    desk = Desk()
    intent = desk.intent(
        algorithm=given["--algorithm"],
        params=parents.parse_params(told),
        limit_price=Decimal(given["--limit"]) if "--limit" in given else None,
        reduce_only="--reduce-only" in words,
        end=desk.market + int(given["--minutes"]) * MINUTE if "--minutes" in given else None,
    )
    assert ALGORITHMS[intent.algorithm].check(intent, rules_of(PERP)) == ""
    assert len(EXAMPLES) == len(ALGORITHMS)


def test_params_as_they_are_typed() -> None:
    assert parents.parse_params(["interval=60", "curve=1,2.5"]) == {"interval": "60", "curve": ["1", "2.5"]}
    for wrong in (["interval"], ["=3"], ["interval="], ["a=1", "a=2"]):
        with pytest.raises(BadInput):
            parents.parse_params(wrong)
