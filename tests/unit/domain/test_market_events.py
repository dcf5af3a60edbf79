import msgspec
import pytest

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Event, FeedStatus, Mark, Quote, Trade, check_candle

X = InstrumentId("binance_usdm:BTCUSDT")
GOOD = Candle(X, 0, 10.0, 12.0, 9.0, 11.0, 5.0)


@pytest.mark.parametrize(
    "event",
    [
        GOOD,
        Trade(X, 1, 7, 10.5, 0.25, -1),
        Quote(X, 2, 10.0, 1.0, 10.5, 2.0),
        Mark(X, 3, 10.1, 10.2, 0.0001, 4),
        FeedStatus(X, 4, 2, "stale"),
    ],
)
def test_each_market_event_survives_the_wire(event: Event) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=Event) == event


@pytest.mark.parametrize(
    "fields",
    [
        {"high": 10.5},
        {"low": 10.5},
        {"open": float("nan")},
        {"close": 0.0},
        {"low": -1.0},
        {"volume": -0.1},
        {"volume": float("inf")},
    ],
)
def test_an_impossible_candle_is_refused(fields: dict[str, float]) -> None:
    check_candle(GOOD)
    with pytest.raises(BadInput, match="binance_usdm:BTCUSDT candle at 0"):
        check_candle(msgspec.structs.replace(GOOD, **fields))
