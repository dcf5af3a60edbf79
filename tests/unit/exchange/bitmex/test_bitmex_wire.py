"""What BitMEX's realtime messages become, each message in the shape that the venue sends."""

import msgspec
import pytest

from fixtures.bitmex_frames import STAMP, STAMP_NS, XBTUSD_BOOK, level, partial, told, trade
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Candle, Depth, Funding, Mark, OpenInterest, Quote, Trade, TradingStatus
from jtrader.domain.times import MINUTE, parse_time
from jtrader.exchange.bitmex.wire import Decoder

XBTUSD = InstrumentId("bitmex:XBTUSD")
ETHUSD = InstrumentId("bitmex:ETHUSD")


@pytest.fixture
def decoder() -> Decoder:
    return Decoder({VenueSymbol("XBTUSD"): XBTUSD, VenueSymbol("ETHUSD"): ETHUSD})


@pytest.fixture
def with_book(decoder: Decoder) -> Decoder:
    decoder.decode(partial("orderBookL2", "XBTUSD", *XBTUSD_BOOK))
    return decoder


def test_trades_of_one_message(decoder: Decoder) -> None:
    message = told("trade", "insert", trade(1, "Buy", 2000, 6906.5), trade(2, "Sell", 100, 6906))
    assert decoder.decode(message) == [
        Trade(XBTUSD, STAMP_NS, "00000000-006d-1000-0000-000000000001", 6906.5, 2000.0, 1),
        Trade(XBTUSD, STAMP_NS, "00000000-006d-1000-0000-000000000002", 6906.0, 100.0, -1),
    ]
    assert decoder.clock.newest == STAMP_NS


def test_trades_from_before_the_subscription_are_no_events(decoder: Decoder) -> None:
    assert decoder.decode(partial("trade", "XBTUSD", trade(1, "Buy", 2000, 6906.5))) == []


def test_times_are_read_to_the_millisecond(decoder: Decoder) -> None:
    stamps = [
        "2026-01-15T15:30:59.999Z",
        "2026-01-15T15:31:00.000Z",
        "2026-01-15T15:31:00.001Z",
        "2026-01-15T15:31:07Z",
    ]
    rows = [trade(number, "Buy", 1, 1.0, stamp) for number, stamp in enumerate(stamps)]
    assert [event.ts for event in decoder.decode(told("trade", "insert", *rows))] == [parse_time(s) for s in stamps]


def test_quotes_need_both_sides(decoder: Decoder) -> None:
    whole = {"timestamp": STAMP, "symbol": "XBTUSD", "bidSize": 7, "bidPrice": 17.2, "askPrice": 17.3, "askSize": 3}
    message = told("quote", "insert", whole, whole | {"askPrice": None, "askSize": None})
    assert decoder.decode(message) == [Quote(XBTUSD, STAMP_NS, 17.2, 7.0, 17.3, 3.0)]


def test_a_book_begins_with_its_partial(decoder: Decoder) -> None:
    update = told("orderBookL2", "update", level(62400580205, "Sell", size=5, timestamp=STAMP))
    assert decoder.decode(update) == []
    (book,) = decoder.decode(partial("orderBookL2", "XBTUSD", *XBTUSD_BOOK))
    assert isinstance(book, Depth)
    assert book.snapshot
    assert book.bids == ((98455.0, 2500.0), (98454.2, 700.0))
    assert book.asks == ((98459.9, 33000.0), (98460.5, 100.0))
    assert decoder.decode(update) == [Depth(XBTUSD, STAMP_NS, (), ((98459.9, 5.0),), 0, False)]


def test_a_level_is_known_by_its_id(with_book: Decoder) -> None:
    """Updates and deletes need not tell the price; an insert does."""
    steps = [
        (told("orderBookL2", "update", level(62400581200, "Buy", size=1)), ((98454.2, 1.0),), ()),
        (told("orderBookL2", "delete", level(62400580100, "Sell")), (), ((98460.5, 0.0),)),
        (told("orderBookL2", "insert", level(7, "Buy", size=9, price=98455.1)), ((98455.1, 9.0),), ()),
        (told("orderBookL2_25", "delete", level(7, "Buy")), ((98455.1, 0.0),), ()),
    ]
    for message, bids, asks in steps:
        (event,) = with_book.decode(message)
        assert isinstance(event, Depth)
        assert (event.bids, event.asks, event.snapshot) == (bids, asks, False)


