"""Whatever overlaps, in whatever order: the same hour; and what is read is what was appended, each once."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.ticks import BTC, START, updates
from jtrader.domain.market import Quote, Trade
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import HOUR
from jtrader.ports.stores import IdRange
from jtrader.store.ticks.batch import pack, pack_hour
from jtrader.store.ticks.columns import SMALL
from jtrader.store.ticks.contiguity import between, joined, runs, within
from jtrader.store.ticks.depth import DepthKind, book_after, concatenated
from jtrader.store.ticks.kinds import KINDS


@st.composite
def market(draw) -> list[Trade]:
    """Up to 60 trades in the venue's order; now and then one was told in two ways."""
    numbers = sorted(draw(st.sets(st.integers(1, 60), min_size=1)))
    as_text = draw(st.booleans())
    steps = draw(st.lists(st.integers(0, 3), min_size=len(numbers), max_size=len(numbers)))
    found, ts = [], START
    for number, step in zip(numbers, steps, strict=True):
        ts += step * 10**9
        name = f"t{number:03d}" if as_text else number
        prices = draw(st.sampled_from([(100.0,), (100.0,), (100.0, 100.5)]))
        found += [Trade(BTC, ts, name, price + number / 10, 1.0, 1) for price in prices]
    return found


def hour_of(batches: list) -> bytes:
    """The document that compaction makes of the batches."""
    kind = KINDS[batches[0].kind]
    table = kind.merge([batch.table() for batch in batches])
    return repr(sorted(pack_hour(kind, BTC, START, table, SMALL).columns.items())).encode()


@given(market(), st.data())
def test_any_overlap_and_order_of_trades_gives_the_same_hour(trades: list[Trade], data: st.DataObject) -> None:
    wanted = hour_of(pack(trades))
    cuts = data.draw(st.lists(st.tuples(st.integers(0, len(trades)), st.integers(0, len(trades))), max_size=6))
    parts = [trades, *(trades[min(cut) : max(cut)] for cut in cuts)]
    batches = [batch for part in data.draw(st.permutations(parts)) if part for batch in pack(part)]
    assert hour_of(batches) == wanted
    kind = KINDS["trade"]
    first = kind.merge([batch.table() for batch in batches[: len(batches) // 2 + 1]])
    packed_before = pack_hour(kind, BTC, START, first, SMALL)
    assert hour_of([*batches[len(batches) // 2 :], packed_before]) == wanted


@given(market())
def test_what_is_read_is_what_was_appended_each_once_and_in_order(trades: list[Trade]) -> None:
    [batch] = pack(trades)
    kind = KINDS["trade"]
    found = kind.events(BTC, kind.merge([batch.table(), batch.table()]))
    first_telling: dict = {}
    for trade in trades:
        first_telling.setdefault(trade.trade_id, trade)
    assert found == sorted(first_telling.values(), key=lambda t: (t.ts, t.trade_id))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), st.randoms())
def test_rows_without_ids_stand_once_in_the_order_of_receipt(sizes: list[int], random) -> None:
    kind, batches, wanted, at = KINDS["quote"], [], [], START
    for size in sizes:
        rows = [Quote(BTC, START + random.randrange(HOUR), 1.0, at - START + n, 2.0, 1.0) for n in range(size)]
        batches += pack(rows, received=at)
        wanted += rows
        at += size
    random.shuffle(batches)
    assert kind.events(BTC, kind.merge([b.table() for b in [*batches, batches[0]]])) == wanted


@settings(max_examples=30)
@given(st.integers(2, 80), st.integers(0, 5), st.data())
def test_the_book_after_any_cut_is_the_one_that_a_listener_holds(count: int, seed: int, data: st.DataObject) -> None:
    told = updates(count, seed)
    kind = DepthKind()
    cut = data.draw(st.integers(1, count))
    table = kind.table(told, START)
    opening = book_after(kind.take(table, slice(None, cut)))
    later = kind.take(table, slice(cut, None))
    whole = book_after(concatenated([opening, later])) if cut < count else opening
    [snapshot] = kind.events(BTC, whole)
    book = OrderBook(BTC)
    for update in told:
        book.apply(update)
    assert (list(snapshot.bids), list(snapshot.asks)) == (list(book.bids.levels()), list(book.asks.levels()))
    assert (snapshot.snapshot, snapshot.update_id) == (True, count)


@given(st.sets(st.integers(0, 60)), st.integers(0, 60), st.integers(0, 60))
def test_ranges_of_ids_say_the_same_as_the_ids(numbers: set[int], a: int, b: int) -> None:
    found = runs(np.array(sorted(numbers, key=lambda n: n * 37 % 61), np.int64))
    spelled = {n for one in found for n in range(one.first, one.last + 1)}
    assert spelled == numbers
    assert found == joined(IdRange(n, n) for n in numbers)
    if numbers:
        holes = {n for one in between(found) for n in range(one.first, one.last + 1)}
        assert holes == set(range(min(numbers), max(numbers))) - numbers
    low, high = sorted((a, b))
    inside = {n for one in within(found, low, high) for n in range(one.first, one.last + 1)}
    assert inside == {n for n in numbers if low <= n <= high}
