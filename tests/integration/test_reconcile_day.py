"""A traded day against the real simulator: our journal, the venue's REST, statements in Postgres.

Orders go through the broker; the journal is written as the oms writes it, so that a test can spoil it afterwards.
"""

import asyncio
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fixtures.simulator import Simulator, StartSimulator
from jtrader.app.jobs.pnl_day import pnl_day
from jtrader.app.jobs.reconcile import reconcile_day, report, summary
from jtrader.app.settings import CHECKOUT, Settings, load_settings
from jtrader.app.wiring.reading import open_statements
from jtrader.app.wiring.trading import broker_for, instruments_of
from jtrader.domain.account import EntryKind
from jtrader.domain.errors import BadInput
from jtrader.domain.events import AccountOpened, BreakAcknowledged, ChildAccepted, EntryBooked, Event, OrderFilled
from jtrader.domain.order import ChildOrder, OrderType, Side, TimeInForce
from jtrader.domain.times import DAY, day_bounds, nanos
from jtrader.store.journal.files import FileJournal

DATE = dt.date(2026, 1, 15)
CUT = day_bounds(DATE)[1]
PERP, ETH = "binance_usdm:BTCUSDT", "binance_usdm:ETHUSDT"
SPOT = "binance_spot:ETHUSDT"
UNIT = Decimal("0.00000001")
ORDERS = {
    "alpha": [(PERP, "buy", "0.311"), (ETH, "sell", "7.123"), (PERP, "sell", "0.107"), (ETH, "buy", "9.001")],
    "trend": [(SPOT, "buy", "1.2345"), (SPOT, "buy", "0.7001"), (SPOT, "sell", "0.9005")],
}


def desk(home: Path, simulator: Simulator, postgres: str) -> Settings:
    """Two accounts with keys at the simulator."""
    (home / "secrets").mkdir(parents=True)
    lines = []
    for name, market in (("alpha", "binance_usdm"), ("trend", "binance_spot")):
        keys = home / "secrets" / f"{name}.json"
        keys.write_text(json.dumps({"key": f"key-{name}", "secret": f"secret-{name}"}))
        keys.chmod(0o600)
        simulator.add_account(f"key-{name}", f"secret-{name}")
        lines.append(f'[[accounts]]\nname = "{name}"\nmarket = "{market}"\nbroker = "sim"\nkey_file = "{keys}"\n')
    (home / "jtrader.toml").write_text("\n".join(lines))
    return load_settings(home=home, simulator_uri=simulator.uri, postgres_uri=postgres)


async def trade(settings: Settings, simulator: Simulator, account: str) -> list[Event]:
    """Opens the account and fills its orders at market; returns what an oms would have journaled."""
    broker = broker_for(settings, settings.account(account))
    try:
        opened = simulator.now
        balances = {balance.asset: balance.total for balance in await broker.balances()}
        events: list[Event] = [AccountOpened(ts=opened, account=account, balances=balances)]
        for number, (instrument, side, quantity) in enumerate(ORDERS[account]):
            simulator.run_for(90, speed=120)
            order = ChildOrder(
                client_order_id=f"{account}-{number}",
                parent_id=f"p{number}",
                strategy="test",
                account=account,
                instrument=instrument,
                side=Side(side),
                type=OrderType.MARKET,
                time_in_force=TimeInForce.GTC,
                quantity=Decimal(quantity),
                price=None,
                reduce_only=False,
                ts=simulator.now,
            )
            events.append(ChildAccepted(ts=order.ts, order=order))
            await broker.submit(order)
        return events
    finally:
        await broker.close()


