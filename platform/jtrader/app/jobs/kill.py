"""A kill that needs nobody: the latch is written first, then the venue is asked over a connection of its own."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import msgspec

from jtrader.app.services.oms.latch import change_latch
from jtrader.app.settings import AccountSettings, Settings
from jtrader.app.wiring.desk import journal_folder, latch_file
from jtrader.app.wiring.trading import broker_for
from jtrader.app.wiring.venues import venue_of
from jtrader.domain.errors import BadInput, JtraderError
from jtrader.domain.events import ChildAccepted
from jtrader.domain.ids import UNASSIGNED, AccountId, ClientOrderId, StrategyId
from jtrader.domain.order import VenueOrder
from jtrader.ports.broker import AccessDenied, Broker, BrokerError, OrderNotFound
from jtrader.risk.kill import Change, Kill, KillLevel, Latch, is_protective, is_venue_of
from jtrader.store.journal.reader import read_journal

PATIENCE_SECONDS = 60.0
"""How long orders are cancelled again and again."""
ONE_CALL_SECONDS = 5.0
QUIET_SECONDS = 0.5
"""Between two listings without an order of the scope, which end it: a request may have been on its way."""
AT_ONCE = 10

Owners = Mapping[ClientOrderId, StrategyId]


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one account's orders. `left` are those that were still open when the time was over."""

    account: AccountId
    cancelled: int = 0
    protective: int = 0
    left: tuple[str, ...] = ()
    seconds: float = 0.0
    trouble: str = ""


def set_level(
    settings: Settings,
    level: KillLevel,
    reason: str,
    actor: str,
    account: str | None = None,
    strategy: str | None = None,
    venue: str | None = None,
) -> Latch:
    """Writes the latch. Raises BadInput for a scope that this desk does not have, and without a reason."""
    if not reason.strip():
        raise BadInput("no reason is given: write why, it is journaled with your name")
    if level is KillLevel.REVOKE and strategy is not None:
        raise BadInput(f"keys belong to accounts, not to strategy '{strategy}': take --strategy out, or take L4")
    _check_scope(settings, account, strategy, venue)
    change = Change(
        level=level,
        reason=reason,
        actor=actor,
        account=None if account is None else AccountId(account),
        strategy=None if strategy is None else StrategyId(strategy),
        venue=venue,
        at=time.time_ns(),
    )
    return change_latch(latch_file(settings), change)


async def cancel_scope(settings: Settings, kill: Kill, patience: float = PATIENCE_SECONDS) -> list[Cancelled]:
    """Cancels the scope's orders at the venues, protective ones excepted, all accounts at once. Paper accounts have
    none there: the oms, whose process they live in, obeys the latch."""
    accounts = [one for one in settings.accounts if kill.touches(AccountId(one.name), one.market)]
    owners = _owners(settings) if kill.strategy is not None else {}
    at_venues = [one for one in accounts if one.broker != "paper"]
    return list(await asyncio.gather(*(_cancel(settings, one, kill, owners, patience) for one in at_venues)))


async def _cancel(
    settings: Settings, account: AccountSettings, kill: Kill, owners: Owners, patience: float
) -> Cancelled:
    begun, name = time.monotonic(), AccountId(account.name)
    work = _Work(kill, owners)
    try:
        broker = broker_for(settings, account, live=True)
    except JtraderError as error:
        return Cancelled(account=name, trouble=str(error))
    try:
        async with asyncio.timeout(patience):
            await work.run(broker)
    except TimeoutError:
        work.trouble = work.trouble or f"not done within {patience:.0f} s"
    except AccessDenied as error:
        work.trouble = str(error)
    finally:
        await broker.close()
    return Cancelled(
        account=name,
        cancelled=len(work.seen - set(work.open)),
        protective=work.protective,
        left=tuple(work.open),
        seconds=time.monotonic() - begun,
        trouble=work.trouble,
    )


class _Work:
    """Cancelling at one account, until two listings show nothing of the scope."""

    def __init__(self, kill: Kill, owners: Owners) -> None:
        self._kill = kill
        self._owners = owners
        self.seen: set[str] = set()
        self.open: list[str] = []
        self.protective = 0
        self.trouble = ""

    async def run(self, broker: Broker) -> None:
        """Raises AccessDenied."""
        gate, quiet = asyncio.Semaphore(AT_ONCE), 0
        while quiet < 2:
            try:
                async with asyncio.timeout(ONE_CALL_SECONDS):
                    orders = await broker.open_orders()
            except AccessDenied:
                raise
            except (BrokerError, TimeoutError) as error:
                self.trouble = str(error) or "the venue does not answer"
                await asyncio.sleep(QUIET_SECONDS)
                continue
            meant = self._meant(orders)
            quiet = 0 if meant else quiet + 1
            if meant:
                keeps = {order.instrument for order in orders if order not in meant}
                await asyncio.gather(*(self._end(broker, order, order.instrument in keeps, gate) for order in meant))
            if quiet < 2:
                await asyncio.sleep(QUIET_SECONDS)
        self.trouble = ""

    def _meant(self, orders: Sequence[VenueOrder]) -> list[VenueOrder]:
        inside = [order for order in orders if self._is_inside(order)]
        meant = [order for order in inside if not is_protective(order)]
        self.protective = len(inside) - len(meant)
        self.open = [order.client_order_id or order.venue_order_id for order in meant]
        self.seen |= set(self.open)
        return meant

    def _is_inside(self, order: VenueOrder) -> bool:
        wanted = self._kill.strategy
        client = order.client_order_id
        return wanted is None or (client is not None and self._owners.get(client, UNASSIGNED) == wanted)

    async def _end(self, broker: Broker, order: VenueOrder, shares: bool, gate: asyncio.Semaphore) -> None:
        """A stranger's order without a client id goes with all of its instrument, where nothing there is to stay."""
        try:
            async with gate, asyncio.timeout(ONE_CALL_SECONDS):
                if order.client_order_id is not None:
                    await broker.cancel(order.instrument, order.client_order_id)
                elif not shares:
                    await broker.cancel_all(order.instrument)
                else:
                    self.trouble = f"order {order.venue_order_id} has no client id: cancel it at the venue"
        except OrderNotFound:
            pass  # it has ended by itself
        except AccessDenied:
            raise
        except (BrokerError, TimeoutError) as error:
            self.trouble = str(error) or "the venue does not answer"


def _owners(settings: Settings) -> dict[ClientOrderId, StrategyId]:
    """Whose each order is, from the journal, which the oms may be writing."""
    events = (entry.event for entry in read_journal(journal_folder(settings)))
    return {event.order.client_order_id: event.order.strategy for event in events if isinstance(event, ChildAccepted)}


def _check_scope(settings: Settings, account: str | None, strategy: str | None, venue: str | None) -> None:
    if account is not None:
        settings.account(account)
    names = [chosen.name for chosen in settings.strategies]
    if strategy is not None and strategy not in (*names, UNASSIGNED):
        raise BadInput(f"strategy '{strategy}' is not in the settings; known: {', '.join(names) or 'none'}")
    markets = sorted({one.market for one in settings.accounts})
    if venue is not None and not any(is_venue_of(venue, market) for market in markets):
        known = sorted({venue_of(market, settings).name for market in markets} | set(markets))
        raise BadInput(f"no account is on '{venue}'; known: {', '.join(known) or 'none'}")
