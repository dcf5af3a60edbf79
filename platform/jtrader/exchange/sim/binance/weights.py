"""Request weight used in the running wall minute, as the venue's headers tell it; no limit is enforced."""


class Weights:
    """By market."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[int, int]] = {}

    def add(self, market: str, weight: int, wall_ms: int) -> None:
        self._used[market] = (wall_ms // 60_000, self.used(market, wall_ms) + weight)

    def used(self, market: str, wall_ms: int) -> int:
        minute, weight = self._used.get(market, (0, 0))
        return weight if minute == wall_ms // 60_000 else 0