async def told(settings: Settings, account: str) -> list[Event]:
    """The venue's fills and ledger rows up to now, as events."""
    broker = broker_for(settings, settings.account(account))
    try:
        start, end = CUT - DAY, CUT + DAY
        fills = [
            OrderFilled(ts=fill.ts, fill=fill)
            for name in instruments_of(settings, settings.account(account))
            for fill in await broker.fills(name, start, end)
        ]
        rows = await broker.entries(start, end)
        entries = [EntryBooked(ts=r.ts, entry=r) for r in rows if r.kind not in (EntryKind.TRADE, EntryKind.FEE)]
        return [*fills, *entries]
    finally:
        await broker.close()


def write_journal(settings: Settings, events: list[Event]) -> None:
    shutil.rmtree(settings.root / "journal", ignore_errors=True)
    journal = FileJournal(settings.root / "journal")
    for event in events:
        journal.append(event)
    journal.commit()
    journal.close()


class Traded(msgspec.Struct):
    settings: Settings
    simulator: Simulator
    orders: list[Event]
    seen: list[Event] = []

    def events(self, fresh: bool = False) -> list[Event]:
        """The journal as it should be; the venue is asked once, and again when something `fresh` happened there."""
        if fresh or not self.seen:
            self.seen = [event for name in ("alpha", "trend") for event in asyncio.run(told(self.settings, name))]
        return [*self.orders, *self.seen]


@pytest.fixture(scope="module")
def traded(tmp_path_factory, start_simulator: StartSimulator, module_postgres: str) -> Traded:
    """The hour around the funding at 16:00 is traded, then the market jumps behind the cut."""
    simulator = start_simulator(live_start="2026-01-15T15:52:00Z", live_minutes=12)
    settings = desk(tmp_path_factory.mktemp("desk"), simulator, module_postgres)
    orders = [e for name in ("alpha", "trend") for e in asyncio.run(trade(settings, simulator, name))]
    write_journal(settings, orders)
    with pytest.raises(BadInput, match="is not over: market time is 2026-01-15T16:0"):
        reconcile_day("2026-01-15", settings=settings)
    simulator.jump(CUT + 60 * 10**9)
    return Traded(settings, simulator, orders)


@pytest.fixture(autouse=True)
def journal(traded: Traded) -> None:
    write_journal(traded.settings, traded.events())


def test_the_day_is_clean_and_the_same_twice(traded, caplog):
    result = reconcile_day("2026-01-15", settings=traded.settings)
    assert [(one.account, one.verdict, one.breaks) for one in result.statements] == [
        ("alpha", "Clean", ()),
        ("trend", "Clean", ()),
    ]
    figures = report(result)
    assert figures["fills"] == sum(isinstance(event, OrderFilled) for event in traded.events()) >= 7
    assert figures["matched"] > figures["fills"]
    assert figures["pnl_ledger"] == figures["pnl_venue"]
    assert set(figures["pnl_ledger"]) == {"ETH", "USDT"}
    assert Decimal(figures["accounts"]["alpha"]["pnl_ledger"]["USDT"]) != 0
    funding = [e for e in traded.events() if isinstance(e, EntryBooked) and e.entry.kind is EntryKind.FUNDING]
    assert nanos(dt.datetime(2026, 1, 15, 16, tzinfo=dt.UTC)) in [event.entry.ts for event in funding]
    assert reconcile_day("2026-01-15", settings=traded.settings) == result
    assert reconcile_day(None, settings=traded.settings) == result, "the last day that is over"
    assert "alpha Clean (version 1" in summary(result, "http://x")
    assert "page" not in caplog.text


def spoil(events, kind, changed):
    """Changes the first event of a kind; None loses it."""
    index = next(i for i, event in enumerate(events) if isinstance(event, kind))
    new = changed(events[index])
    return [*events[:index], *([new] if new else []), *events[index + 1 :]]


def fee_off(event):
    return msgspec.structs.replace(event, fill=msgspec.structs.replace(event.fill, fee=event.fill.fee + UNIT))


def funding_off(event):
    return msgspec.structs.replace(event, entry=msgspec.structs.replace(event.entry, amount=event.entry.amount - UNIT))


