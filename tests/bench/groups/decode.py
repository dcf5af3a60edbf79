"""What one core decodes: a venue's frames through the feed that runs in production, up to events and proven books.

The limit is msgspec (and inflation) alone on the same bytes; the note tells what ccxt.pro's parsers do with them.
"""

import gc
import random
import time
from collections.abc import Iterator
from itertools import islice

from bench.frames.binance import Binance
from bench.frames.bitmex import Bitmex
from bench.frames.huobi import Huobi
from bench.frames.venue import Frames, Venue
from bench.measure import Job, Row, per_cpu_second, row
from bench.peers import ccxt_seconds

VENUES: tuple[Venue, ...] = (Binance(), Bitmex(), Huobi())
TRADES, LEVELS, QUOTES = 150_000, 400_000, 150_000
ROUNDS = 5
PEER_FRAMES = 4_000
GOALS = {"trades": {"huobi": 250_000.0}, "books": {}}
USUAL_GOAL = {"trades": 500_000.0, "books": 1_000_000.0}
UNITS = {"trades": "trades/s", "books": "price levels/s"}


def rows(job: Job) -> Iterator[Row]:
    for kind, full in (("trades", TRADES), ("books", LEVELS)):
        found = [_row(kind, venue, job.size(full, 50), job.seed) for venue in VENUES]
        slowest = min(found, key=lambda one: one.value)
        note = f"{slowest.name.rsplit('.', 1)[-1]}: {slowest.note}"
        yield row(f"decode.{kind}", slowest.value, slowest.unit, slowest.limit, note)
        yield from found
    binance = Binance()
    quotes = binance.quotes(random.Random(job.seed), job.size(QUOTES, 50))
    yield row("decode.quotes.binance", _fastest(binance, quotes, "quotes"), "quotes/s")


def _row(kind: str, venue: Venue, count: int, seed: int) -> Row:
    rng = random.Random(seed)
    frames = venue.trades(rng, count) if kind == "trades" else venue.books(rng, count)
    value, decode = _fastest(venue, frames, kind), venue.bare(kind)

    def bare() -> int:
        for frame in frames.frames:
            decode(frame)
        return frames.units

    goal = GOALS[kind].get(venue.name, USUAL_GOAL[kind])
    note = f"at least {goal:,.0f}; {frames.units / len(frames.frames):.2f} a frame"
    if (peer := _peer(venue, frames, kind)) is not None:
        note += f"; ccxt.pro {peer:,.0f}"
    return row(f"decode.{kind}.{venue.name}", value, UNITS[kind], per_cpu_second(bare), note)


def _fastest(venue: Venue, frames: Frames, kind: str) -> float:
    """Units per CPU second, the best of some rounds; each begins with a new feed."""
    best = 0.0
    for _ in range(ROUNDS):
        feed = venue.feed(books=kind == "books")
        venue.begin(feed, frames.opening)
        read, told = venue.reading(feed), 0
        gc.collect()
        began = time.process_time()
        for frame in frames.frames:
            told += len(read(frame))
        best = max(best, frames.units / (time.process_time() - began))
        _check(venue, frames, told, kind, sum(feed.books[name].gaps for name in feed.states) if feed.books else 0)
    return best


def _check(venue: Venue, frames: Frames, told: int, kind: str, gaps: int) -> None:
    wanted = len(frames.frames) if kind == "books" else frames.units
    assert (told, gaps) == (wanted, 0), f"{venue.name} told {told:,} events of {wanted:,} {kind}, with {gaps} gaps"


def _peer(venue: Venue, frames: Frames, kind: str) -> float | None:
    """Units a second. ccxt.pro's books of Binance and HTX begin with requests: only BitMEX's come in the stream."""
    if kind == "books" and venue.name != "bitmex":
        return None
    some = list(islice(frames.frames, PEER_FRAMES))
    return frames.units * len(some) / len(frames.frames) / ccxt_seconds(venue.name, frames.opening, some)
