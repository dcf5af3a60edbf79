"""The day in order: services, crawl, train, approve, trade, close, reconcile, report."""

import datetime as dt
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from jtrader.app.admission import admit, forget_admissions
from jtrader.app.demo import facts
from jtrader.app.demo.desk import SPEED, DemoPlan, check_market, write_desk
from jtrader.app.demo.memory import PeakMemory
from jtrader.app.demo.report import Report, print_report
from jtrader.app.demo.show import Show, Step
from jtrader.app.demo.simulator import Clock, SimulatorClock
from jtrader.app.services.heartbeat import read_health
from jtrader.app.settings import Settings, load_settings
from jtrader.app.stack import Stack
from jtrader.app.stack.processes import recorded
from jtrader.app.stack.starting import Progress
from jtrader.domain.times import DAY, MINUTE, Nanos, iso, to_datetime
from jtrader.ops.airflow import Airflow, DagRun

STEPS = 8
TRADERS = ("oms", "feed", "recorder", "strategies")
TOOLS = (
    "postgres",
    "mongod",
    "simulator",
    "mlflow",
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "jupyterhub",
    "web",
)
DAGS = ("crawl_market_data", "retrain_models", "reconcile_pnl")
STALE = ("journal", "lake", "sim", "spill")
"""What an earlier demo left behind and this one makes anew (with the desk's databases)."""


def run_demo(plan: DemoPlan, console: Console) -> Path:
    """Runs the day and returns the report's file. Whatever happens, nothing keeps running unless `plan.keep`."""
    check_market(plan)
    show = Show(console, STEPS)
    file = plan.home / "report.json"
    stack = Stack(write_desk(plan))
    with ExitStack() as closing:
        if not plan.keep:
            closing.callback(_stop, stack, show)
        day = Day(plan, stack, show)
        with PeakMemory(day.processes) as memory:
            report = day.run()
        report.peak_rss_mb = memory.peak_mb
        report.seconds = round(time.monotonic() - day.started, 1)
        report.write(file)
        print_report(console, report, file, kept=plan.keep)
    report.check()
    return file


def _stop(stack: Stack, show: Show) -> None:
    with show.step("Stop the services", number=STEPS) as step:
        stack.down(_told(step))
        step.summary = "no process is left"


