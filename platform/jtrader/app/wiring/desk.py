"""Builds the desk's core from settings: accounts with their limits, the engine, the journal."""

from collections.abc import Iterable
from pathlib import Path

from jtrader.app.settings import LimitSettings, ScopeLimitSettings, Settings
from jtrader.app.wiring.data import open_sources
from jtrader.domain.ids import AccountId, InstrumentId, Market, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import SECOND
from jtrader.engine.core import TradingAccount
from jtrader.ports.stores import Projection
from jtrader.risk.limits import Limits, ScopeLimits, StrategyLimits
from jtrader.store.journal.files import FileJournal
from jtrader.venue.bounds import keepable


def limits_of(settings: LimitSettings | None) -> Limits:
    """An account without limits gets unset ones, which refuse every order."""
    given = settings or LimitSettings()
    return Limits(
        max_order_notional=given.max_order_notional,
        max_position_notional=given.max_position_notional,
        max_open_orders=given.max_open_orders,
        max_orders_per_minute=given.max_orders_per_minute,
        price_collar=given.price_collar,
        max_quote_age=None if given.max_quote_age_seconds is None else int(given.max_quote_age_seconds * SECOND),
        max_order_quantity={InstrumentId(name): most for name, most in given.max_order_quantity.items()},
        max_gross_notional=given.max_gross_notional,
        max_net_notional=given.max_net_notional,
        max_messages_per_minute=given.max_messages_per_minute,
        max_cancel_ratio=given.max_cancel_ratio,
        max_repeats=given.max_repeats,
        repeat_window=int(given.repeat_window_seconds * SECOND),
        duplicate_window=int(given.duplicate_window_seconds * SECOND),
        max_signal_age=int(given.max_signal_age_seconds * SECOND),
        leverage=given.leverage,
        max_daily_loss=given.max_daily_loss,
        max_drawdown=given.max_drawdown,
        allow=tuple(map(InstrumentId, given.allow)),
        deny=tuple(map(InstrumentId, given.deny)),
    )


def _strategy_limits(settings: Settings, account: str) -> dict[StrategyId, StrategyLimits]:
    """Of the account's strategies that have any of their own; capital belongs to a strategy's first account."""
    limits = {
        StrategyId(chosen.name): StrategyLimits(
            capital=chosen.capital if chosen.account == account else None, **chosen.limits.model_dump()
        )
        for chosen in settings.strategies
        if account in chosen.every_account
    }
    return {name: own for name, own in limits.items() if own != StrategyLimits()}


def trading_accounts(settings: Settings) -> list[TradingAccount]:
    return [
        TradingAccount(
            id=AccountId(account.name),
            market=Market(account.market),
            limits=limits_of(settings.limits.get(account.name)),
            permission=account.broker,
            strategies=_strategy_limits(settings, account.name),
            venue_limits=ScopeLimits(**settings.venue_limits.get(account.market, ScopeLimitSettings()).model_dump()),
        )
        for account in settings.accounts
    ]


def venue_rules(settings: Settings, markets: Iterable[Market]) -> tuple[list[Instrument], int]:
    """Every instrument of the markets and the newest market time (ns), from the venues' REST; where a paper account
    trades, with steps that its venue can keep. Raises Unavailable."""
    on_paper = {account.market for account in settings.accounts if account.broker == "paper"}
    rules: list[Instrument] = []
    newest = 0
    with open_sources(settings, markets) as sources:
        for market, source in sources.items():
            rules += map(keepable, source.instruments()) if market in on_paper else source.instruments()
            newest = max(newest, source.market_time())
    return rules, newest


def open_projection(settings: Settings) -> Projection:
    """The read model in Postgres, its schema brought up to date. Raises Unavailable."""
    from jtrader.store.postgres.connection import connect
    from jtrader.store.postgres.projection import PostgresProjection
    from jtrader.store.postgres.schema import upgrade

    uri = settings.need("postgres_uri")
    upgrade(uri)
    return PostgresProjection(connect(uri, "jtrader-oms"))


def journal_folder(settings: Settings) -> Path:
    return settings.root / "journal"


def open_journal(settings: Settings) -> FileJournal:
    """Raises JournalInUse where another process writes it, Broken where it is damaged."""
    return FileJournal(journal_folder(settings))


def latch_file(settings: Settings) -> Path:
    return settings.root / "run" / "kill.json"
