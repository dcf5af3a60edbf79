"""Whatever the venue lacks or spoils and wherever a crawl dies: in the end all that is sound is stored, each hole has
one cause, and a further run changes nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.candle_source import BTC, MemoryCandles, at, candle
from fixtures.crawling import crawl_candles
from jtrader.domain.errors import Unavailable
from jtrader.domain.times import MINUTE
from jtrader.store.memory.candles import MemoryCandleStore

LENGTH = 80
minutes = st.sets(st.integers(0, LENGTH - 1), max_size=20)


@given(
    absent=minutes,
    spoilt=minutes,
    stored=st.sets(st.integers(0, LENGTH - 1)),
    page=st.integers(1, 30),
    deaths=st.lists(st.integers(0, 6), max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_crawls_converge(absent: set[int], spoilt: set[int], stored: set[int], page: int, deaths: list[int]) -> None:
    offered = [candle(m, volume=-1.0 if m in spoilt else 2.0) for m in range(LENGTH) if m not in absent]
    sound = {c.ts for c in offered if c.volume > 0}
    source, store = MemoryCandles(offered, page=page), MemoryCandleStore()
    store.upsert([candle(m) for m in stored if at(m) in sound])
    if not offered:
        return

    for survives in deaths:
        left = iter(range(survives))

        def answer_or_die(found, left=left):
            if next(left, None) is None:
                raise Unavailable("killed here")
            return found

        source.meddle = answer_or_die
        try:
            crawl_candles(source, store, 0, LENGTH)
        except Unavailable:
            assert set(store.times(BTC, at(0), at(LENGTH))) <= sound
    source.meddle = lambda found: found
    result = crawl_candles(source, store, 0, LENGTH)

    assert set(store.times(BTC, at(0), at(LENGTH))) == sound
    recorded = [ts for gap in store.gaps() for ts in range(gap.start, gap.end, MINUTE)]
    assert len(recorded) == len(set(recorded)), "no minute has two causes"
    holes = {at(m) for m in range(LENGTH)} - sound
    before_history = {ts for ts in holes if all(earlier in holes for earlier in range(at(0), ts, MINUTE))}
    assert holes - before_history <= set(recorded) <= holes
    assert result.gaps == len(store.gaps())
    told = store.gaps()
    again = crawl_candles(source, store, 0, LENGTH)
    assert again.new == 0
    assert store.gaps() == told
