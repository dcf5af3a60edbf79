"""Request limits: counted by the wall minute, refused with 429, then banned with 418 for longer each time."""

import pytest

from jtrader.exchange.sim.binance.errors import COINM, SPOT, USDM, BinanceError
from jtrader.exchange.sim.binance.limits import BAN_AFTER, SAPI, Limits

MINUTE = 60_000
START = 1_000 * MINUTE


def refusal(limits: Limits, door: str, weight: int, at: int, account: str | None = None) -> tuple[int, int, str] | None:
    """(status, code, Retry-After) of a refused request, None of an accepted one."""
    try:
        limits.take(door, weight, at, account)
    except BinanceError as error:
        return error.status, error.code, error.headers["Retry-After"]
    return None


@pytest.mark.parametrize(("door", "most"), [(SPOT, 6_000), (USDM, 2_400), (COINM, 2_400), (SAPI, 12_000)])
def test_weight_beyond_the_limit_waits_for_the_next_minute(door: str, most: int) -> None:
    limits = Limits(lambda: 1.0)
    assert refusal(limits, door, most, START) is None
    assert refusal(limits, door, 1, START + 42_000) == (429, -1003, "18")
    assert refusal(limits, door, 1, START + MINUTE) is None


def test_doors_count_apart() -> None:
    limits = Limits(lambda: 1.0)
    limits.take(SPOT, 6_000, START)
    assert refusal(limits, USDM, 1, START) is None
    assert refusal(limits, SAPI, 1, START) is None
    assert limits.headers(SPOT, START) == {"X-MBX-USED-WEIGHT-1M": "6000"}
    assert limits.headers(SAPI, START) == {"X-SAPI-USED-IP-WEIGHT-1M": "1"}


def test_who_goes_on_asking_is_banned_twice_as_long_each_time() -> None:
    limits = Limits(lambda: 1.0)
    now, lasts = START, []
    for _ in range(3):
        limits.take(USDM, 2_400, now)
        answers = [refusal(limits, USDM, 1, now) for _ in range(BAN_AFTER + 1)]
        assert [answer and answer[0] for answer in answers] == [429] * BAN_AFTER + [418]
        last = answers[-1]
        assert last is not None
        lasts.append(int(last[2]))
        assert refusal(limits, USDM, 1, now + 1_000 * lasts[-1] - 1) == (418, -1003, "1")
        now += 1_000 * lasts[-1]
    assert lasts == [120, 240, 480]


def test_waiting_after_a_429_brings_no_ban() -> None:
    limits = Limits(lambda: 1.0)
    for minute in range(30):
        at = START + minute * MINUTE
        limits.take(USDM, 2_400, at)
        assert refusal(limits, USDM, 1, at) == (429, -1003, "60")


ORDERS = [(SPOT, 10_000, 100, "X-MBX-ORDER-COUNT-10S"), (USDM, 10_000, 300, "X-MBX-ORDER-COUNT-10S")]


@pytest.mark.parametrize(("door", "span", "most", "header"), ORDERS)
def test_orders_are_counted_by_account(door: str, span: int, most: int, header: str) -> None:
    limits = Limits(lambda: 1.0)
    for _ in range(most):
        limits.take(door, 0, START, "one")
    assert refusal(limits, door, 0, START + 3_000, "one") == (429, -1015, "7")
    assert refusal(limits, door, 0, START, "two") is None
    assert limits.headers(door, START, "two")[header] == "1"
    assert refusal(limits, door, 0, START + span, "one") is None


def test_orders_of_a_day_are_bounded_too() -> None:
    limits = Limits(lambda: 0.01)  # one in ten seconds, 2,000 a day
    answers = {refusal(limits, SPOT, 0, START + n * 10_000, "one") for n in range(2_000)}
    assert answers == {None}
    late = refusal(limits, SPOT, 0, START + 20_000_000, "one")
    assert late == (429, -1015, str((86_400_000 - START - 20_000_000) // 1_000))


def test_a_granted_multiple_raises_every_limit() -> None:
    limits = Limits(lambda: 3.0)
    assert refusal(limits, USDM, 7_200, START) is None
    assert refusal(limits, USDM, 1, START) == (429, -1003, "60")


def test_what_exchange_info_tells_is_what_is_counted() -> None:
    limits = Limits(lambda: 1.0)
    limits.take(USDM, 5, START, "one")
    rows = {(row["rateLimitType"], row["interval"], row["intervalNum"]): row for row in limits.rows(USDM, START, "one")}
    assert rows["REQUEST_WEIGHT", "MINUTE", 1]["count"] == 5
    assert rows["ORDERS", "SECOND", 10] == {
        "rateLimitType": "ORDERS",
        "interval": "SECOND",
        "intervalNum": 10,
        "limit": 300,
        "count": 1,
    }
    assert [row["rateLimitType"] for row in limits.rows(USDM, START)] == ["REQUEST_WEIGHT"]
