"""How far a venue's clock is from ours, so that signed requests carry its time."""

import logging
import time

log = logging.getLogger(__name__)

ALARM_MS = 250.0


class ClockOffset:
    """`correction` in ms is added to our wall time before signing. Of several samples the one with the shortest round
    trip is the firmest: half of it bounds the error."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self._trip = float("inf")
        self.correction = 0

    def milliseconds(self) -> int:
        """The venue's time, as far as known."""
        return time.time_ns() // 1_000_000 + self.correction

    def told(self, venue_ms: float) -> None:
        """The venue's time in a message that has just come: its way here is in it."""
        now = time.time_ns() / 1e6
        self.sample(now, venue_ms, now)

    def sample(self, sent_ms: float, venue_ms: float, received_ms: float) -> None:
        """`sent_ms` and `received_ms` by our uncorrected clock."""
        trip = max(0.0, received_ms - sent_ms)
        offset = venue_ms - (sent_ms + received_ms) / 2
        if trip > self._trip and abs(offset - self.correction) <= trip:
            return  # a vaguer reading that the firmer one agrees with
        self._trip = trip
        self.correction = round(offset)
        if abs(offset) > ALARM_MS:
            log.error("the clock of %s is %+.0f ms from ours; signed requests are corrected", self._venue, offset)
