"""The feed's process: idle and well where nothing is to be followed; its settings reach the feeds."""

import asyncio
from pathlib import Path

import pytest

from jtrader.app.services.feed import serve
from jtrader.app.services.heartbeat import read_health
from jtrader.app.settings import load_settings
from jtrader.app.wiring.trading import LazyCandles, feeds_for
from jtrader.domain.times import SECOND


def test_a_desk_that_follows_nothing_is_well_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = load_settings(home=tmp_path, crawl_instruments=(), market_data_uri=f"ipc://{tmp_path}/market")

    async def work() -> None:
        serving = asyncio.create_task(serve(settings))
        async with asyncio.timeout(5):
            while (health := read_health(tmp_path, "feed")) is None:
                await asyncio.sleep(0.01)
                assert not serving.done()
        assert health.ready
        assert health.detail["states"] == {}
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(work())
    assert "nothing to follow: name instruments in crawl_instruments" in caplog.text


@pytest.mark.parametrize("name", ["binance_spot:BTCUSDT", "bitmex:XBTUSD", "huobi_swap:BTC-USD"])
def test_silence_is_judged_by_the_setting(name: str, tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, crawl_instruments=(name,), feed_stale_after_seconds=5.0)

    async def work() -> None:
        (feed,) = feeds_for(settings, LazyCandles(settings))
        feed._rise()
        feed.clock.saw(1_000 * SECOND)
        feed.watch()
        feed.watch(1_004 * SECOND)
        assert set(feed.states.values()) == {"up"}
        feed.watch(1_006 * SECOND)
        assert set(feed.states.values()) == {"stale"}

    asyncio.run(work())
