"""Builds the host from settings and keeps its heartbeat."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from jtrader.app.admission import Admissions
from jtrader.app.services.heartbeat import Heartbeat
from jtrader.app.services.strategies.book import DeskBook
from jtrader.app.services.strategies.champion import Champion
from jtrader.app.services.strategies.host import RETRY_SECONDS, StrategyHost
from jtrader.app.services.strategies.hosted import HostedStrategy
from jtrader.app.services.strategies.making import Maker
from jtrader.app.services.strategies.minutes import Minutes
from jtrader.app.services.strategies.rpc import StrategyMethods
from jtrader.app.settings import Settings
from jtrader.app.wiring.data import markets_of, open_stores
from jtrader.app.wiring.trading import LazyCandles, champion_watch
from jtrader.bus.market import MarketSubscriber
from jtrader.bus.rpc import RpcClient, RpcServer
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.events import Sequenced
from jtrader.domain.ids import InstrumentId, ParentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.order import Intent, ParentWish
from jtrader.domain.signal import Signal
from jtrader.engine.intents import Answer
from jtrader.ports.stores import CandleStore

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
ASK_SECONDS = 2.0
"""Wall time that the oms has for an answer."""


class OmsClient:
    """The oms as strategies use it."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    async def events_since(self, after: int, limit: int) -> Sequence[Sequenced]:
        return await self._rpc.call("events_since", list[Sequenced], {"seq": after, "limit": limit})

    async def submit(self, intent: Intent, signal: Signal | None) -> Answer:
        return await self._rpc.call("submit_intent", Answer, {"intent": intent, "signal": signal})

    async def cancel(self, parent_id: ParentId, actor: str, reason: str) -> None:
        wish = {"parent_id": parent_id, "wish": ParentWish.CANCEL, "actor": actor, "reason": reason}
        await self._rpc.call("want_parent", type(None), wish)


async def serve(settings: Settings) -> None:
    """Runs every strategy of the settings until cancelled."""
    heartbeat = Heartbeat(settings.root, "strategies")
    heartbeat.beat(False, state="starting")
    source = LazyCandles(settings)
    rpc = RpcClient(settings.need("oms_rpc_uri"), timeout=ASK_SECONDS)
    champion = Champion(await asyncio.to_thread(champion_watch, settings))
    with contextlib.ExitStack() as opened:
        opened.callback(source.close)
        store = _open_store(settings, opened)
        rules = await _rules(settings, source)
        oms = OmsClient(rpc)
        book = DeskBook(oms.events_since, rules)
        makers = [Maker(settings, chosen, rules, champion, book) for chosen in settings.strategies]
        hosted = [maker.hosted(oms) for maker in makers]
        admissions = Admissions(settings.root)
        kinds = ["candle", "status", *sorted({kind for one in hosted for kind in one.kinds})]
        subscriber = MarketSubscriber(settings.need("market_data_uri"), sorted(rules) or ["none"], kinds)
        opened.callback(subscriber.close)
        lines = {name: Minutes(name, source, store) for name in rules}
        host = StrategyHost(subscriber, lines, hosted, book, source.market_time_of, admissions.missing)
        methods = StrategyMethods(host, list(zip(makers, hosted, strict=True)))
        door = RpcServer(settings.need("strategies_rpc_uri"), methods.handlers())
        opened.callback(door.close)
        try:
            await champion.poll_once()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(champion.follow())
                tasks.create_task(host.run())
                tasks.create_task(door.serve())
                tasks.create_task(_beat(heartbeat, settings, host, hosted, champion, admissions))
        finally:
            await rpc.close()


def _open_store(settings: Settings, opened: contextlib.ExitStack) -> CandleStore | None:
    """MongoDB if it answers; warming up goes without it."""
    try:
        return opened.enter_context(open_stores(settings)).candles
    except (Unavailable, BadInput) as error:
        log.warning("no candle store: %s", error)
        return None


async def _rules(settings: Settings, source: LazyCandles) -> dict[InstrumentId, Instrument]:
    """The instruments that strategies trade, as the venue lists them; asked until it answers."""
    wanted = {InstrumentId(name) for chosen in settings.strategies for name in chosen.instruments}
    found: dict[InstrumentId, Instrument] = {}
    for market in markets_of(sorted(wanted), settings):
        while True:
            try:
                listed = await asyncio.to_thread(source.instruments, market)
                break
            except Unavailable as error:
                log.warning("%s does not answer (%s); trying again", market, error)
                await asyncio.sleep(RETRY_SECONDS)
        found |= {instrument.id: instrument for instrument in listed if instrument.id in wanted}
    if unknown := sorted(wanted - set(found)):
        raise BadInput(f"{', '.join(unknown)}: the venue does not list this; mend [[strategies]] in the settings")
    return found


async def _beat(
    heartbeat: Heartbeat,
    settings: Settings,
    host: StrategyHost,
    hosted: Sequence[HostedStrategy],
    champion: Champion,
    admissions: Admissions,
) -> None:
    """Ready: warmed up, and at least one strategy runs (or none is configured). One whose instruments are not admitted
    yet is warm and waits."""
    told = ""
    brokers = {account.broker for account in settings.accounts} or {"sim"}
    while True:
        runs = not hosted or any(not one.failure for one in hosted)  # one that people stopped is as it should be
        waits = {str(one.name): why for one in hosted if (why := admissions.missing([*one.instruments]))}
        if (why := "; ".join(dict.fromkeys(waits.values()))) != told:
            told = why
            log.warning("strategies wait: %s", why) if why else log.info("every strategy has its instruments")
        heartbeat.beat(
            host.is_warm and runs,
            **host.details(),
            model=settings.champion,
            model_version=champion.version,
            model_swaps=champion.swaps,
            waits=waits,
            model_problem="; ".join(sorted({p for broker in brokers if (p := champion.problem(broker))})),
        )
        await asyncio.sleep(BEAT_SECONDS)
