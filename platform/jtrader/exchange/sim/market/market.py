"""`SimMarket`: everything the simulator's server asks of its market."""

from collections.abc import Container, Mapping, Sequence
from decimal import Decimal

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import MINUTE, iso
from jtrader.exchange.sim.market.calibration import LEADER
from jtrader.exchange.sim.market.figures import base_figures
from jtrader.exchange.sim.market.flow import LiveFlow, Participants
from jtrader.exchange.sim.market.funding import UNIT, generated_rate, settles_funding
from jtrader.exchange.sim.market.latent import DAY_MINUTES
from jtrader.exchange.sim.market.listing import listed
from jtrader.exchange.sim.market.plan import MarketPlan
from jtrader.exchange.sim.market.quoted import FairPath
from jtrader.exchange.sim.market.recording import load
from jtrader.exchange.sim.market.replay import ReplayFlow, load_replays
from jtrader.exchange.sim.market.served import Served
from jtrader.exchange.sim.market.tape import Kline, Print
from jtrader.exchange.sim.market.underlying import Underlying
from jtrader.exchange.sim.market.window import live_window, refuse_expired


class SimMarket:
    """History up to `live_start`, a flow of other participants until `live_end`, generated minutes after it.

    Times are int ns UTC. `first_minute` is the earliest minute of any instrument; another one may start later.
    """

    def __init__(self, plan: MarketPlan) -> None:
        self.plan = plan
        self._rules = {instrument: _rules(plan, instrument) for instrument in plan.instruments}
        self._recordings = load(plan.history, plan.instruments) if plan.history else {}
        self._replays = load_replays(plan.replay, self._rules) if plan.replay else {}
        start, end = live_window(plan, self._recordings, self._replays)
        recorded: Container[InstrumentId] = self._replays or self._recordings or self._rules
        ids = [instrument for instrument in plan.instruments if instrument in recorded]
        for instrument in ids:
            refuse_expired(self._rules[instrument], start * MINUTE)
        self._underlyings: dict[str, Underlying] = {}
        self._rates: dict[tuple[InstrumentId, int], Decimal] = {}
        self._served = {instrument: self._serve(instrument, start, end) for instrument in ids}
        self.instruments: Sequence[Instrument] = [self._rules[instrument] for instrument in ids]
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
        return self.mark_atoms(instrument, ts) * UNIT

    def index(self, instrument: InstrumentId, ts: int) -> Decimal:
        """The index price at `ts`, 8 decimals: the mark without the basis."""
        return self.index_atoms(instrument, ts) * UNIT

    def mark_atoms(self, instrument: InstrumentId, ts: int) -> int:
        """`mark` in units of 1e-8."""
        return round(self._of(instrument).fair(ts) * 1e8)

    def index_atoms(self, instrument: InstrumentId, ts: int) -> int:
        """`index` in units of 1e-8."""
        return round(self._of(instrument).index(ts) * 1e8)

    def funding_rate(self, instrument: InstrumentId, instant: int) -> Decimal:
        """The rate settled at a funding instant of a perpetual, 8 decimals: as recorded, or generated. Raises
        BadInput for what has no funding and for other times."""
        rules = self._of(instrument).instrument
        if not settles_funding(rules, instant):
            raise BadInput(
                f"{instrument} at {iso(instant)}: funding is settled by perpetuals at 00, 08 and 16 UTC, "
                "on BitMEX at 04, 12 and 20"
            )
        known = self._rates.get((instrument, instant))
        if known is None:
            recording = self._recordings.get(instrument)
            recorded = recording.rates.get(instant) if recording and instant < self.live_start else None
            known = generated_rate(self.plan.seed, rules, instant) if recorded is None else recorded
            self._rates[instrument, instant] = known
        return known

    def resume(self, last_prices: Mapping[InstrumentId, int], next_ids: Mapping[InstrumentId, int]) -> None:
        """Called once at `live_end`: the last traded ticks of the live window and the id its next trade would get.

        An instrument that is left out goes on from its own path, with the ids as if nothing was traded.
        """
        for instrument, served in self._served.items():
            served.resume(last_prices.get(instrument), next_ids.get(instrument))

    def flow(self, instrument: InstrumentId, start: int | None = None) -> LiveFlow:
        """The other participants of the live window, from `start` (ns, by default the window's) on."""
        begins = self.live_start if start is None else start
        replay = self._replays.get(instrument)
        if replay is not None:
            return ReplayFlow(replay, begins if begins == self.live_start else begins + 1)
        return Participants(self.plan.seed, self._of(instrument), begins)

    def _serve(self, instrument: InstrumentId, start: int, end: int) -> Served:
        plan, rules = self.plan, self._rules[instrument]
        recording = self._recordings.get(instrument)
        price = None
        first = start - plan.days * DAY_MINUTES
        if recording:
            recording.until(start)
            first = recording.start
            price = int(recording.candles[3, -1]) * float(rules.price_tick)
        replay = self._replays.get(instrument)
        if replay:
            price = replay.book.mid(start * MINUTE) * float(rules.price_tick)
        path = FairPath(plan.seed, rules, self._underlying(rules.base, start), start, price)
        return Served(plan.seed, rules, path, (recording, replay), (first, start, end), plan.intensity)

    def _underlying(self, base: str, start: int) -> Underlying:
        if base not in self._underlyings:
            leader = self._underlying(LEADER, start) if base_figures(base).beta else None
            self._underlyings[base] = Underlying(self.plan.seed, base, self.plan.predictability, start, leader)
        return self._underlyings[base]

    def _of(self, instrument: InstrumentId) -> Served:
        if instrument not in self._served:
            raise BadInput(f"instrument '{instrument}' is not served; served are {', '.join(self._served)}")
        return self._served[instrument]


def _rules(plan: MarketPlan, instrument: InstrumentId) -> Instrument:
    """As it is listed, with the plan's expiry where it has one."""
    rules = listed(instrument)
    expiry = plan.expiries.get(instrument, rules.expiry)
    if expiry == rules.expiry:
        return rules
    if rules.expiry is None:
        raise BadInput(f"{instrument} is not dated: only a contract with an expiry can be given another one")
    return msgspec.structs.replace(rules, expiry=expiry)


def build_market(plan: MarketPlan) -> SimMarket:
    """Raises BadInput when the plan or its recorded files are wrong."""
    return SimMarket(plan)
