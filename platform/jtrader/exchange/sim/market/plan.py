"""What to make: the plain arguments of a simulated market."""

from pathlib import Path

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import MINUTE


class MarketPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Times are int ns UTC on whole minutes. Raises BadInput for values that no market can be made of."""

    seed: int
    instruments: tuple[InstrumentId, ...]
    live_start: int | None
    """None is only allowed with recorded history: the minute after its last candle."""
    live_minutes: int = 60
    days: int = 31
    """Generated history before `live_start`; recorded history is as long as its files."""
    intensity: float = 0.02
    """Trades as a share of the real market's number; each is larger by the inverse, so that volume is the real one."""
    predictability: float = 0.0
    """Share of a minute's return variance that the order-flow state explains; see `underlying`."""
    history: Path | None = None
    """A recorded file, or a folder of them; None = generated."""
    replay: Path | None = None
    """Recorded books and trades that are the live window: a file, or a folder of them. `live_start` None begins with
    the first whole minute that all of them hold; the window ends with the last one, at the latest."""
    expiries: dict[InstrumentId, int] = {}
    """Dated contracts that end earlier than they are listed to."""

    def __post_init__(self) -> None:
        if self.live_start is None and self.history is None and self.replay is None:
            raise BadInput(
                "live_start is not set: without recorded history it must be a time like 2026-01-15T15:30:00Z"
            )
        if self.live_start is not None and self.live_start % MINUTE:
            raise BadInput(f"live_start {self.live_start} is not on a whole minute")
        for instrument, expiry in self.expiries.items():
            if expiry % MINUTE:
                raise BadInput(f"the expiry {expiry} of {instrument} is not on a whole minute")
        if not self.instruments:
            raise BadInput("instruments is empty: name at least one, for example binance_usdm:BTCUSDT")
        for name, low, high in (("live_minutes", 1, 1440), ("days", 1, 3650), ("seed", 0, 2**63)):
            if not low <= getattr(self, name) <= high:
                raise BadInput(f"{name} is {getattr(self, name)}; allowed is {low} to {high}")
        if not 0.0 < self.intensity <= 1.0:
            raise BadInput(f"intensity is {self.intensity}; allowed is above 0 up to 1 (the real market's rate)")
        if not 0.0 <= self.predictability <= 0.25:
            raise BadInput(f"predictability is {self.predictability}; allowed is 0 (none) to 0.25")
