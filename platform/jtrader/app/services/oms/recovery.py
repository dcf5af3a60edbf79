"""Start-up and crash recovery, one path: what the venue knows is told to the engine before anything is traded."""

import logging
from collections.abc import Sequence
from decimal import Decimal

from jtrader.app.services.oms.clock import OmsClock
from jtrader.app.services.oms.core_loop import CoreLoop
from jtrader.app.services.oms.venue_link import VenueLink
from jtrader.app.wiring.trading import trusted
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO, plain
from jtrader.domain.times import HOUR
from jtrader.engine.inputs import AccountFound, Ticked

LOOK_BACK = HOUR
"""Market time before the last thing journaled from which fills and ledger rows are read again."""

log = logging.getLogger(__name__)


async def recover(core: CoreLoop, links: Sequence[VenueLink], clock: OmsClock) -> None:
    """All accounts are read before anything acts: parents, kills and loss limits start with the one tick at the end.

    The streams must be live already, so that nothing falls between them and what is read here. Raises BadInput where a
    new account is not flat or a key is refused, BrokerError where a venue does not answer.
    """
    for link in links:
        with trusted(link.account):
            await _catch_up(core, link, clock)
    await core.ask(Ticked())
    for link in links:
        with trusted(link.account):
            for difference in (await differences(core, link)).values():
                log.warning("account %s: %s", link.account, difference)


async def _catch_up(core: CoreLoop, link: VenueLink, clock: OmsClock) -> None:
    state = core.engine.state
    if link.account not in state.opened:
        await _open(core, link)
    opened = state.opened[link.account]
    for instrument in link.instruments:
        last = state.last_fill.get((link.account, instrument), opened.ts)
        live = [o.child.ts for o in state.live_orders() if o.child.account == link.account]
        link.look_from(instrument, max(opened.ts, min([last, *live]) - LOOK_BACK))
    link.look_from(None, max(opened.ts, state.last_entry.get(link.account, opened.ts) - LOOK_BACK))
    clock.hear(state.last_ts)
    await link.poll()
    _refuse_another(core, link)


def _refuse_another(core: CoreLoop, link: VenueLink) -> None:
    """Two desks on one account would each take the other's fills for a stranger's."""
    found = core.engine.core.watch.foreign.get(link.account, {}).values()
    if names := sorted(str(one.client_order_id) for one in found if one.is_of_jtrader):
        raise BadInput(
            f"account '{link.account}' has open orders of another jtrader: {', '.join(names)}. Is there a desk with"
            " another home on this account? Stop it; or cancel these at the venue; then start again"
        )


async def _open(core: CoreLoop, link: VenueLink) -> None:
    """The first start: takes the account over with the balances it has."""
    rules = core.engine.core.instruments
    traded = {rules[name].base for name in link.instruments if rules[name].is_spot}
    balances = {b.asset: b.total for b in await link.broker.balances() if b.total}
    held = [f"{plain(p.quantity)} {p.instrument}" for p in await link.broker.positions()]
    held += [f"{plain(total)} {asset}" for asset, total in balances.items() if asset in traded]
    held += [f"the open order {order.venue_order_id}" for order in await link.broker.open_orders()]
    if held:
        raise BadInput(
            f"account '{link.account}' is not flat: it has {', '.join(held)}. jtrader takes over flat accounts only:"
            " close these at the venue and start again"
        )
    await core.ask(AccountFound(link.account, balances))
    log.info("account %s opened with %s", link.account, {a: plain(v) for a, v in balances.items()})


async def differences(core: CoreLoop, link: VenueLink) -> dict[InstrumentId, str]:
    """What the venue holds and our books don't, or the other way round, by instrument, as sentences.

    Positions of derivatives; of spot accounts the balances of what is traded. Empty while fills are coming in.
    """
    rules = core.engine.core.instruments
    before = core.engine.state.counts["order_filled"]
    if rules[link.instruments[0]].is_spot:
        totals = {b.asset: b.total for b in await link.broker.balances()}
        theirs = {name: totals.get(rules[name].base, ZERO) for name in link.instruments}
    else:
        quantities = {p.instrument: p.quantity for p in await link.broker.positions()}
        theirs = {name: quantities.get(name, ZERO) for name in {*link.instruments, *quantities}}
    if core.engine.state.counts["order_filled"] != before:
        return {}
    return {
        name: f"the venue holds {plain(quantity)} of {name}, our books {plain(_book(core, link, rules.get(name)))}"
        for name, quantity in theirs.items()
        if quantity != _book(core, link, rules.get(name))
    }


def _book(core: CoreLoop, link: VenueLink, instrument: Instrument | None) -> Decimal:
    if instrument is None:
        return ZERO
    if instrument.is_spot:
        return core.engine.ledger.balances(link.account).get(instrument.base, ZERO)
    return core.engine.ledger.position(link.account, instrument.id)