class Day:
    """One run: what the steps share."""

    def __init__(self, plan: DemoPlan, stack: Stack, show: Show) -> None:
        self.started = time.monotonic()
        self._plan = plan
        self._stack = stack
        self._show = show
        self._settings: Settings = load_settings(home=plan.home)
        self._report = Report(market=plan.market)

    def processes(self) -> list[int]:
        """The supervisor's pid, for the memory watch."""
        daemon = recorded(self._stack.home).get("supervisord")
        return [daemon.pid] if daemon else []

    def run(self) -> Report:
        self._start_services()
        with Airflow(self._settings.need("airflow_uri")) as airflow:
            for dag in DAGS:
                airflow.wait_for_dag(dag)
                airflow.unpause(dag)
            crawl_started = dt.datetime.now(dt.UTC)
            self._crawl(airflow)
            training = self._train(airflow, crawl_started)
            self._approve(airflow, training)
            with SimulatorClock(self._settings.need("simulator_uri")) as clock:
                self._trade(clock)
                self._close(clock)
            self._reconcile(airflow)
        self._report.urls = self._urls()
        return self._report

    def _start_services(self) -> None:
        with self._show.step("Start the services") as step:
            self._stack.down()
            for folder in STALE:
                shutil.rmtree(self._plan.home / folder, ignore_errors=True)
            forget_admissions(self._plan.home)
            site = self._stack.up(_told(step), ("postgres", "mongod"))
            self._settings = load_settings(home=self._plan.home)
            facts.forget(self._settings, site.external)
            self._stack.up(_told(step), TOOLS)
            step.summary = f"{len(TOOLS)} healthy on 127.0.0.1, the page at {self._settings.web_uri}"

    def _crawl(self, airflow: Airflow) -> None:
        with self._show.step("Crawl market data into MongoDB") as step:
            wanted = facts.expected_candles(self._settings)
            run = airflow.trigger("crawl_market_data", {})

            def watch(_: object) -> None:
                step.advance_to(facts.stored_candles(self._settings), wanted, "candles")

            airflow.finish(run, timeout=300, watch=watch)
            for name in self._traded():
                admit(name, self._settings, days=1)
            self._report.candles = facts.candles(self._settings)
            step.summary = (
                f"{self._report.candles['stored']:,} candles, {self._report.candles['gaps']} gaps; "
                f"{len(self._traded())} instruments admitted"
            )

    def _traded(self) -> list[str]:
        return sorted({name for chosen in self._settings.strategies for name in chosen.instruments})

    def _train(self, airflow: Airflow, since: dt.datetime) -> DagRun:
        with self._show.step("Train on Spark, track in MLflow") as step:
            run = airflow.next_run("retrain_models", since)
            airflow.wait_for_approval(run, "approve", timeout=420, watch=_tasks(step))
            metrics = facts.metrics(airflow.result(run, "train"), self._settings.champion)
            self._report.model = facts.model(self._settings, "challenger", metrics)
            step.summary = facts.describe(self._report.model)
        return run

    def _approve(self, airflow: Airflow, run: DagRun) -> None:
        with self._show.step("Approve and promote") as step:
            params: dict[str, str] = {}
            if self._report.model["gate"] != "passed":
                params = {"override_by": "demo", "override_reason": "the demo shows the whole loop; sim accounts only"}
            airflow.answer(run, "approve", "Approve", params)
            airflow.finish(run, timeout=120, watch=_tasks(step))
            self._report.model = facts.model(self._settings, "champion", self._report.model["metrics"])
            step.summary = f"{self._report.model['name']} v{self._report.model['version']} is champion" + (
                ", by override for sim and paper accounts only" if params else ""
            )

    def _trade(self, clock: SimulatorClock) -> None:
        with self._show.step("Trade one market hour at 60x") as step:
            self._stack.start(*TRADERS, report=_told(step))
            window = clock.read()
            clock.run(SPEED, window.live_end)
            hour = (window.live_end - window.live_start) // MINUTE

            def watch(now: Clock) -> None:
                done = (now.now - window.live_start) // MINUTE
                step.advance_to(done, hour, f"{iso(now.now)[11:16]} UTC, {self._fills_so_far()} fills")

            clock.wait_until_paused(timeout=240, watch=watch)
            self._stack.stop("strategies", "recorder", "feed")
            self._settle()
            self._report.trading = facts.trading(self._settings, self._plan.home)
            fills = ", ".join(f"{count} by {name}" for name, count in self._report.trading["strategies"].items())
            step.summary = f"{self._report.trading['fills']} fills: {fills}"

    def _close(self, clock: SimulatorClock) -> None:
        with self._show.step("Close the day") as step:
            cut = self._cut(clock.read())
            clock.jump(cut)
            step.summary = f"market time is {iso(cut)}, positions valued at the venue's mark"

    def _reconcile(self, airflow: Airflow) -> None:
        with self._show.step("Reconcile against the venue") as step:
            date = self._date
            run = airflow.trigger("reconcile_pnl", {"date": date.isoformat()})
            airflow.finish(run, timeout=180, watch=_tasks(step))
            self._settle()
            self._report.reconciliation = facts.reconciliation(self._settings, date)
            self._report.lineage = facts.lineage(self._settings)
            books = self._report.reconciliation
            step.summary = f"{date}: {books['matched']} matched, {books['breaks']} breaks"

    def _cut(self, clock: Clock) -> Nanos:
        self._date = to_datetime(clock.live_start).date()
        return Nanos((clock.live_start // DAY + 1) * DAY)

    def _fills_so_far(self) -> int:
        health = read_health(self._plan.home, "oms")
        return int(health.detail.get("fills", 0)) if health else 0

    def _settle(self) -> None:
        """Until the projection has caught up with the journal."""
        facts.wait_for_projection(self._plan.home, seconds=60)

    def _urls(self) -> dict[str, str]:
        names = {"page": "web_uri", "airflow": "airflow_uri", "mlflow": "mlflow_uri", "jupyterhub": "hub_uri"}
        return {name: str(getattr(self._settings, key)) for name, key in names.items()}


def _told(step: Step) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        step.note(f"{progress.service} {progress.stage}")

    return tell


def _tasks(step: Step) -> Callable[[dict[str, str]], None]:
    def tell(states: dict[str, str]) -> None:
        running = [task for task, state in states.items() if state in ("running", "queued", "scheduled")]
        step.note(", ".join(running))

    return tell
