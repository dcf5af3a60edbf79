from typing import Protocol


class Alerts(Protocol):
    """Tells people. `key` groups repeats; `level` is info, warning or page."""

    def send(self, level: str, key: str, message: str) -> None: ...
