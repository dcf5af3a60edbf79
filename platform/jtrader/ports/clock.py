from typing import Protocol


class Clock(Protocol):
    """Two times, both int ns since 1970 UTC. Market time is the venue's and drives decisions; wall time drives
    signatures, heartbeats and timeouts."""

    def market(self) -> int: ...

    def wall(self) -> int: ...
