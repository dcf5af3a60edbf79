"""What a long run returns."""

from typing import Any

import msgspec


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`trouble` is empty where the run showed what it must show."""

    name: str
    trouble: str
    figures: dict[str, Any]
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        return not self.trouble
