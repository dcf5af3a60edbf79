"""What a strategy is: it sees closed candles and a read-only view, and answers what it wants to hold.

It can reach no broker, clock or file; so the same rule runs in a backtest, on paper and live. A shipped strategy is
`strategy/<name>/rule.py` with `Params`, a frozen msgspec Struct, and `Rule(setup, params)`, a Strategy.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Protocol

import msgspec

from jtrader.domain.ids import InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle
from jtrader.domain.money import ZERO
from jtrader.domain.order import Intent
from jtrader.domain.signal import Signal
from jtrader.ports.learning import Predictor


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy holds of one instrument now, in order units.

    `position` is signed and filled; `buying` and `selling` are what its working orders may still add or take, those in
    flight or of unknown outcome in full.
    """

    instrument: Instrument
    position: Decimal = ZERO
    buying: Decimal = ZERO
    selling: Decimal = ZERO

    @property
    def heading(self) -> int:
        """1 long, −1 short, 0 flat, once all working orders have filled; less than can be traded counts as flat."""
        expected = self.position + self.buying - self.selling
        if abs(expected) < self.instrument.min_quantity:
            return 0
        return 1 if expected > 0 else -1


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The signed quantity that the strategy wants to hold of the candle's instrument, and why."""

    quantity: Decimal
    reason: str
    signal: Signal | None = None


Decision = Target | Intent | None
"""None keeps what is held."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy is given at its start. `predictor` answers the model to ask now, or None = abstain; it may answer
    another one after any event."""

    strategy: StrategyId
    instruments: Mapping[InstrumentId, Instrument]
    predictor: Callable[[], Predictor | None] = lambda: None


class Strategy(Protocol):
    """One running strategy over all its instruments. Not thread-safe; what it raises stops it and nothing else."""

    @property
    def warmup(self) -> int:
        """Closed minutes of each instrument that it wants to see before the first decision."""
        ...

    @property
    def counters(self) -> Mapping[str, int]:
        """What it did and why it abstained, by name; they only grow."""
        ...

    def warm(self, candle: Candle) -> None:
        """A minute of the past, in order; no decision is asked for."""
        ...

    def on_candle(self, candle: Candle, view: View) -> Decision:
        """A minute has closed. Candles of one instrument come in order, each once."""
        ...