@pytest.mark.parametrize(
    "message",
    [
        told("orderBookL2", "update", level(1, "Buy", size=5)),
        told("orderBookL2", "update", level(62400581000, "Sell", size=5)),
        told("orderBookL2", "delete", level(1, "Sell")),
        told("orderBookL2", "insert", level(62400581000, "Buy", size=5, price=98455.0)),
    ],
    ids=["unknown id", "id of the other side", "gone already", "stands already"],
)
def test_a_row_that_does_not_fit_proves_a_gap(with_book: Decoder, message: bytes) -> None:
    fits = told("orderBookL2", "update", level(62400581200, "Buy", size=1))
    assert with_book.decode(message) == []
    assert with_book.broken == {"XBTUSD"}
    assert with_book.decode(fits) == []
    assert len(with_book.decode(partial("orderBookL2", "XBTUSD", *XBTUSD_BOOK))) == 1
    assert with_book.broken == set()
    assert len(with_book.decode(fits)) == 1


def test_a_new_connection_forgets_the_books(with_book: Decoder) -> None:
    with_book.restart()
    assert with_book.decode(told("orderBookL2", "update", level(62400581200, "Buy", size=1))) == []
    assert with_book.broken == set()


def test_levels_without_a_price_stand_nowhere(with_book: Decoder) -> None:
    (event,) = with_book.decode(told("orderBookL2", "insert", level(7, "Buy", size=9, price=None)))
    assert isinstance(event, Depth)
    assert (event.bids, event.asks) == ((), ())
    with_book.decode(told("orderBookL2", "delete", level(7, "Buy")))
    assert with_book.broken == set()


def test_one_message_may_tell_two_books(with_book: Decoder) -> None:
    other = {"symbol": "ETHUSD", "id": 7, "side": "Buy", "size": 4, "price": 3100.05}
    with_book.decode(partial("orderBookL2", "ETHUSD", other))
    mixed = told("orderBookL2", "update", level(62400581200, "Buy", size=1), other | {"size": 5})
    assert [event.instrument for event in with_book.decode(mixed)] == [XBTUSD, ETHUSD]


def instrument_row(**fields: object) -> dict[str, object]:
    return {"symbol": "XBTUSD", "timestamp": STAMP, **fields}


def test_marks_are_put_together_from_deltas(decoder: Decoder) -> None:
    whole = instrument_row(
        state="Open",
        markPrice=97849.76,
        indicativeSettlePrice=97843.77,
        fundingRate=0.00011,
        fundingTimestamp="2026-01-15T20:00:00.000Z",
        openInterest=411647400,
        tickSize=0.1,
        lotSize=100,
        maxOrderQty=10000000,
    )
    due = parse_time("2026-01-15T20:00:00Z")
    assert decoder.decode(partial("instrument", "XBTUSD", whole)) == [
        Mark(XBTUSD, STAMP_NS, 97849.76, 97843.77, 0.00011, due),
        OpenInterest(XBTUSD, STAMP_NS, 411647400.0),
    ]
    assert decoder.decode(told("instrument", "update", instrument_row(markPrice=97850.5))) == [
        Mark(XBTUSD, STAMP_NS, 97850.5, 97843.77, 0.00011, due)
    ]
    assert decoder.decode(told("instrument", "update", instrument_row(lastPrice=97850.5))) == []


@pytest.mark.parametrize(
    ("state", "told_as"),
    [("Closed", "halted"), ("Settled", "delisted"), ("Unlisted", "delisted"), ("Whatever", "halted")],
)
def test_states_and_rules_are_events(decoder: Decoder, state: str, told_as: str) -> None:
    decoder.decode(partial("instrument", "XBTUSD", instrument_row(state="Open", tickSize=0.5)))
    assert decoder.decode(told("instrument", "update", instrument_row(state=state))) == [
        TradingStatus(XBTUSD, STAMP_NS, told_as)
    ]
    assert decoder.decode(told("instrument", "update", instrument_row(state="Open", tickSize=0.1))) == [
        TradingStatus(XBTUSD, STAMP_NS, "trading"),
        TradingStatus(XBTUSD, STAMP_NS, "rules"),
    ]


def test_a_dated_contract_has_a_mark_without_funding(decoder: Decoder) -> None:
    row = instrument_row(markPrice=98000.1, indicativeSettlePrice=97843.77, fundingRate=None, fundingTimestamp=None)
    assert decoder.decode(partial("instrument", "XBTUSD", row)) == [Mark(XBTUSD, STAMP_NS, 98000.1, 97843.77, 0.0, 0)]


def test_funding_as_settled(decoder: Decoder) -> None:
    row = {"timestamp": "2026-01-15T12:00:00.000Z", "symbol": "XBTUSD", "fundingRate": -0.000071}
    assert decoder.decode(told("funding", "insert", row)) == [
        Funding(XBTUSD, parse_time("2026-01-15T12:00:00Z"), -0.000071)
    ]


