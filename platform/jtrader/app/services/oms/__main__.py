"""`python -m jtrader.app.services.oms`."""

import asyncio
import logging
from collections.abc import Collection, Sequence

from jtrader.app.services.heartbeat import Heartbeat
from jtrader.app.services.oms.latch import LatchFile
from jtrader.app.services.oms.paper import PaperAccount
from jtrader.app.services.oms.paper_desk import PaperDesk
from jtrader.app.services.oms.projector import Projector
from jtrader.app.services.oms.service import Addresses, OmsService
from jtrader.app.services.running import run_service
from jtrader.app.settings import AccountSettings, Settings, load_settings
from jtrader.app.wiring.desk import (
    journal_folder,
    latch_file,
    open_journal,
    open_projection,
    trading_accounts,
    venue_rules,
)
from jtrader.app.wiring.paper import RestHistory, open_paper
from jtrader.app.wiring.recording import LazyReader, is_numbered
from jtrader.app.wiring.trading import broker_for, instruments_of
from jtrader.domain.errors import BadInput, JtraderError, Unavailable
from jtrader.domain.ids import AccountId, InstrumentId, Market, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import SECOND
from jtrader.engine.engine import Engine
from jtrader.ports.broker import Broker
from jtrader.store.journal.files import FileJournal

log = logging.getLogger(__name__)


async def serve(settings: Settings) -> None:
    """Runs until cancelled; then takes no more intents, waits for answers on their way, and closes the journal."""
    if not settings.accounts:
        raise BadInput(
            "no [[accounts]] in the settings: the oms has nothing to trade; add one to the desk's jtrader.toml"
        )
    journal = open_journal(settings)
    try:
        service = await build(settings, journal)
        stop = asyncio.Event()
        running = asyncio.create_task(service.run(stop))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.set()
            await running
    except ExceptionGroup as group:
        raise _named(group) from group
    finally:
        journal.close()


async def build(settings: Settings, journal: FileJournal) -> OmsService:
    """The oms of a desk. Raises BadInput for what the settings get wrong, Unavailable without the venue's rules."""
    addresses = Addresses(
        settings.need("oms_rpc_uri"), settings.need("oms_events_uri"), settings.need("market_data_uri")
    )
    markets = list(dict.fromkeys(Market(account.market) for account in settings.accounts))
    rules, market_time = await asyncio.to_thread(venue_rules, settings, markets)
    _check_listed(settings, {rule.id for rule in rules})
    projector = None
    if settings.postgres_uri is not None:
        projector = Projector(journal_folder(settings), rules, lambda: open_projection(settings))
    brokers: dict[AccountId, tuple[Broker, Sequence[InstrumentId]]] = {}
    paper: list[PaperAccount] = []
    recorded = LazyReader(settings) if settings.mongo_uri is not None else None
    latch = LatchFile(latch_file(settings))
    for account in settings.accounts:
        if (kill := latch.read().revoked(AccountId(account.name), account.market)) is not None:
            log.error("account %s is left out: kill level 5 by %s: %s", account.name, kill.actor, kill.reason)
            continue
        instruments = instruments_of(settings, account)
        if account.broker == "paper":
            paper.append(_paper_account(settings, account, rules, market_time, recorded))
            brokers[AccountId(account.name)] = paper[-1].broker, instruments
        else:
            brokers[AccountId(account.name)] = broker_for(settings, account), instruments
    if not brokers:
        raise Unavailable("the keys of all accounts are revoked; 'jtrader kill --status' tells by whom, L0 releases")
    return OmsService(
        engine=Engine(rules, trading_accounts(settings)),
        journal=journal,
        brokers=brokers,
        addresses=addresses,
        latch=latch,
        heartbeat=Heartbeat(settings.root, "oms"),
        projector=projector,
        market_time=market_time,
        paper=PaperDesk(paper, addresses.market_data, market_time, recorded) if paper else None,
        strategies=[
            (AccountId(account), StrategyId(chosen.name))
            for chosen in settings.strategies
            for account in chosen.every_account
        ],
        unknown_patience=int(settings.unknown_order_seconds * SECOND),
        limits=lambda: {account.id: account.limit_set for account in trading_accounts(load_settings())},
    )


def _paper_account(
    settings: Settings,
    account: AccountSettings,
    rules: Sequence[Instrument],
    market_time: int,
    recorded: LazyReader | None,
) -> PaperAccount:
    of_market = [one for one in rules if one.market == account.market]
    opened = open_paper(settings, account, instruments_of(settings, account), of_market, market_time)
    history = RestHistory(settings, Market(account.market))
    return PaperAccount(*opened, history, recorded=recorded, is_numbered=is_numbered)


def _check_listed(settings: Settings, listed: Collection[InstrumentId]) -> None:
    for account in settings.accounts:
        if unknown := [name for name in instruments_of(settings, account) if name not in listed]:
            raise BadInput(
                f"account '{account.name}': the venue does not list {', '.join(unknown)}; "
                "mend [[strategies]] or crawl_instruments in the settings"
            )


def _named(group: ExceptionGroup) -> Exception:
    """The first failure in the group that has a name, else the group."""
    for error in group.exceptions:
        found = _named(error) if isinstance(error, ExceptionGroup) else error
        if isinstance(found, JtraderError):
            return found
    return group


if __name__ == "__main__":
    run_service("oms", serve)
