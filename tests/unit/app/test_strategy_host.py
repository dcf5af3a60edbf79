"""The strategy host: lost minutes are repaired before deciding, faults stop only what they must."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal

import pytest

from fixtures.recording_oms import RecordingOms
from fixtures.trading import PERP, SPOT, START, minutes
from jtrader.app.services.strategies.book import DeskBook
from jtrader.app.services.strategies.host import StrategyHost
from jtrader.app.services.strategies.hosted import HostedStrategy
from jtrader.app.services.strategies.minutes import Minutes
from jtrader.app.services.strategies.service import OmsClient
from jtrader.bus.market import MarketPublisher, MarketSubscriber
from jtrader.bus.rpc import RpcClient
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import AccountId, InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Quote
from jtrader.domain.order import Side
from jtrader.domain.times import MINUTE
from jtrader.strategy.api import Decision, Filled, Setup, Strategy, Target, View


def past(of: Instrument = PERP) -> list[Candle]:
    return minutes([100.0] * 30, of, start=START - 30 * MINUTE)


def live(of: Instrument = PERP) -> list[Candle]:
    return minutes([100.0 + n for n in range(20)], of)


LIVE = live()


class Alternating(Strategy):
    """Long, flat, long … one lot size; remembers what it saw. `fails_at`: raises there."""

    @property
    def warmup(self) -> int:
        return 5

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__(Setup(strategy=StrategyId("s"), instruments={}), None)
        self.seen: list[int] = []
        self.decided: list[int] = []
        self.views: list[View] = []
        self._fails_at = fails_at

    def warm(self, candle: Candle) -> None:
        self.seen.append(candle.ts)

    def on_candle(self, candle: Candle, view: View) -> Decision:
        self.seen.append(candle.ts)
        if candle.ts == self._fails_at:
            raise ZeroDivisionError("a strategy's own mistake")
        self.decided.append(candle.ts)
        self.views.append(view)
        return Target(quantity=Decimal(10) if view.position == 0 else Decimal(0), reason="turn")


class Venue:
    """CandleSource that has everything up to `newest`; `is_away` for a while."""

    def __init__(self, of: Instrument) -> None:
        self._candles = past(of) + live(of)
        self.newest = START - MINUTE
        self.is_away = False
        self.asked = 0

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        self.asked += 1
        if self.is_away:
            raise Unavailable("the venue is away")
        return [c for c in self._candles if start <= c.ts < min(end, self.newest + MINUTE)][:4]

    def market_time(self) -> int:
        return self.newest + MINUTE


class Publisher(MarketPublisher):
    """Can lose what it is told to, as a full socket does."""

    def lose(self, candle: Candle) -> None:
        topic = self._topic(candle)
        self._last[topic] = self._last.get(topic, self._base) + 1


class Stage:
    """A host with its bus, its oms and its venue."""

    def __init__(
        self, publisher: Publisher, oms: RecordingOms, host: StrategyHost, venue: Venue, held: dict[str, str]
    ) -> None:
        self.held = held
        self.publisher = publisher
        self.oms = oms
        self.host = host
        self.venue = venue

    def close(self, candle: Candle) -> None:
        """A minute closes at the venue and on the bus."""
        self.venue.newest = max(self.venue.newest, candle.ts)
        self.publisher.publish([candle])


@contextlib.asynccontextmanager
async def stage(*rules: Alternating, of: Instrument = PERP, timeout: float = 0.3) -> AsyncIterator[Stage]:
    venue = Venue(of)
    async with RecordingOms() as oms:
        rpc = RpcClient(oms.uri, timeout=timeout)
        client = OmsClient(rpc)
        publisher = Publisher("tcp://127.0.0.1:*")
        subscriber = MarketSubscriber(publisher.uri, [of.id], ["candle", "quote"])
        book = DeskBook(client.events_since, {of.id: of})
        hosted = [
            HostedStrategy(StrategyId(f"s{n}"), AccountId("a"), {of.id: of}, rule, book, client)
            for n, rule in enumerate(rules)
        ]
        line = Minutes(of.id, venue, None)
        held = {"why": ""}
        host = StrategyHost(
            subscriber, {of.id: line}, hosted, book, lambda _: venue.market_time(), lambda names: held["why"]
        )
        task = asyncio.create_task(host.run())
        made = Stage(publisher, oms, host, venue, held)
        try:
            await until(lambda: host.is_warm)
            while host.ticks == 0:  # until the subscription stands; old news, which is dropped
                publisher.publish(past(of)[:1])
                await asyncio.sleep(0.02)
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            subscriber.close()
            publisher.close()
            await rpc.close()


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def times(candles: Sequence[Candle]) -> list[int]:
    return [candle.ts for candle in candles]


def test_it_warms_up_then_decides_and_its_position_follows_the_fills() -> None:
    rule = Alternating()

    async def work() -> None:
        async with stage(rule) as at:
            for number, candle in enumerate(LIVE[:3], start=1):
                at.close(candle)
                await until(lambda number=number: len(at.oms.taken) == number)
            sides = [(intent.side, intent.quantity, intent.reduce_only) for intent, _ in at.oms.taken]
            assert sides == [
                (Side.BUY, Decimal(10), False),
                (Side.SELL, Decimal(10), True),
                (Side.BUY, Decimal(10), False),
            ]
            assert at.oms.taken[0][0].ts == LIVE[0].ts + MINUTE
        assert rule.seen[-3:] == rule.decided == times(LIVE[:3])
        assert rule.seen == sorted(set(rule.seen))
        assert len(rule.seen) >= rule.warmup + 3

    asyncio.run(work())


def test_a_loss_on_the_bus_is_repaired_before_the_next_decision() -> None:
    rule = Alternating()

    async def work() -> None:
        async with stage(rule) as at:
            at.close(LIVE[0])
            await until(lambda: len(rule.decided) == 1)
            for lost in LIVE[1:7]:
                at.publisher.lose(lost)
            at.close(LIVE[7])
            await until(lambda: len(rule.decided) == 2)
            assert at.host.losses == 6
        assert rule.decided == [LIVE[0].ts, LIVE[7].ts]
        assert rule.seen[-8:] == times(LIVE[:8])

    asyncio.run(work())


def test_a_lost_last_minute_is_seen_by_the_beat_and_decided_on() -> None:
    rule = Alternating()

    async def work() -> None:
        async with stage(rule) as at:
            at.close(LIVE[0])
            await until(lambda: len(rule.decided) == 1)
            at.publisher.lose(LIVE[1])
            at.venue.newest = LIVE[1].ts
            at.publisher.beat()
            await until(lambda: len(rule.decided) == 2)
        assert rule.decided == times(LIVE[:2])

    asyncio.run(work())


def test_while_lost_minutes_cant_be_read_nothing_is_decided_on_the_gap() -> None:
    rule = Alternating()

    async def work() -> None:
        async with stage(rule) as at:
            at.close(LIVE[0])
            await until(lambda: len(rule.decided) == 1)
            at.venue.is_away = True
            at.publisher.lose(LIVE[1])
            at.close(LIVE[2])
            await until(lambda: at.host.undecided["not_repaired"] == 1)
            at.venue.is_away = False
            at.close(LIVE[3])
            await until(lambda: len(rule.decided) == 2)
        assert rule.decided == [LIVE[0].ts, LIVE[3].ts]
        assert rule.seen[-4:] == times(LIVE[:4])

    asyncio.run(work())


def test_what_is_not_admitted_is_seen_and_not_decided_on() -> None:
    rule = Alternating()

    async def work() -> None:
        async with stage(rule) as at:
            at.held["why"] = "not admitted yet"
            at.close(LIVE[0])
            await until(lambda: at.host.undecided["not_admitted"] == 1)
            at.held["why"] = ""
            at.close(LIVE[1])
            await until(lambda: len(rule.decided) == 1)
        assert rule.decided == [LIVE[1].ts]
        assert rule.seen[-2:] == times(LIVE[:2])

    asyncio.run(work())


def test_minutes_that_come_twice_are_seen_once() -> None:
    rule = Alternating()

    async def work() -> None:
        async with stage(rule) as at:
            for candle in (LIVE[0], LIVE[0], LIVE[1], LIVE[0], LIVE[2]):
                at.close(candle)
                await asyncio.sleep(0.05)
            await until(lambda: len(rule.decided) == 3)
        assert rule.seen[-3:] == times(LIVE[:3])

    asyncio.run(work())


def test_an_exception_stops_that_strategy_only() -> None:
    broken, sound = Alternating(fails_at=LIVE[1].ts), Alternating()

    async def work() -> None:
        async with stage(broken, sound) as at:
            for number, candle in enumerate(LIVE[:4], start=1):
                at.close(candle)
                await until(lambda number=number: len(sound.decided) == number)
            states = at.host.details()["strategies"]
            assert states["s0"]["failure"] == "ZeroDivisionError: a strategy's own mistake"
            assert states["s1"]["failure"] == ""
        assert broken.decided == [LIVE[0].ts]
        assert sound.decided == times(LIVE[:4])

    asyncio.run(work())


def test_a_decision_that_is_none_stops_that_strategy_only() -> None:
    class Nonsense(Alternating):
        def on_candle(self, candle: Candle, view: View) -> Decision:
            return Target(quantity=Decimal("sNaN"), reason="no number")

    sound = Alternating()

    async def work() -> None:
        async with stage(Nonsense(), sound) as at:
            for number, candle in enumerate(LIVE[:2], start=1):
                at.close(candle)
                await until(lambda number=number: len(sound.decided) == number)
            assert "InvalidOperation" in at.host.details()["strategies"]["s0"]["failure"]

    asyncio.run(work())


def test_without_the_oms_nothing_is_decided_and_afterwards_only_the_newest_minute_is() -> None:
    rule = Alternating()

    async def work() -> None:
        async with stage(rule) as at:
            at.close(LIVE[0])
            await until(lambda: len(at.oms.taken) == 1)
            at.oms.is_silent = True
            at.close(LIVE[1])
            await asyncio.sleep(0.05)
            for candle in LIVE[2:5]:
                at.close(candle)
            await until(lambda: at.host.undecided["oms_away"] >= 2)
            at.oms.is_silent = False
            at.close(LIVE[5])
            await until(lambda: len(at.oms.taken) == 2)
        assert rule.decided == [LIVE[0].ts, LIVE[5].ts]
        assert rule.seen[-6:] == times(LIVE[:6])
        assert rule.views[-1].position == 10

    asyncio.run(work())


def test_an_unanswered_intent_is_told_again_under_the_same_id() -> None:
    rule = Alternating()

    async def work() -> None:
        async with stage(rule) as at:
            at.oms.late_answers = 1
            at.close(LIVE[0])
            await until(lambda: at.host.details()["strategies"]["s0"].get("accepted", 0) == 1)
            assert len(at.oms.taken) == 1

    asyncio.run(work())


def test_a_working_order_counts_in_full_and_a_fee_in_base_leaves_the_position() -> None:
    rule = Alternating()

    async def work() -> None:
        async with stage(rule, of=SPOT) as at:
            at.oms.fee_rate, at.oms.fee_asset = Decimal("0.001"), "BTC"
            spot = live(SPOT)
            at.close(spot[0])
            await until(lambda: len(rule.decided) == 1)
            at.oms.fills = False
            at.close(spot[1])
            await until(lambda: len(rule.decided) == 2)
            at.close(spot[2])
            await until(lambda: len(rule.decided) == 3)
        bought, selling = rule.views[1], rule.views[2]
        assert (bought.position, bought.selling) == (Decimal("9.99"), 0)
        assert (selling.position, selling.selling) == (Decimal("9.99"), Decimal("9.99"))

    asyncio.run(work())


class Quoting(Alternating):
    """Hears quotes and what becomes of its orders."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def on_quote(self, quote: Quote, view: View) -> Decision:
        self.heard.append(f"quote {quote.bid:g}")
        return Target(quantity=Decimal(10), reason="hold")

    def on_fill(self, filled: Filled, view: View) -> Decision:
        self.heard.append(f"filled {filled.fill.quantity}")
        return None


def test_quotes_of_the_bus_and_fills_without_any_event_are_told() -> None:
    rule, deaf = Quoting(), Alternating()

    async def work() -> None:
        async with stage(rule, deaf) as at:
            at.publisher.publish([Quote(PERP.id, START, 100.0, 1.0, 100.5, 1.0)])
            await until(lambda: len(rule.heard) == 2)
            assert [(i.strategy, i.quantity) for i, _ in at.oms.taken] == [("s0", Decimal(10))]

    asyncio.run(work())
    assert rule.heard == ["quote 100", "filled 10.000"]


def test_what_is_done_between_rounds_raises_to_the_one_who_asked() -> None:
    async def fail() -> None:
        raise BadInput("no")

    async def work() -> None:
        async with stage(Alternating()) as at:
            with pytest.raises(BadInput, match="no"):
                await at.host.between(fail)

    asyncio.run(work())
