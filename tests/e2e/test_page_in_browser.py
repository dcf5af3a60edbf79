"""The page as a person sees it: the real service on real Postgres, in a real browser."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from fixtures.trading_floor import free_ports
from jtrader.domain.books import PnlPoint, PositionState
from jtrader.domain.events import OrderFilled, Sequenced
from jtrader.domain.order import Fill, Side
from jtrader.domain.times import MINUTE, parse_time
from jtrader.ports.stores import Booked
from jtrader.store.postgres.connection import connect
from jtrader.store.postgres.projection import PostgresProjection
from jtrader.store.postgres.schema import upgrade

CHECKOUT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START = parse_time("2026-01-15T15:30:00Z")
PERP = "binance_usdm:BTCUSDT"
ZERO = Decimal(0)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; 'make test' installs it as root")


def trade(engine_uri: str) -> None:
    upgrade(engine_uri)
    engine = connect(engine_uri)
    fill = Fill(
        account="alpha",
        instrument=PERP,
        trade_id="4711",
        venue_order_id="7",
        client_order_id=None,
        side=Side.BUY,
        price=Decimal("105000.1"),
        quantity=Decimal("0.047"),
        fee=Decimal("2.46750235"),
        fee_asset="USDT",
        maker=False,
        ts=START,
    )
    position = PositionState(
        account="alpha",
        strategy="model_signal",
        instrument=PERP,
        settle="USDT",
        ts=START + MINUTE,
        quantity=Decimal("0.047"),
        cost=Decimal("4935.0047"),
        fees=Decimal("2.46750235"),
        mark=Decimal("105100.1"),
        unrealised=Decimal("4.7"),
    )
    points = [
        PnlPoint(
            ts=START + minute * MINUTE,
            account="alpha",
            strategy="model_signal",
            asset="USDT",
            realised=ZERO,
            unrealised=Decimal(minute),
            fees=ZERO,
            funding=ZERO,
        )
        for minute in range(5)
    ]
    PostgresProjection(engine).apply([Booked(Sequenced(1, OrderFilled(ts=START, fill=fill)))], [position], points)
    engine.dispose()


@pytest.fixture(scope="module")
def page_uri(module_postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    trade(module_postgres)
    uri = f"http://127.0.0.1:{free_ports(1)[0]}"
    home = tmp_path_factory.mktemp("desk")
    environment = os.environ | {
        "JTRADER_HOME": str(home),
        "JTRADER_POSTGRES_URI": module_postgres,
        "JTRADER_WEB_URI": uri,
        "JTRADER_MLFLOW_URI": "http://127.0.0.1:9/mlflow",
        "PYTHONPATH": str(CHECKOUT / "platform"),
    }
    log = (home / "web.log").open("w")
    service = subprocess.Popen([sys.executable, "-m", "jtrader.app.services.web"], env=environment, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not answers(uri):
            assert service.poll() is None, (home / "web.log").read_text()
            assert time.monotonic() < deadline, "the page did not come up"
        yield uri
    finally:
        service.terminate()
        assert service.wait(20) == 0
        log.close()


def answers(uri: str) -> bool:
    try:
        return bool(httpx.get(f"{uri}/api/health", timeout=2).json()["ok"])
    except httpx.HTTPError:
        return False


@pytest.fixture
def browser_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser.new_page(viewport={"width": 1500, "height": 1000})
        browser.close()


def test_the_desk_page_shows_what_the_books_say_and_asks_nobody_outside(page_uri: str, browser_page: Page) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.goto(page_uri)
    for text in ("P&L +2.23 USDT", "market time 2026-01-15T15:34:00Z", "105100.1", "2.46750235 USDT", "UNASSIGNED"):
        browser_page.get_by_text(text).first.wait_for(timeout=15_000)
    assert browser_page.get_by_text("No order is working.").is_visible()
    assert browser_page.get_by_role("link", name="MLflow").get_attribute("href") == "http://127.0.0.1:9/mlflow"
    assert browser_page.locator("canvas").count() >= 1
    assert not [url for url in asked if "127.0.0.1" not in url]


def test_the_dashboard_draws_the_same_definitions_as_metabase(page_uri: str, browser_page: Page) -> None:
    browser_page.goto(page_uri)
    browser_page.get_by_role("link", name="Profit and loss").wait_for(timeout=15_000)
    browser_page.goto(f"{page_uri}/dashboards/pnl")
    for title in ("P&L now", "P&L over time", "Reconciliation", "Open breaks"):
        browser_page.get_by_text(title, exact=True).first.wait_for(timeout=15_000)
    assert browser_page.locator(".text-negative").count() == 0
    assert browser_page.locator("canvas").count() >= 1
