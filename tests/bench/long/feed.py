"""A feed with 50 books under a long replay: its memory stays flat and below its bound, and no book is lost."""

from bench.book_replay import BOOKS, measure
from bench.long.outcome import Outcome

RATE = 2_000
MOST_MB = 300.0
MOST_GROWTH = 1.05
"""Of the last third over the first."""


def run(seconds: float, seed: int) -> Outcome:
    found = measure(seconds, RATE, BOOKS, seed)
    troubles = []
    if found["rss_mb"] > MOST_MB:
        troubles.append(f"{found['rss_mb']:.0f} MB are more than {MOST_MB:.0f}")
    if found["last_mb"] > MOST_GROWTH * found["first_mb"]:
        troubles.append(f"it grew from {found['first_mb']:.0f} to {found['last_mb']:.0f} MB")
    if found["gaps"] or found["state"] != ["up"]:
        troubles.append(f"{found['gaps']} gaps, states {found['state']}")
    return Outcome(name="feed", trouble="; ".join(troubles), figures=found)
