"""The reconciliation of a trading day, as the DAG and the command line run it: dated, idempotent."""

import asyncio
import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from jtrader.app.jobs.venue_account import marks_at, read_account
from jtrader.app.settings import AccountSettings, Settings, load_settings
from jtrader.app.wiring.desk import venue_rules
from jtrader.app.wiring.reading import money_events, open_statements
from jtrader.app.wiring.trading import broker_for, instruments_of, trusted
from jtrader.domain.books import Statement
from jtrader.domain.errors import BadInput
from jtrader.domain.events import AccountOpened, BreakAcknowledged, Event, OrderFilled
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO, plain, use_exact_context
from jtrader.domain.times import day_bounds, iso, to_datetime
from jtrader.ledger.reconcile import reconcile
from jtrader.ledger.rollback import their_side
from jtrader.ledger.sides import our_side, window_of
from jtrader.ops.alerts import LogAlerts
from jtrader.ports.alerts import Alerts
from jtrader.ports.stores import StatementStore
from jtrader.report.statement import as_csv, as_html

log = logging.getLogger(__name__)


class Reconciled(msgspec.Struct, frozen=True):
    """A day's statements, one an account; `explained`: who acknowledged which break, by account and id; `files`: the
    reports that were written."""

    date: dt.date
    statements: tuple[Statement, ...]
    explained: dict[tuple[AccountId, str], str] = {}
    files: tuple[Path, ...] = ()

    @property
    def breaks(self) -> int:
        return sum(len(statement.breaks) for statement in self.statements)

    @property
    def unexplained(self) -> int:
        """Breaks that nobody has acknowledged."""
        return sum((one.account, found.id) not in self.explained for one in self.statements for found in one.breaks)


def reconcile_day(
    date: str | dt.date | None = None,
    accounts: Sequence[str] | None = None,
    settings: Settings | None = None,
    alerts: Alerts | None = None,
) -> Reconciled:
    """Compares our journal with the venues for one trading day and stores the statements.

    `date` defaults to the last day that is over in market time, `accounts` to all that were open on it. Twice the same
    day gives the same rows; what came in late gives the next version. Without date and accounts, a day on which nothing
    was open has no statements. Raises BadInput, Unavailable, BrokerError.
    """
    use_exact_context()
    settings = settings or load_settings()
    chosen = [settings.account(name) for name in accounts] if accounts else list(settings.accounts)
    if not chosen:
        raise BadInput(
            "no [[accounts]] in the settings: there is nothing to reconcile; add one to the desk's jtrader.toml"
        )
    events = money_events(settings)
    rules, market_now = venue_rules(settings, dict.fromkeys(Market(account.market) for account in chosen))
    day = _day(date, market_now)
    if not accounts:
        chosen = _open_on(day, chosen, events)
        if date is not None and not chosen:
            raise BadInput(
                f"no account was open on {day}: the journal below {settings.root} has none; check JTRADER_HOME"
            )
    with open_statements(settings) as store:
        desk = _Desk(settings, events, {rule.id: rule for rule in rules}, market_now, store)
        statements = tuple(desk.reconcile(account, day) for account in chosen)
    explained = {
        (event.account, event.break_id): f"{event.actor}: {event.reason}"
        for event in events
        if isinstance(event, BreakAcknowledged) and event.date == day.isoformat()
    }
    _tell(statements, explained, alerts or LogAlerts())
    return Reconciled(day, statements, explained, _write(settings.root / "statements", statements, explained))


class _Desk:
    """What all accounts share."""

    def __init__(
        self,
        settings: Settings,
        events: Sequence[Event],
        rules: dict[InstrumentId, Instrument],
        market_now: int,
        store: StatementStore,
    ) -> None:
        self._settings = settings
        self._events = events
        self._rules = rules
        self._now = market_now
        self._store = store

    def reconcile(self, account: AccountSettings, day: dt.date) -> Statement:
        """Stores and returns the day's statement. Where the day before no longer closes as its statement says,
        something came in late: that day gets its next version first."""
        statement = asyncio.run(self._compare(account, day))
        before = self._store.before(statement.account, day)
        eve = day - dt.timedelta(1)
        if before is not None and before.date == eve and _held(before.closing) != _held(statement.opening):
            log.info("%s of %s closed otherwise since; reconciling it again", before.date, account.name)
            self.reconcile(account, before.date)
        return self._store.save(statement)

    async def _compare(self, account: AccountSettings, day: dt.date) -> Statement:
        name = AccountId(account.name)
        window = window_of(name, day, _opening(name, self._events))
        broker = broker_for(self._settings, account, live=True)  # reading alone: nothing is ordered
        try:
            traded = {*instruments_of(self._settings, account), *_traded(name, self._events)}
            with trusted(account.name):
                venue = await read_account(broker, traded, window.start, self._now)
            moved = {*traded, *(position.instrument for position in venue.positions)}
            valued = sorted(one for one in moved if one in self._rules and not self._rules[one].is_spot)
            opening, closing = [await marks_at(broker, valued, ts) for ts in (window.start, window.end)]
        finally:
            await broker.close()
        marks = (opening.get, closing.get)
        ours = our_side(name, window, self._events, self._rules, marks)
        theirs = their_side(window, venue, self._rules, marks, ours.closing.holdings, ours.delivered)
        return reconcile(name, day, window, ours, theirs, self._rules)