def bin_row(**fields: object) -> dict[str, object]:
    row = {"timestamp": "2026-01-15T15:31:00.000Z", "symbol": "XBTUSD", "open": 9395, "high": 9397, "low": 9394.5}
    return row | {"close": 9396, "trades": 2, "volume": 839204, "homeNotional": 89.32} | fields


@pytest.mark.parametrize(("opened", "shown"), [(9395, 9395.0), (9399.5, 9397.0), (9390, 9394.5), (None, 9396.0)])
def test_minutes_are_stamped_with_their_end_and_open_at_the_close_before(
    decoder: Decoder, opened: float | None, shown: float
) -> None:
    start = parse_time("2026-01-15T15:31:00Z") - MINUTE
    assert decoder.decode(told("tradeBin1m", "insert", bin_row(open=opened))) == [
        Candle(XBTUSD, start, shown, 9397.0, 9394.5, 9396.0, 89.32)
    ]
    assert decoder.decode(told("tradeBin1m", "insert", bin_row(high=None, low=None, close=None))) == []


def test_what_is_no_row_makes_no_event(decoder: Decoder) -> None:
    for message in (
        b'{"info":"Welcome to the BitMEX Realtime API.","version":"2.0.0","timestamp":"x","limit":{"remaining":39}}',
        b'{"success":true,"subscribe":"trade:XBTUSD","request":{"op":"subscribe","args":["trade:XBTUSD"]}}',
        told("liquidation", "insert", {"symbol": "XBTUSD"}),
        told("trade", "insert", trade(1, "Buy", 1, 1.0) | {"symbol": "LTCUSD"}),
        b"pong",
    ):
        assert decoder.decode(message) == []


def test_another_order_of_fields_is_read_too(decoder: Decoder) -> None:
    message = msgspec.json.encode({"action": "insert", "data": [trade(1, "Buy", 5, 1.0)], "table": "trade"})
    assert len(decoder.decode(message)) == 1


def test_a_refused_subscription_says_why(decoder: Decoder) -> None:
    with pytest.raises(BadInput, match="Unknown table: trad"):
        decoder.decode(b'{"status":400,"error":"Unknown table: trad","meta":{},"request":{"op":"subscribe"}}')


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff",
        b'{"table":"trade","action":"insert","data":[{"timestamp":"2026-01-15T15:30:00.250Z"}]}',
        b'{"table":"trade","action":"insert","data":[{"timesta',
        told("trade", "insert", trade(1, "Hold", 1, 1.0)),
        told("trade", "insert", trade(1, "Buy", 1, 1.0, "yesterday, at half past four")),
        told("trade", "insert", trade(1, "Buy", 1, 1.0, "2026-01-15T15:30:00.xyzZ")),
    ],
)
def test_what_can_not_be_read_is_refused(decoder: Decoder, message: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, BadInput, UnicodeDecodeError)):
        decoder.decode(message)


def test_settled_funding_is_told_once(decoder: Decoder) -> None:
    """Each partial tells the last one over again; what was settled before the first is no news."""
    rows = [
        {"timestamp": f"2026-01-15T{hour:02d}:00:00.000Z", "symbol": "XBTUSD", "fundingRate": hour / 1e4}
        for hour in (4, 12, 20)
    ]
    told_rates = [
        [event.rate for event in decoder.decode(message) if isinstance(event, Funding)]
        for message in (
            partial("funding", "XBTUSD", rows[0]),
            told("funding", "insert", rows[1]),
            partial("funding", "XBTUSD", rows[1]),
            partial("funding", "XBTUSD", rows[2]),
        )
    ]
    assert told_rates == [[], [12e-4], [], [20e-4]]


@pytest.mark.parametrize(
    ("error", "topics", "refused"),
    [
        ("Unknown or expired symbol.", ["trade:XBTUSD"], XBTUSD),
        ("Unknown or expired symbol.", ["trade:XBTUSD", "trade:ETHUSD"], None),
        ("Rate limit exceeded, retry in 10 seconds.", ["trade:XBTUSD"], None),
    ],
)
def test_a_refusal_is_of_one_instrument_where_it_names_one(
    decoder: Decoder, error: str, topics: list[str], refused: InstrumentId | None
) -> None:
    answer = {"status": 400, "error": error, "meta": {}, "request": {"op": "subscribe", "args": topics}}
    with pytest.raises(BadInput) as raised:
        decoder.decode(msgspec.json.encode(answer))
    assert getattr(raised.value, "instrument", None) == refused
