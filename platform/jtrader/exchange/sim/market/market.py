"""`SimMarket`: everything the simulator's server asks of its market."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import MINUTE, iso
from jtrader.exchange.sim.market.calibration import BASES, INSTRUMENTS, LEADER
from jtrader.exchange.sim.market.flow import LiveFlow, Participants
from jtrader.exchange.sim.market.funding import INTERVAL, generated_rate
from jtrader.exchange.sim.market.latent import DAY_MINUTES
from jtrader.exchange.sim.market.listing import listed
from jtrader.exchange.sim.market.plan import MarketPlan
from jtrader.exchange.sim.market.quoted import FairPath
from jtrader.exchange.sim.market.recording import Recording, load
from jtrader.exchange.sim.market.served import Served, exact_price
from jtrader.exchange.sim.market.tape import Kline, Print
from jtrader.exchange.sim.market.underlying import Underlying


class SimMarket:
    """History up to `live_start`, a flow of other participants until `live_end`, generated minutes after it.

    Times are int ns UTC. `first_minute` is the earliest minute of any instrument; another one may start later.
    """

    def __init__(self, plan: MarketPlan) -> None:
        for instrument in plan.instruments:
            listed(instrument)
        self.plan = plan
        self._recordings = load(plan.history, plan.instruments) if plan.history else {}
        start = _live_start(plan, self._recordings)
        end = start + plan.live_minutes
        ids = [i for i in plan.instruments if i in self._recordings] if plan.history else plan.instruments
        self._underlyings: dict[str, Underlying] = {}
        self._served = {instrument: self._serve(instrument, start, end) for instrument in ids}
        self.instruments: Sequence[Instrument] = [listed(instrument) for instrument in ids]
        self.live_start: int = start * MINUTE
        self.live_end: int = end * MINUTE
        self.first_minute: int = min(served.first for served in self._served.values()) * MINUTE

    def klines(self, instrument: InstrumentId, start: int, end: int) -> list[Kline]:
        """Minutes with start ≤ minute_ns < end, ascending, from `first_minute` on and outside the live window.

        Raises BadInput for an instrument that isn't served, Broken for minutes after `live_end` before `resume`.
        """
        return self._of(instrument).klines(-(-start // MINUTE), -(-end // MINUTE))

    def prints(self, instrument: InstrumentId, minute: int) -> list[Print]:
        """The trades of a minute outside the live window (ns, on the minute), ascending by id and ts; they aggregate
        exactly to its Kline. Empty before the instrument's first minute. Raises like `klines`."""
        return self._of(instrument).prints(minute // MINUTE)

    def first_trade_id(self, instrument: InstrumentId, minute: int) -> int:
        """The id of the first trade of `minute`; for `live_start`: the id that the live window's first trade gets."""
        return self._of(instrument).first_id(minute // MINUTE)

    def mark(self, instrument: InstrumentId, ts: int) -> Decimal:
        """The mark price at `ts` (any time from `first_minute` on), 8 decimals. Spot: the fair price."""
        return exact_price(self._of(instrument).fair(ts))

    def index(self, instrument: InstrumentId, ts: int) -> Decimal:
        """The index price at `ts`, 8 decimals: the mark without the basis."""
        return exact_price(self._of(instrument).index(ts))

    def funding_rate(self, instrument: InstrumentId, instant: int) -> Decimal:
        """The rate settled at a funding instant (00, 08, 16 UTC) of a perpetual, 8 decimals: as recorded, or
        generated. Raises BadInput for spot and for other times."""
        self._of(instrument)
        if listed(instrument).is_spot or instant % INTERVAL:
            raise BadInput(f"{instrument} at {iso(instant)}: funding is settled by perpetuals at 00, 08 and 16 UTC")
        recording = self._recordings.get(instrument)
        recorded = recording.rates.get(instant) if recording and instant < self.live_start else None
        return generated_rate(self.plan.seed, instrument, instant) if recorded is None else recorded

    def resume(self, last_prices: Mapping[InstrumentId, int], next_ids: Mapping[InstrumentId, int]) -> None:
        """Called once at `live_end`: the last traded ticks of the live window and the id its next trade would get.

        An instrument that is left out goes on from its own path, with the ids as if nothing was traded.
        """
        for instrument, served in self._served.items():
            served.resume(last_prices.get(instrument), next_ids.get(instrument))

    def flow(self, instrument: InstrumentId) -> LiveFlow:
        """The other participants of the live window, from its start."""
        return Participants(self.plan.seed, self._of(instrument))

    def _serve(self, instrument: InstrumentId, start: int, end: int) -> Served:
        plan = self.plan
        recording = self._recordings.get(instrument)
        price = None
        first = start - plan.days * DAY_MINUTES
        if recording:
            recording.until(start)
            first = recording.start
            price = int(recording.candles[3, -1]) * float(listed(instrument).price_tick)
        path = FairPath(
            plan.seed, listed(instrument), self._underlying(INSTRUMENTS[instrument].base, start), start, price
        )
        return Served(plan.seed, listed(instrument), path, recording, (first, start, end), plan.intensity)

    def _underlying(self, base: str, start: int) -> Underlying:
        if base not in self._underlyings:
            leader = self._underlying(LEADER, start) if BASES[base].beta else None
            self._underlyings[base] = Underlying(self.plan.seed, base, self.plan.predictability, start, leader)
        return self._underlyings[base]

    def _of(self, instrument: InstrumentId) -> Served:
        if instrument not in self._served:
            raise BadInput(f"instrument '{instrument}' is not served; served are {', '.join(self._served)}")
        return self._served[instrument]


def _live_start(plan: MarketPlan, recordings: Mapping[InstrumentId, Recording]) -> int:
    """As planned, or the minute after the last one that all recordings hold; it can't leave a hole behind them."""
    if not recordings:
        assert plan.live_start is not None
        return plan.live_start // MINUTE
    start = min(r.end for r in recordings.values()) if plan.live_start is None else plan.live_start // MINUTE
    for instrument, recording in recordings.items():
        if not recording.start < start <= recording.end:
            raise BadInput(
                f"live_start {iso(start * MINUTE)} does not follow the recorded history of {instrument}: allowed is "
                f"{iso((recording.start + 1) * MINUTE)} to {iso(recording.end * MINUTE)}, "
                "or none: right after the last candle"
            )
    return start


def build_market(plan: MarketPlan) -> SimMarket:
    """Raises BadInput when the plan or its recorded files are wrong."""
    return SimMarket(plan)
