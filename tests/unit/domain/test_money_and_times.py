import datetime as dt
from decimal import Decimal

import pytest

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import instrument_id, split_instrument_id
from jtrader.domain.money import amount, plain, round_down, round_half_even, round_up
from jtrader.domain.times import day_bounds, iso, nanos, parse_time, to_datetime

UNIT = Decimal("0.01")


@pytest.mark.parametrize(
    ("value", "down", "nearest", "up"),
    [
        ("1.005", "1.00", "1.00", "1.01"),
        ("1.015", "1.01", "1.02", "1.02"),
        ("-1.005", "-1.01", "-1.00", "-1.00"),
        ("2", "2", "2", "2"),
        ("0.000000001", "0", "0", "0.01"),
    ],
)
def test_rounding_names_its_direction(value: str, down: str, nearest: str, up: str) -> None:
    exact = Decimal(value)
    assert round_down(exact, UNIT) == Decimal(down)
    assert round_half_even(exact, UNIT) == Decimal(nearest)
    assert round_up(exact, UNIT) == Decimal(up)


@pytest.mark.parametrize("wrong", ["", "abc", "NaN", "Infinity", "-inf", None, 0.1])
def test_money_comes_only_from_exact_finite_amounts(wrong: object) -> None:
    with pytest.raises(BadInput):
        amount(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"), [("1E+2", "100"), ("0.500", "0.5"), ("-0.00", "0"), ("-1.10", "-1.1"), ("100", "100")]
)
def test_plain_has_no_exponent_and_no_idle_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-02", 86_400_000_000_000),
        ("1970-01-01T01:00:00.000001+01:00", 1_000),
    ],
)
def test_times_are_nanoseconds_since_1970(text: str, expected: int) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize("wrong", ["", "yesterday", "2026-01-15T15:30:00", "2026-13-01"])
def test_a_time_without_zone_or_sense_is_refused(wrong: str) -> None:
    with pytest.raises(BadInput, match=r"Z|UTC"):
        parse_time(wrong)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(BadInput, match="zone"):
        nanos(dt.datetime(2026, 1, 15))  # noqa: DTZ001


def test_a_time_survives_the_round_trip() -> None:
    ts = parse_time("2026-01-15T15:30:00.123456Z")
    assert nanos(to_datetime(ts)) == ts
    assert (iso(ts), iso(ts - 123_456_000)) == ("2026-01-15T15:30:00.123Z", "2026-01-15T15:30:00Z")


def test_a_trading_day_is_half_open_from_cut_to_cut() -> None:
    start, end = day_bounds(dt.date(2026, 1, 15))
    assert (iso(start), iso(end)) == ("2026-01-15T00:00:00Z", "2026-01-16T00:00:00Z")


def test_an_instrument_id_names_market_and_symbol() -> None:
    assert split_instrument_id(instrument_id("binance_usdm", "BTCUSDT")) == ("binance_usdm", "BTCUSDT")


@pytest.mark.parametrize("wrong", ["BTCUSDT", ":BTCUSDT", "binance_usdm:", ""])
def test_an_instrument_without_market_is_refused(wrong: str) -> None:
    with pytest.raises(BadInput, match="market:SYMBOL"):
        split_instrument_id(wrong)
