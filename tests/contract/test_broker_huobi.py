"""ports.Broker on HTX's four markets, over the real ccxt client and native private streams, against the simulator."""

import asyncio
import secrets
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from contract.broker_suite import BrokerCase, BrokerSuite, one_goes_on
from fixtures.simulator import HUOBI, Simulator, StartSimulator
from fixtures.wire import Wire
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.order import OrderType, Side, TriggerBy
from jtrader.domain.times import HOUR
from jtrader.exchange.common.session import Keys
from jtrader.exchange.huobi.broker import HuobiBroker
from jtrader.exchange.huobi.desks import PAGE
from jtrader.exchange.huobi.endpoints import PUBLIC
from jtrader.exchange.huobi.rest import HuobiRest
from jtrader.ports.broker import OrderRefusedByVenue, Reason

INSTRUMENTS = {
    "huobi_spot": ("btcusdt", "0.001"),
    "huobi_linear": ("BTC-USDT", "10"),
    "huobi_swap": ("BTC-USD", "10"),
    "huobi_future": ("BTC261225", "10"),
}
A_QUARTER_OF_AN_HOUR = 900_000
"""ms; HTX takes a timestamp for five minutes."""


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    """One market for the file, one minute into its live hour so that books stand."""
    simulator = start_simulator(instruments=HUOBI)
    simulator.run_for(60)
    return simulator


class HuobiCase(BrokerCase):
    amends = False
    cancels_post_only = True

    def __init__(self, simulator: Simulator, market: str, home: Path) -> None:
        symbol, quantity = INSTRUMENTS[market]
        self._simulator = simulator
        self._market = Market(market)
        self._home = home
        self._keys = Keys(secrets.token_hex(16), secrets.token_hex(16))
        self._wire = Wire(simulator.uri)
        self.quantity = Decimal(quantity)
        with HuobiRest(market, simulator.uri) as rest:
            wanted = InstrumentId(f"{market}:{symbol}")
            self.instrument = next(one for one in rest.instruments() if one.id == wanted)
        self.has_entries = market != "huobi_spot"
        if market == "huobi_spot":
            self.conditionals = frozenset({OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED})
            self.only_sold = frozenset({OrderType.STOP, OrderType.MARKET_IF_TOUCHED})
        if market == "huobi_linear":
            self.triggers = frozenset(TriggerBy)
        simulator.add_account(self._keys.key, self._keys.secret)
        self._opened = simulator.now
        if market in ("huobi_swap", "huobi_future"):  # less than the greatest order costs
            simulator.transfer(self._keys.key, market, "BTC", "-9.9")

    def broker(self, uri: str = "", page: int | None = None) -> HuobiBroker:
        return HuobiBroker(
            self.account,
            self._market,
            [self.instrument.id],
            self._keys,
            uri or self._simulator.uri,
            page or PAGE,
            orders_file=self._home / "orders.jsonl",
        )

    def spoilt(self, how: str) -> HuobiBroker:
        right = self._keys
        keys = Keys("k" * 32 if how == "key" else right.key, "s" * 32 if how == "secret" else right.secret)
        broker = HuobiBroker(self.account, self._market, [self.instrument.id], keys, self._simulator.uri)
        if how == "clock":
            broker._session.clock.correction = -A_QUARTER_OF_AN_HOUR
        return broker

    @property
    def all_time(self) -> tuple[int, int]:
        return self._opened - HOUR, 2**62

    async def last_price(self) -> Decimal:
        """What trigger prices are compared with."""
        at, (_, symbol) = PUBLIC[self._market], split_instrument_id(self.instrument.id)
        answer = await self.desk.broker._session.answer(at.merged, {at.symbol: symbol})  # type: ignore[attr-defined]
        return Decimal(str(answer["tick"]["close"]))

    async def advance(self, seconds: float) -> None:
        await asyncio.to_thread(self._simulator.run_for, seconds)

    async def deposit(self, asset: str, amount: str) -> None:
        await asyncio.to_thread(self._simulator.transfer, self._keys.key, self._market, asset, amount)

    async def cut(self) -> None:
        self._wire.is_down = True
        self._wire.cut()

    async def mend(self) -> None:
        self._wire.is_down = False

    def stop(self) -> None:
        self._runner.run(self._close())
        self._runner.close()

    async def _open(self, uri: str) -> None:
        await self._wire.__aenter__()
        await super()._open(uri or self._wire.uri)

    async def _close(self) -> None:
        await self.desk.close()
        await self._wire.__aexit__(None, None, None)


ONLY_SOLD = pytest.mark.parametrize("case", ["huobi_spot"], indirect=True)
"""The market whose conditional orders at market are for sales alone; the suite proves those of the others."""


class TestHuobi(BrokerSuite):
    @ONLY_SOLD
    def test_a_stop_at_market_sells_under_its_client_id(self, case: HuobiCase) -> None:
        """Spot's conditional orders have a door of their own, and no number before they are triggered."""

        async def work(at: BrokerCase) -> None:
            await at.filled(at.order(lots=3))
            up = await at.conditional(OrderType.MARKET_IF_TOUCHED, Side.SELL, "1.0003")
            await one_goes_on(at, up, await at.conditional(OrderType.STOP, Side.SELL, "0.9997"))

        case.run(work)

    @ONLY_SOLD
    @pytest.mark.parametrize(
        ("kind", "factor"), [(OrderType.STOP, "1.02"), (OrderType.MARKET_IF_TOUCHED, "0.98")], ids=["stop", "touch"]
    )
    def test_a_passed_trigger_of_a_sale_at_market_is_refused(
        self, case: HuobiCase, kind: OrderType, factor: str
    ) -> None:
        async def work(at: BrokerCase) -> None:
            assert kind in at.only_sold
            with pytest.raises(OrderRefusedByVenue) as refusal:
                await at.desk.broker.submit(await at.conditional(kind, Side.SELL, factor))
            assert refusal.value.reason is Reason.WOULD_TRIGGER

        case.run(work)

    @pytest.fixture(scope="class", params=list(INSTRUMENTS))
    @classmethod
    def case(
        cls, request: pytest.FixtureRequest, venue: Simulator, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[HuobiCase]:
        made = HuobiCase(venue, request.param, tmp_path_factory.mktemp(request.param))
        made.start()
        yield made
        made.stop()