def report(result: Reconciled) -> dict[str, Any]:
    """Figures as JSON: the sums, and the same per account; P&L per asset as exact strings."""
    accounts = {
        one.account: {
            "verdict": one.verdict,
            "version": one.version,
            "matched": one.matched,
            "breaks": len(one.breaks),
            "unexplained": sum((one.account, found.id) not in result.explained for found in one.breaks),
            "fills": one.fills,
            "pnl_ledger": _strings([one.pnl_ledger]),
            "pnl_venue": _strings([one.pnl_venue]),
        }
        for one in result.statements
    }
    return {
        "date": result.date.isoformat(),
        "matched": sum(one.matched for one in result.statements),
        "breaks": result.breaks,
        "unexplained": result.unexplained,
        "fills": sum(one.fills for one in result.statements),
        "pnl_ledger": _strings([one.pnl_ledger for one in result.statements]),
        "pnl_venue": _strings([one.pnl_venue for one in result.statements]),
        "accounts": accounts,
    }


def summary(result: Reconciled, link: str | None = None) -> str:
    """One line of what the reconciliation found, with where to look."""
    parts = [
        f"{one.account} {one.verdict} (version {one.version}, {one.fills} fills, {one.matched} lines matched, "
        + ", ".join(f"{plain(gain)} {asset}" for asset, gain in one.pnl_ledger.items())
        + ")"
        for one in result.statements
    ]
    line = f"{result.date}: " + ("; ".join(parts) or "no account was open, nothing to reconcile")
    return f"{line}; see {link}" if link else line


def _day(date: str | dt.date | None, market_now: int) -> dt.date:
    """Raises BadInput for what is no date, and for a day that is not over at the venue."""
    if date is None:
        return to_datetime(market_now).date() - dt.timedelta(1)
    try:
        day = dt.date.fromisoformat(date) if isinstance(date, str) else date
    except ValueError as error:
        raise BadInput(f"'{date}' is not a date; write it as 2026-01-15") from error
    end = day_bounds(day)[1]
    if market_now < end:
        raise BadInput(f"{day} is not over: market time is {iso(market_now)}; reconcile it after {iso(end)}")
    return day


def _open_on(day: dt.date, accounts: Iterable[AccountSettings], events: Sequence[Event]) -> list[AccountSettings]:
    end = day_bounds(day)[1]
    opened = {event.account for event in events if isinstance(event, AccountOpened) and event.ts < end}
    return [account for account in accounts if account.name in opened]


def _opening(account: AccountId, events: Iterable[Event]) -> AccountOpened | None:
    return next((e for e in events if isinstance(e, AccountOpened) and e.account == account), None)


def _traded(account: AccountId, events: Iterable[Event]) -> set[InstrumentId]:
    return {e.fill.instrument for e in events if isinstance(e, OrderFilled) and e.fill.account == account}


def _write(
    folder: Path, statements: Iterable[Statement], explained: Mapping[tuple[AccountId, str], str]
) -> tuple[Path, ...]:
    """A page and a table a statement: `<folder>/<date>/<account>-v<version>.html` and `.csv`."""
    written: list[Path] = []
    for one in statements:
        mine = {break_id: words for (account, break_id), words in explained.items() if account == one.account}
        for ending, text in (("html", as_html(one, mine)), ("csv", as_csv(one, mine))):
            path = folder / one.date.isoformat() / f"{one.account}-v{one.version}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return tuple(written)


def _tell(statements: Iterable[Statement], explained: Mapping[tuple[AccountId, str], str], alerts: Alerts) -> None:
    """What nobody has explained yet."""
    for one in statements:
        unexplained = [found for found in one.breaks if (one.account, found.id) not in explained]
        for found in unexplained[:10]:
            log.warning("%s %s: %s", one.account, one.date, found.detail)
        if unexplained:
            first = unexplained[0].detail
            message = f"{one.account} {one.date}: {one.verdict}, version {one.version}; the first: {first}"
            alerts.send("page", f"reconcile {one.account}", message)


def _held(amounts: dict[str, Decimal]) -> dict[str, Decimal]:
    """Without the assets that are at zero: a day names those that it traded, the next one need not."""
    return {asset: amount for asset, amount in amounts.items() if amount}


def _strings(parts: Iterable[dict[str, Decimal]]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for part in parts:
        for asset, gain in part.items():
            sums[asset] = sums.get(asset, ZERO) + gain
    return {asset: plain(gain) for asset, gain in sorted(sums.items())}