FAULTS = [
    ("fee off by one unit", OrderFilled, fee_off, "fee"),
    ("missing fill", OrderFilled, lambda _: None, "fill"),
    ("funding off by one unit", EntryBooked, funding_off, "entry"),
    ("missing funding", EntryBooked, lambda _: None, "entry"),
]


class Heard:
    """ports.Alerts that remembers."""

    def __init__(self):
        self.sent = []

    def send(self, level, key, message):
        self.sent.append((level, key, message))


@pytest.mark.parametrize(("kind", "changed", "what"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_in_the_journal_breaks_alerts_and_is_mended_by_the_next_version(traded, kind, changed, what):
    clean = reconcile_day("2026-01-15", ["alpha"], traded.settings).statements[0]
    alerts = Heard()
    write_journal(traded.settings, spoil(traded.events(), kind, changed))
    broken = reconcile_day("2026-01-15", ["alpha"], traded.settings, alerts).statements[0]
    assert what in {one.what for one in broken.breaks}
    assert broken.version == clean.version + 1
    assert [(level, key) for level, key, _ in alerts.sent] == [("page", "reconcile alpha")]
    write_journal(traded.settings, traded.events())
    mended = reconcile_day("2026-01-15", ["alpha"], traded.settings).statements[0]
    assert (mended.version, mended.breaks) == (clean.version + 2, ())


def test_the_next_day_takes_over_and_a_transfer_is_no_profit(traded):
    traded.simulator.transfer("key-alpha", "binance_usdm", "USDT", "-123.45")
    traded.simulator.jump(CUT + DAY)
    write_journal(traded.settings, traded.events(fresh=True))
    first = reconcile_day("2026-01-15", settings=traded.settings).statements
    following = reconcile_day("2026-01-16", settings=traded.settings).statements
    assert [one.verdict for one in (*first, *following)] == ["Clean"] * 4
    assert following[0].transfers == {"USDT": Decimal("-123.45")}
    for today, tomorrow in zip(first, following, strict=True):
        assert tomorrow.opening == today.closing
    assert following[0].fills == 0
    write_journal(traded.settings, spoil(traded.events(), EntryBooked, lambda _: None))
    short = reconcile_day("2026-01-15", ["alpha"], traded.settings).statements[0]
    assert short.breaks
    write_journal(traded.settings, traded.events())
    assert reconcile_day("2026-01-16", ["alpha"], traded.settings).statements[0].version == 1
    with open_statements(traded.settings) as store:
        mended = store.latest("alpha", DATE)
    assert (mended.version, mended.verdict) == (short.version + 1, "Clean"), (
        "a late entry: the day before is done again"
    )


def test_an_explained_break_stays_and_pages_nobody(traded):
    spoilt = spoil(traded.events(), OrderFilled, fee_off)
    write_journal(traded.settings, spoilt)
    seen = reconcile_day("2026-01-15", ["alpha"], traded.settings)
    [statement] = seen.statements
    assert seen.unexplained == len(statement.breaks) > 0
    words = [
        BreakAcknowledged(
            ts=CUT, account="alpha", date="2026-01-15", break_id=found.id, actor="ann", reason="our parser"
        )
        for found in statement.breaks
    ]
    write_journal(traded.settings, [*spoilt, *words])
    alerts = Heard()
    again = reconcile_day("2026-01-15", ["alpha"], traded.settings, alerts)
    assert (again.statements, again.unexplained) == (seen.statements, 0)
    assert alerts.sent == []
    assert report(again)["accounts"]["alpha"]["unexplained"] == 0
    page, table = (path.read_text() for path in again.files)
    assert "0 breaks unexplained" in page
    assert table.count("ann: our parser") == len(words)


def jtrader(traded: Traded, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, as a person runs it."""
    own = {
        "JTRADER_HOME": str(traded.settings.root),
        "JTRADER_SIMULATOR_URI": traded.simulator.uri,
        "JTRADER_POSTGRES_URI": traded.settings.need("postgres_uri"),
        "PYTHONPATH": str(CHECKOUT / "platform"),
    }
    run = [sys.executable, "-c", "from jtrader.app.cli import main; main()", *words]
    return subprocess.run(run, env=os.environ | own, capture_output=True, text=True, timeout=120)


def test_the_command_tells_figures_and_ends_as_it_found(traded):
    clean = jtrader(traded, "reconcile", "2026-01-15", "--account", "alpha", "--json")
    assert (clean.returncode, clean.stderr) == (0, "")
    figures = json.loads(clean.stdout)
    assert (figures["date"], figures["breaks"]) == ("2026-01-15", 0)
    assert figures["pnl_ledger"] == figures["pnl_venue"]
    write_journal(traded.settings, spoil(traded.events(), OrderFilled, fee_off))
    broken = jtrader(traded, "reconcile", "2026-01-15", "--account", "alpha")
    assert broken.returncode == 1
    assert "rounding fee: fee of trade" in " ".join(broken.stdout.split())
    refused = jtrader(traded, "reconcile", "yesterday")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "jtrader: 'yesterday' is not a date; write it as 2026-01-15\n"


def test_the_day_in_one_currency_leaves_no_residual(traded):
    """The spot account's coins count at the venue's own minutes; the day's gain is the statement's."""
    write_journal(traded.settings, traded.events())
    [perp, spot] = pnl_day("2026-01-15", "USDT", settings=traded.settings)
    statement = reconcile_day("2026-01-15", ["alpha"], traded.settings).statements[0]
    assert perp.report.closing - perp.report.opening == statement.pnl_ledger["USDT"]
    assert (perp.report.residual, spot.report.residual) == (0, 0)
    assert perp.report.unknown == spot.report.unknown == ()
    parts = sum(one.signal + one.execution + one.funding - one.fees["USDT"] for one in perp.strategies)
    assert parts == statement.pnl_ledger["USDT"]
    assert {one.unpriced for one in perp.strategies} == {2}, "orders without an intent: no price of the decision"
    in_coin = pnl_day("2026-01-15", "ETH", ["trend"], traded.settings)[0].report
    assert "USDT" in in_coin.unknown, "no pair of USDT in ETH: named, not guessed"
    assert len(spot.disposals) == 1, "one sale, of the first of two lots"
    assert spot.disposals[0].quantity == Decimal("0.9005")
    assert (perp.spent, perp.switches) == ((), ())
    told = jtrader(traded, "pnl", "day", "2026-01-15", "--account", "trend", "--lots")
    assert (told.returncode, told.stderr) == (0, "")
    assert "residual 0" in told.stdout
    assert "proceeds" in told.stdout
    with pytest.raises(BadInput, match="is not over"):
        pnl_day("2026-02-20", "USDT", settings=traded.settings)


BAD = [
    ({"date": "2026-13-01"}, "not a date"),
    ({"date": "2026-02-20"}, "is not over"),
    ({"date": "2026-01-14"}, "no account was open on 2026-01-14"),
    ({"date": "2026-01-14", "accounts": ["alpha"]}, "was opened at 2026-01-15T15:5"),
    ({"date": "2026-01-15", "accounts": ["beta"]}, "account 'beta' is not in the settings"),
]


@pytest.mark.parametrize(("asked", "message"), BAD)
def test_bad_input_is_refused_in_a_sentence(traded, asked, message):
    with pytest.raises(BadInput, match=message):
        reconcile_day(**asked, settings=traded.settings)


def test_a_home_where_nothing_was_traded_has_nothing_to_reconcile(traded):
    shutil.rmtree(traded.settings.root / "journal")
    assert reconcile_day(settings=traded.settings).statements == ()
    assert "nothing to reconcile" in summary(reconcile_day(settings=traded.settings))
