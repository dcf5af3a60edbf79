"""One symbol's row of the `instrument` table, kept up to date by its deltas, and the events that a change makes."""

from msgspec import UNSET

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.market import Event, Mark, OpenInterest, TradingStatus
from jtrader.domain.times import parse_time
from jtrader.exchange.bitmex.messages import InstrumentRow

STATES = {
    "Open": InstrumentStatus.TRADING,
    "Closed": InstrumentStatus.HALTED,
    "Settling": InstrumentStatus.SETTLING,
    "Settled": InstrumentStatus.DELISTED,
    "Expired": InstrumentStatus.DELISTED,
    "Cleared": InstrumentStatus.DELISTED,
    "Unlisted": InstrumentStatus.DELISTED,
}
"""An unlisted state is taken for a halt: nothing is traded before somebody has looked."""

_MARK_FIELDS = ("markPrice", "indicativeSettlePrice", "fundingRate", "fundingTimestamp")
_RULE_FIELDS = ("tickSize", "lotSize", "maxOrderQty")


def status_of(state: str) -> InstrumentStatus:
    return STATES.get(state, InstrumentStatus.HALTED)


class InstrumentState:
    """`indicativeSettlePrice` is the index; `fundingRate` is what `fundingTimestamp` will bring."""

    def __init__(self, instrument: InstrumentId) -> None:
        self._instrument = instrument
        self._known: dict[str, float | str | None] = {}
        self._status = InstrumentStatus.TRADING

    def changed(self, row: InstrumentRow, ts: int) -> list[Event]:
        events: list[Event] = []
        if isinstance(row.state, str) and status_of(row.state) is not self._status:
            self._status = status_of(row.state)
            events.append(TradingStatus(self._instrument, ts, self._status.value))
        knew_rules = "tickSize" in self._known
        if self._take(row, _RULE_FIELDS) and knew_rules:
            events.append(TradingStatus(self._instrument, ts, "rules"))
        if self._take(row, _MARK_FIELDS):
            events += self._mark(ts)
        if self._take(row, ("openInterest",)) and isinstance(row.openInterest, float):
            events.append(OpenInterest(self._instrument, ts, row.openInterest))
        return events

    def _take(self, row: InstrumentRow, names: tuple[str, ...]) -> bool:
        """Keeps what the row tells of these fields; did any of them change?"""
        told = {name: value for name in names if (value := getattr(row, name)) is not UNSET}
        fresh = any(name not in self._known or self._known[name] != value for name, value in told.items())
        self._known.update(told)
        return fresh

    def _mark(self, ts: int) -> list[Event]:
        mark, index = self._known.get("markPrice"), self._known.get("indicativeSettlePrice")
        rate, due = self._known.get("fundingRate"), self._known.get("fundingTimestamp")
        if not (isinstance(mark, float) and isinstance(index, float)):
            return []
        known_rate = rate if isinstance(rate, float) else 0.0
        return [Mark(self._instrument, ts, mark, index, known_rate, parse_time(due) if isinstance(due, str) else 0)]
