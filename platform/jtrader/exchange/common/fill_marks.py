"""How far an account's fills have been told, so that the next reading starts where one may be missing."""

from jtrader.domain.ids import InstrumentId


class FillMarks:
    """One mark an instrument: a number that grows with its fills, such as their time or the venue's count of trades."""

    def __init__(self) -> None:
        self._newest: dict[InstrumentId, int] = {}
        self._whole_until: dict[InstrumentId, int] = {}

    def told(self, instrument: InstrumentId, mark: int, is_whole: bool) -> None:
        """A fill was told. `is_whole`: none of the account's is missing before it."""
        self._newest[instrument] = max(mark, self._newest.get(instrument, mark))
        if is_whole:
            self._whole_until |= self._newest

    def whole_until(self, instrument: InstrumentId) -> int | None:
        """The newest fill before which none is missing."""
        return self._whole_until.get(instrument)
