"""Which crawls a request means."""

import pytest

from fixtures.crawling import memory_places
from fixtures.instruments import instrument
from jtrader.crawl.plan import CrawlRequest, Kind
from jtrader.crawl.work import Work
from jtrader.domain.ids import Market
from jtrader.domain.times import DAY, HOUR, Span
from jtrader.exchange.ccxt.rest import CcxtRest
from jtrader.exchange.ccxt.spoken import OKX_SWAP


@pytest.mark.parametrize(
    ("rules", "kinds"),
    [
        ({"funding_interval": 8 * HOUR}, {Kind.FUNDING, Kind.OPEN_INTEREST}),
        ({"funding_interval": 0}, {Kind.FUNDING, Kind.OPEN_INTEREST}),
        ({"expiry": 400 * DAY}, {Kind.OPEN_INTEREST}),
    ],
    ids=["perpetual", "a perpetual whose venue does not say how often", "dated"],
)
def test_series_are_asked_of_whom_they_may_exist(rules: dict[str, int], kinds: set[Kind]) -> None:
    one = instrument("okx_swap:BTC-USDT-SWAP", **rules)
    places = memory_places()
    places.instruments.save([one])
    with CcxtRest(OKX_SWAP, "http://127.0.0.1:1") as source:
        work = Work({Market("okx_swap"): source}, places, prove=lambda _: None)
        asked = {
            kind
            for kind in (Kind.FUNDING, Kind.OPEN_INTEREST)
            if work.of(CrawlRequest((one.id,), (kind,), Span(0, DAY), DAY))
        }
    assert asked == kinds
