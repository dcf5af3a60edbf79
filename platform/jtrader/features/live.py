"""The same features on a live stream: a bounded window of closed candles of one instrument."""

from collections import deque
from collections.abc import Sequence

from jtrader.domain.errors import BadInput
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE
from jtrader.features.batch import batch, warmup
from jtrader.features.columns import Columns


class LiveWindow:
    """Keeps the last `warmup(names)` consecutive minutes and evaluates the batch definitions on them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._candles: deque[Candle] = deque(maxlen=warmup(names))

    @property
    def last_ts(self) -> int | None:
        """Open time of the newest candle, ns."""
        return self._candles[-1].ts if self._candles else None

    def push(self, candle: Candle) -> dict[str, float] | None:
        """The features at this candle's close, or None (abstain) while one of them is absent.

        A missing minute empties the window. Raises BadInput for a candle that is not newer than the last one or is
        of another instrument; the window stays as it was.
        """
        if self._candles:
            last = self._candles[-1]
            if candle.instrument != last.instrument:
                raise BadInput(
                    f"candle of {candle.instrument} in the window of {last.instrument}; keep one window each"
                )
            if candle.ts <= last.ts:
                raise BadInput(f"{candle.instrument} candle at {candle.ts} is not newer than the last one, {last.ts}")
            if candle.ts != last.ts + MINUTE:
                self._candles.clear()
        self._candles.append(candle)
        if len(self._candles) < (self._candles.maxlen or 0):
            return None
        columns = Columns.of(self._candles)
        row = {name: float(values[-1]) for name, values in batch(self._names, columns).items()}
        return row if all(value == value for value in row.values()) else None
