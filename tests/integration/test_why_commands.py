"""`jtrader lineage` and `jtrader why` on a real database."""

import json
import os
import subprocess
import sys

import msgspec
import pytest

from fixtures.oms_story import PERP, STORY, filled
from jtrader.app.settings import CHECKOUT
from jtrader.domain.events import OrderFilled, Sequenced
from jtrader.ports.stores import Booked
from jtrader.store.postgres.connection import connect
from jtrader.store.postgres.projection import PostgresProjection
from jtrader.store.postgres.schema import upgrade

ETH = "binance_usdm:ETHUSDT"


@pytest.fixture(scope="module")
def desk(module_postgres):
    """The story, then trades of others: number 3, and number 4 on two instruments."""
    upgrade(module_postgres)
    engine = connect(module_postgres)
    foreign = filled(4, client=None, ts=70).fill
    elsewhere = msgspec.structs.replace(foreign, instrument=ETH)
    trades = [filled(3, client=None, ts=70), *(OrderFilled(ts=70, fill=one) for one in (foreign, elsewhere))]
    batch = [Booked(Sequenced(number, event)) for number, event in enumerate([*STORY, *trades], start=1)]
    PostgresProjection(engine).apply(batch, [], [])
    engine.dispose()
    return module_postgres


@pytest.fixture
def jtrader(desk, tmp_path):
    own = {"JTRADER_HOME": str(tmp_path), "JTRADER_POSTGRES_URI": desk, "PYTHONPATH": str(CHECKOUT / "platform")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from jtrader.app.cli import main; main()", *words]
        return subprocess.run(command, env=os.environ | own, capture_output=True, text=True, timeout=60)

    return run


def test_lineage_gives_the_links_as_json(jtrader):
    told = jtrader("lineage", f"{PERP}#1", "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout) == {
        "fill": f"{PERP}#1",
        "order": "o1",
        "signal": "s1",
        "model_version": "3",
        "data_manifest": "m1",
        "commit": "c1",
    }


def test_why_tells_the_story(jtrader):
    story = jtrader("why", "2").stdout
    assert "model direction version 3 said 0.61" in story
    assert "return_5 0.3" in story
    assert "made by commit c1" in story
    assert "UNASSIGNED" in jtrader("why", "3").stdout


def test_last_is_the_newest_fill(jtrader):
    assert json.loads(jtrader("why", "last", "--json").stdout)["ts"] == 70


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("why", "777"), "no fill '777' in Postgres"),
        (("lineage", "4"), "several fills are '4'"),
    ],
)
def test_unknown_and_ambiguous_fills_are_refused(jtrader, words, message):
    told = jtrader(*words)
    assert told.returncode == 2
    assert message in told.stderr
