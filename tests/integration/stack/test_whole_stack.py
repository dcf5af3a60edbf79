"""`make up` for the demo's desk, with every service; then what dies comes back, and nothing is left."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from threading import Event

import httpx
import psutil
import pytest

from jtrader.app.demo.desk import DemoPlan, write_desk
from jtrader.app.settings import load_settings
from jtrader.app.stack import Stack, processes
from jtrader.app.stack.doctor import examine
from jtrader.app.stack.hub import PROXY
from jtrader.app.stack.service import wait_until
from jtrader.app.wiring.data import open_stores
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, parse_time
from jtrader.ops.airflow import Airflow

pytestmark = [
    pytest.mark.skipif(not PROXY.exists(), reason="JupyterHub's proxy is not installed; run 'make setup'"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("whole")
    write_desk(DemoPlan(home=home))
    stack = Stack(load_settings(home=home, stack={"base_port": 0}))
    stack.up()
    yield stack
    stack.down()
    assert processes.of_stack(stack.home) == []


def test_every_service_is_healthy(stack: Stack) -> None:
    rows = stack.status()
    assert {row.service: row.trouble for row in rows if not row.healthy} == {}
    assert all(row.memory_mb and row.memory_mb > 1 for row in rows)
    assert sum(row.memory_mb or 0 for row in rows) < 5000


def test_other_processes_find_the_services_through_home_alone(stack: Stack) -> None:
    settings = load_settings(home=stack.home.root)
    written = json.loads(stack.home.endpoints.read_text())
    assert {name: settings.need(name) for name in written} == written


def test_the_pages_answer(stack: Stack) -> None:
    site = stack.site()
    for port, path in (
        ("web", "/"),
        ("airflow", "/"),
        ("mlflow", "/"),
        ("hub", "/hub/login"),
        ("simulator", "/sim/health"),
    ):
        assert httpx.get(site.url(port) + path, follow_redirects=True, timeout=30).is_success, port


def test_airflow_knows_the_dags_and_has_no_import_error(stack: Stack) -> None:
    api = f"{stack.site().url('airflow')}/api/v2"
    wanted = {"crawl_market_data", "crawl_daily", "maintain_market_data", "retrain_models", "reconcile_pnl"}

    def known() -> bool:
        return wanted <= {dag["dag_id"] for dag in httpx.get(f"{api}/dags", timeout=30).json()["dags"]}

    wait_until(known, 120, "the DAGs: known to Airflow", Event(), poll=0.5)
    assert httpx.get(f"{api}/importErrors", timeout=30).json()["import_errors"] == []


def test_a_backfill_from_the_shell_stores_days_of_the_past(stack: Stack) -> None:
    """Two days that nothing else has crawled, a run each, through Airflow's own command."""
    settings = load_settings(home=stack.home.root)
    days = ("2025-12-20", "2025-12-21")
    backfill = ["backfill", "create", "--dag-id", "crawl_daily", "--from-date", days[0], "--to-date", days[1]]
    conf = ["--dag-run-conf", json.dumps({"instruments": ["binance_usdm:BTCUSDT"]})]
    with Airflow(stack.site().url("airflow")) as door:
        door.wait_for_dag("crawl_daily")
        door.unpause("crawl_daily")
    airflow(stack, *backfill, *conf)

    def stored() -> bool:
        with open_stores(settings) as stores:
            start = parse_time(f"{days[0]}T00:00:00Z")
            found = stores.candles.read(InstrumentId("binance_usdm:BTCUSDT"), start, start + 2 * DAY)
            return sum(1 for _ in found) == 2 * 1440

    wait_until(stored, 240, "the backfill: two days of candles", Event(), poll=1)


def airflow(stack: Stack, *words: str) -> None:
    environment = {**os.environ, "JTRADER_HOME": str(stack.home.root)}
    ran = subprocess.run([sys.executable, "-m", "jtrader", "airflow", *words], env=environment, capture_output=True)
    assert ran.returncode == 0, ran.stdout.decode() + ran.stderr.decode()


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    before = {row.service: row.pid for row in stack.status(memory=False)}
    stack.up()
    assert {row.service: row.pid for row in stack.status(memory=False)} == before


@pytest.mark.parametrize("service", ["mlflow", "airflow-scheduler", "simulator", "web", "oms"])
def test_a_killed_service_comes_back(stack: Stack, service: str) -> None:
    before = next(row.pid for row in stack.status(memory=False) if row.service == service)
    assert before is not None
    os.kill(before, signal.SIGKILL)

    def back() -> bool:
        row = next(row for row in stack.status(memory=False) if row.service == service)
        return row.healthy and row.pid not in (None, before)

    wait_until(back, 240, f"{service}: healthy again", Event(), poll=0.5)
    group = [process for process in processes.of_stack(stack.home) if os.getpgid(process.pid) == before]
    assert group == [], "the killed process left workers behind"


def test_the_doctor_finds_no_failure(stack: Stack) -> None:
    assert [finding for finding in examine(load_settings(home=stack.home.root)) if finding.level == "fail"] == []


def test_no_part_of_the_stack_listens_to_other_machines(stack: Stack) -> None:
    ours = {process.pid for process in processes.of_stack(stack.home)}
    listening = [each for each in psutil.net_connections(kind="inet") if each.status == psutil.CONN_LISTEN]
    addresses = {each.laddr.ip for each in listening if each.pid in ours}
    assert addresses
    assert addresses <= {"127.0.0.1", "::1"}


def test_orphans_with_children_in_other_sessions_are_ended(stack: Stack) -> None:
    """Last: the supervisor dies; `down` finds all of its services, their workers, and the hub's proxy."""
    pid = stack.supervisor_pid()
    assert pid is not None
    before = {process.pid for process in processes.of_stack(stack.home)}
    daemon = psutil.Process(pid)
    daemon.kill()
    daemon.wait(10)
    assert len(stack.down()) >= len(before) - 5
    assert processes.of_stack(stack.home) == []
    assert not {each for each in before if psutil.pid_exists(each) and psutil.Process(each).status() != "zombie"}
