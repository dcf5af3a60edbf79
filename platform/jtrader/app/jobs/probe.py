"""Probes an account on a market that is reached by ccxt's unified methods."""

import asyncio
import secrets

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.adapter import BrokerSpec
from jtrader.app.wiring.keys import key_path, read_keys
from jtrader.app.wiring.proof import keep_proof
from jtrader.app.wiring.trading import trusted
from jtrader.app.wiring.venues import venue_of
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import amount, use_exact_context
from jtrader.domain.times import MINUTE
from jtrader.exchange.ccxt.broker import CcxtBroker
from jtrader.exchange.ccxt.probe import Probe, Proof


def probe_account(name: str, instrument: str, may_trade: bool, settings: Settings | None = None) -> Proof:
    """Places smallest orders far from the market and cancels them; with `may_trade` the smallest quantity is bought and
    sold again. What came of it is kept for `live`. Raises BadInput, Unavailable."""
    use_exact_context()
    settings = settings or load_settings()
    account = settings.account(name)
    venue = venue_of(account.market, settings)
    if not venue.needs_proof:
        raise BadInput(f"account '{name}' is on {account.market}, whose adapter is jtrader's own: it needs no probe")
    rest = venue.rest(Market(account.market), settings, "")
    try:
        found = [one for one in rest.instruments() if one.id == instrument]
        if not found:
            raise BadInput(f"{account.market} lists no {instrument}")
        now = rest.market_time()
        closed = rest.candles(InstrumentId(instrument), now - 60 * MINUTE, now)
    finally:
        rest.close()
    if not closed:
        raise BadInput(f"{instrument} has not traded for an hour: probe another one")
    proof = asyncio.run(_probe(settings, name, found[0], closed[-1].close, now, may_trade))
    keep_proof(settings, account, proof)
    return proof


async def _probe(
    settings: Settings, name: str, instrument: Instrument, last: float, now: int, may_trade: bool
) -> Proof:
    account = settings.account(name)
    market = Market(account.market)
    keys = read_keys(key_path(settings, account))
    simulator = settings.simulator_uri if account.broker == "sim" else None
    venue = venue_of(market, settings)
    broker = venue.broker(BrokerSpec(AccountId(name), market, [instrument.id], keys, settings, simulator))
    assert isinstance(broker, CcxtBroker), f"{market} needs no proof"
    price = instrument.price_at(instrument.ticks_down(last))
    try:
        with trusted(name):
            await broker.balances()
            return await Probe(broker, AccountId(name), instrument, amount(price), now, _new_id, may_trade).run()
    finally:
        await broker.close()


def _new_id() -> ClientOrderId:
    """In the oms's form, so that its letters are proven, too."""
    return ClientOrderId(f"jtp{secrets.token_hex(5)}-{secrets.randbelow(100)}")
