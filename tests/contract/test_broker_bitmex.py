"""ports.Broker on BitMEX's four kinds of contract, over the real ccxt client and the stream, against the simulator."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal

import pytest

from contract.broker_suite import STOPS, TOUCHES, BrokerCase, BrokerSuite
from fixtures.broker_desk import eventually
from fixtures.simulator import BITMEX, Simulator, StartSimulator
from fixtures.wire import Wire
from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.ids import Market
from jtrader.domain.instrument import Instrument
from jtrader.domain.order import TriggerBy
from jtrader.exchange.bitmex.broker import BitmexBroker
from jtrader.exchange.bitmex.rest import BitmexRest
from jtrader.exchange.bitmex.session import Keys

MARKET = Market("bitmex")
PACE = 50
"""The suite asks more often than BitMEX's 120 a minute."""
FUNDS = {"bitmex": {"BTC": "0.5", "USDT": "100000"}}
LOTS = {"XBTUSD": 10, "XBTUSDT": 100, "ETHUSD": 50, "XBTZ26": 10}


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    simulator = start_simulator(instruments=BITMEX)
    simulator.run_for(60)
    return simulator


@pytest.fixture(scope="module")
def listed(venue: Simulator) -> dict[str, Instrument]:
    with BitmexRest(MARKET, venue.uri) as rest:
        return {str(one.venue_symbol): one for one in rest.instruments()}


class BitmexCase(BrokerCase):
    cancels_post_only = True
    triggers = frozenset(TriggerBy)
    conditionals = STOPS | TOUCHES

    def __init__(self, venue: Simulator, instrument: Instrument) -> None:
        self._venue = venue
        self.instrument = instrument
        self.quantity = instrument.quantity_step * LOTS[str(instrument.venue_symbol)]
        self._keys = Keys(secrets.token_hex(12), secrets.token_hex(24))
        self._wire: Wire | None = None
        venue.add_account(self._keys.key, self._keys.secret, FUNDS, pace=PACE)

    def broker(self, uri: str = "", page: int | None = None, keys: Keys | None = None) -> BitmexBroker:
        return BitmexBroker(
            self.account,
            MARKET,
            [self.instrument.id],
            keys or self._keys,
            uri or self._venue.uri,
            **({} if page is None else {"page": page}),
            per_minute=120 * PACE,
        )

    def spoilt(self, how: str) -> BitmexBroker:
        if how == "clock":
            made = self.broker()
            made._session.clock.correction = -60_000
            return made
        wrong = secrets.token_hex(12)
        keys = Keys(wrong, self._keys.secret) if how == "key" else Keys(self._keys.key, wrong)
        return self.broker(keys=keys)

    def run(self, work: Callable[[BrokerCase], Awaitable[None]]) -> None:
        """Each test has a market second of its own, so that the rows of others can be told from its own by time."""
        self._venue.run_for(1)
        super().run(work)

    async def last_price(self) -> Decimal:
        """Asked with the key: without one BitMEX allows 30 requests a minute."""
        assert isinstance(self.desk.broker, BitmexBroker)
        row = await self.desk.broker._instrument_row(self.instrument.id, "lastPrice")
        return Decimal(str(row["lastPrice"]))

    async def advance(self, seconds: float) -> None:
        await asyncio.to_thread(self._venue.run_for, seconds)

    async def deposit(self, asset: str, amount: str) -> None:
        await asyncio.to_thread(self._venue.transfer, self._keys.key, "bitmex", asset, amount)

    async def _open(self, uri: str) -> None:
        self._wire = Wire(self._venue.uri)
        await self._wire.__aenter__()
        await super()._open(self._wire.uri)

    def stop(self) -> None:
        assert self._wire is not None
        self._runner.run(self._wire.__aexit__(None, None, None))
        super().stop()

    async def cut(self) -> None:
        assert self._wire is not None
        self._wire.is_down = True
        self._wire.cut()

    async def mend(self) -> None:
        assert self._wire is not None
        self._wire.is_down = False


@pytest.fixture(scope="module", params=list(LOTS))
def case(request: pytest.FixtureRequest, venue: Simulator, listed: dict[str, Instrument]) -> Iterator[BrokerCase]:
    made = BitmexCase(venue, listed[request.param])
    made.start()
    yield made
    made.stop()


class TestBitmex(BrokerSuite):
    """Every behaviour of the suite, on each of the four."""


def test_a_withdrawal_is_told_once_though_the_stream_tells_of_it_while_it_is_pending(case: BitmexCase) -> None:
    async def work(at: BrokerCase) -> None:
        start, leaves = len(at.desk.reports), "0.002" if at.held == "BTC" else "3"
        await asyncio.to_thread(case._venue.withdraw, case._keys.key, "bitmex", at.held, leaves)

        def gone() -> list[VenueEntry]:
            rows = [one for one in at.desk.reports[start:] if isinstance(one, VenueEntry)]
            return [row for row in rows if row.kind is EntryKind.TRANSFER]

        async def is_told() -> bool:
            return bool(gone())

        await eventually(is_told)
        await asyncio.sleep(0.3)
        assert [(row.asset, row.amount) for row in gone()] == [(at.held, -Decimal(leaves))]

    case.run(work)
