"""The examples of docs/faults.md are scripts that the simulator takes."""

import re
import tomllib
from pathlib import Path

from jtrader.exchange.sim.faults.actions import PLACES
from jtrader.exchange.sim.faults.script import Match, script_of

TEXT = (Path(__file__).parents[5] / "docs" / "faults.md").read_text()


def test_every_example_is_taken() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    scripts = [script_of(tomllib.loads(block)) for block in blocks]
    assert [len(script.rules) for script in scripts] == [1, 20]


def test_every_action_and_field_is_told() -> None:
    kinds = {str(kind.__struct_config__.tag) for kind in PLACES}
    assert set(re.findall(r"^\| `(\w+)` \| (?:rest|stream|everywhere)", TEXT, re.MULTILINE)) == kinds
    assert {field for field in Match.__struct_fields__ if f"`{field}`" not in TEXT} == set()
