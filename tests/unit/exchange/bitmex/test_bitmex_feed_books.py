"""Books of BitMEX's feed: the short way of the usual message and the long way of all others come to the same book."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from fixtures.bitmex_frames import STAMP, STAMP_NS, partial, told
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.market import Depth
from jtrader.domain.order_book import OrderBook
from jtrader.exchange.bitmex.feed import BitmexFeed

XBTUSD, ETHUSD = InstrumentId("bitmex:XBTUSD"), InstrumentId("bitmex:ETHUSD")
NOWHERE = "http://127.0.0.1:9"
MIDDLE = 1_000


def row(symbol: str, tick: int, **fields: Any) -> dict[str, Any]:
    side = "Buy" if tick < MIDDLE else "Sell"
    return {"symbol": symbol, "id": 10**9 - tick, "side": side, **fields, "timestamp": STAMP}


class Venue:
    """Messages of two books in BitMEX's words; now and then one of them is wrong."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._ticks = {symbol: set(range(MIDDLE - 9, MIDDLE + 10)) - {MIDDLE} for symbol in ("XBTUSD", "ETHUSD")}

    def whole(self, symbol: str) -> bytes:
        rows = [row(symbol, tick, size=100, price=tick / 2) for tick in sorted(self._ticks[symbol])]
        return partial("orderBookL2", symbol, *rows)

    def messages(self, count: int) -> Iterator[bytes]:
        rng = self._rng
        for _ in range(count):
            action = rng.choice(("insert", "update", "delete"))
            rows = [self._row(action, rng.choice(list(self._ticks))) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
            if rng.random() < 0.1:
                self._spoil(rng.choice(rows))
            yield told("orderBookL2", action, *rows)

    def _row(self, action: str, symbol: str) -> dict[str, Any]:
        rng, ticks = self._rng, self._ticks[symbol]
        if action == "insert":
            tick = rng.choice([n for n in range(MIDDLE - 30, MIDDLE + 30) if n not in ticks and n != MIDDLE])
            ticks.add(tick)
            return row(symbol, tick, size=rng.randrange(1, 99), price=tick / 2)
        tick = rng.choice(sorted(ticks))
        if action == "update":
            return row(symbol, tick, size=rng.randrange(1, 99))
        if len(ticks) > 1:
            ticks.discard(tick)
        return row(symbol, tick)

    def _spoil(self, one: dict[str, Any]) -> None:
        wrong = self._rng.choice(
            ({"id": 7}, {"size": 0}, {"size": -1}, {"price": 1e6}, {"price": 1e-9}, {"price": 0.0})
        )
        one |= wrong


async def compare(seed: int) -> int:
    """How many books were lost on the way."""
    names = [XBTUSD, ETHUSD]
    short, long = (BitmexFeed(Market("bitmex"), names, NOWHERE) for _ in range(2))
    long._followed = {}
    venue, heard, lost = Venue(seed), {name: OrderBook(name) for name in names}, 0
    for feed in (short, long):
        feed._rise()
        for name in names:
            feed._on_message(venue.whole(name.partition(":")[2]))
    assert short.books is not None
    assert long.books is not None
    for message in venue.messages(400):
        for feed in (short, long):
            feed._on_message(message)
        for event in short._batch:
            if isinstance(event, Depth):
                heard[event.instrument].apply(event)
        short._batch.clear()
        for name in names:
            ours, theirs = short.books[name].book, long.books[name].book
            assert ours.is_known == theirs.is_known
            assert short.states == long.states
            if not ours.is_known:
                lost += 1
                for feed in (short, long):
                    feed._on_message(venue.whole(name.partition(":")[2]))
                continue
            for one in (theirs, heard[name]):
                assert ours.bids.quantities == one.bids.quantities
                assert ours.asks.quantities == one.asks.quantities
            assert ours.bids.prices == sorted(ours.bids.quantities)
            assert ours.asks.prices == sorted(ours.asks.quantities)
    for feed in (short, long):
        await feed.close()
    return lost


def test_both_ways_come_to_the_same_book() -> None:
    assert sum(asyncio.run(compare(seed)) for seed in range(12)) > 20


def test_the_usual_message_goes_the_short_way() -> None:
    """Else the figures of the benchmark would be another path's."""
    feed = BitmexFeed(Market("bitmex"), [XBTUSD], NOWHERE)
    venue = Venue(1)
    feed._on_message(venue.whole("XBTUSD"))
    feed._judged = None  # type: ignore[assignment, method-assign]
    for action, fields in (("update", {"size": 5}), ("insert", {"size": 5, "price": 480.0}), ("delete", {})):
        tick = 960 if action == "insert" else 995
        (event,) = feed.read(told("orderBookL2", action, row("XBTUSD", tick, **fields)))
        assert isinstance(event, Depth)
        assert event.bids == ((tick / 2, fields.get("size", 0.0)),)


HEAD = b'{"table":"orderBookL2","action":"update","data":['
BEST, NEXT = (b'{"symbol":"XBTUSD","id":%d,"side":"Buy","size":5}' % (10**9 - tick) for tick in (999, 998))
DATED = BEST.replace(b"}", b',"timestamp":"%b"}' % STAMP.encode())


@pytest.mark.parametrize(
    ("message", "bids"),
    [
        (HEAD + DATED + b"]}", ((499.5, 5.0),)),
        (HEAD + BEST + b"]}", ((499.5, 5.0),)),
        (HEAD + BEST + b"," + NEXT + b"]}", ((499.5, 5.0), (499.0, 5.0))),
        (HEAD + DATED + b"] }", ((499.5, 5.0),)),
        (HEAD + DATED + b'],"more":[1]}', ((499.5, 5.0),)),
        (HEAD + b"]}", None),
        (HEAD + DATED + b"]", "unreadable"),
        (HEAD + DATED + b"]]", "unreadable"),
        (HEAD + DATED + b"}}", "unreadable"),
        (HEAD + DATED[:-1] + b"]}", "unreadable"),
        (HEAD + DATED + b"x]}", "unreadable"),
        (HEAD.replace(b"data", b"date") + DATED + b"]}", "unreadable"),
    ],
)
def test_a_short_message_is_read_whatever_its_form(message: bytes, bids: Any) -> None:
    """No short way believes what is no message, or stumbles over an unusual one."""
    feed = BitmexFeed(Market("bitmex"), [XBTUSD], NOWHERE)
    feed._on_message(Venue(1).whole("XBTUSD"))
    if bids == "unreadable":
        with pytest.raises(msgspec.DecodeError):
            feed.read(message)
        return
    events = feed.read(message)
    assert [event.bids for event in events if isinstance(event, Depth)] == ([bids] if bids else [])
    assert all(event.ts == STAMP_NS for event in events)
