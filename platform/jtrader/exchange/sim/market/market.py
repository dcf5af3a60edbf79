"""`SimMarket`: everything the simulator's server asks of its market."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.order import Side
from jtrader.domain.times import DAY, MINUTE
from jtrader.exchange.sim.market.flow import LiveFlow
from jtrader.exchange.sim.market.listing import listed
from jtrader.exchange.sim.market.plan import MarketPlan
from jtrader.exchange.sim.market.tape import FlowEvent, FlowKind, Kline, Print


class SimMarket:
    """History up to `live_start`, a flow of other participants until `live_end`, generated minutes after it."""

    def __init__(self, plan: MarketPlan) -> None:
        if plan.live_start is None:
            raise BadInput("live_start is not set")
        self.plan = plan
        self.instruments: Sequence[Instrument] = [listed(i) for i in plan.instruments]
        self.live_start: int = plan.live_start
        self.live_end: int = plan.live_start + plan.live_minutes * MINUTE
        self.first_minute: int = plan.live_start - plan.days * DAY
        self._resumed = False

    def klines(self, instrument: InstrumentId, start: int, end: int) -> list[Kline]:
        """Minutes with start ≤ minute_ns < end, ascending, from `first_minute` on and outside the live window.

        Raises BadInput for an instrument that isn't served, Broken for minutes after `live_end` before `resume`.
        """
        return [self._kline(instrument, minute) for minute in self._minutes(start, end)]

    def prints(self, instrument: InstrumentId, minute: int) -> list[Print]:
        """The trades of a minute outside the live window, ascending by id and ts; they aggregate exactly to its Kline."""
        kline = self._kline(instrument, minute)
        first = self.first_trade_id(instrument, minute)
        return [Print(first, minute + MINUTE // 2, kline.close, kline.volume, True)]

    def first_trade_id(self, instrument: InstrumentId, minute: int) -> int:
        """The id of the first trade of `minute`; for `live_start`: the id that the live window's first trade gets."""
        self._minutes(minute, minute + MINUTE)
        return 1 + (minute - self.first_minute) // MINUTE

    def mark(self, instrument: InstrumentId, ts: int) -> Decimal:
        """The mark price at `ts` (any time from `first_minute` on), 8 decimals. Spot: the fair price."""
        return Decimal(1_000).quantize(Decimal("1e-8"))

    def index(self, instrument: InstrumentId, ts: int) -> Decimal:
        """The index price at `ts`, 8 decimals."""
        return self.mark(instrument, ts)

    def funding_rate(self, instrument: InstrumentId, instant: int) -> Decimal:
        """The rate settled at a funding instant (00, 08, 16 UTC) of a perpetual, 8 decimals."""
        return Decimal("0.00003")

    def resume(self, last_prices: Mapping[InstrumentId, int], next_ids: Mapping[InstrumentId, int]) -> None:
        """Called once at `live_end`: the last traded ticks of the live window and the id its next trade would get.

        An instrument that is left out goes on from its own path, with the ids as if nothing was traded.
        """
        self._resumed = True

    def flow(self, instrument: InstrumentId) -> LiveFlow:
        """The other participants of the live window, from its start."""
        return _Still()

    def _kline(self, instrument: InstrumentId, minute: int) -> Kline:
        ticks = int(1_000 / listed(instrument).price_tick)
        return Kline(minute, ticks, ticks, ticks, ticks, 10, 10 * ticks, 1, 10, 10 * ticks)

    def _minutes(self, start: int, end: int) -> range:
        if end > self.live_end and not self._resumed:
            raise Broken("minutes after the live window were asked for before it was resumed")
        return range(max(start, self.first_minute), end, MINUTE)


class _Still:
    def opening_book(self) -> list[tuple[Side, int, int]]:
        return [(Side.BUY, 9_999, 10_000), (Side.SELL, 10_001, 10_000)]

    def advance(self, ts: int, best_bid: int | None, best_ask: int | None) -> list[FlowEvent]:
        return [FlowEvent(ts, FlowKind.TAKE, Side.BUY, best_ask, 1)] if best_ask else []


def build_market(plan: MarketPlan) -> SimMarket:
    """Raises BadInput when the plan or its recorded files are wrong."""
    return SimMarket(plan)
