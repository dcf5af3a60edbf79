"""BitMEX's spellings in the simulator: units, ids, times, signatures, limits, filters."""

import hashlib
import hmac

import pytest

from jtrader.domain.errors import BadInput
from jtrader.domain.times import SECOND, parse_time
from jtrader.exchange.sim.bitmex import words
from jtrader.exchange.sim.bitmex.errors import BitmexError, in_words
from jtrader.exchange.sim.bitmex.limits import Limits
from jtrader.exchange.sim.bitmex.order_words import matches
from jtrader.exchange.sim.bitmex.signing import check_expiry
from jtrader.exchange.sim.bitmex.tables import changed
from jtrader.exchange.sim.bitmex.wallet_history import session_end
from jtrader.venue.refusals import Refused, Why

NOW = 1_768_491_000 * SECOND


@pytest.mark.parametrize(
    ("asset", "atoms", "units"),
    [("BTC", 100_005_180, 100_005_180), ("USDT", 2_650_000, 26_500), ("USDT", -150, -2), ("USDT", 250, 2)],
)
def test_amounts_in_the_wallets_smallest_unit(asset: str, atoms: int, units: int) -> None:
    """XBt = 1e-8, USDt = 1e-6, half to even."""
    assert words.units(atoms, asset) == units


def test_wallets_and_coins() -> None:
    assert [words.wallet_word(asset) for asset in ("BTC", "USDT")] == ["XBt", "USDt"]
    assert [words.asset_of(word) for word in ("XBt", "USDt", "DOGe")] == ["BTC", "USDT", None]
    assert [words.coin_word(asset) for asset in ("BTC", "ETH", "USDT")] == ["XBT", "ETH", "USDT"]
    assert words.atoms_of(26_500, "USDT") == 2_650_000


@pytest.mark.parametrize(("text", "value"), [("100", 100), ("97850.50", 97850.5), ("-0.0001", -0.0001), ("7.0", 7)])
def test_numbers_have_the_same_digits(text: str, value: float) -> None:
    assert words.number(text) == value
    assert type(words.number(text)) is type(value)


def test_ids_are_texts_that_name_one_thing() -> None:
    assert words.order_number(words.order_id(1_000_000_001)) == 1_000_000_001
    for wrong in ("", "1001", "00000000-006d-2000-0000-zzzzzzzzzzzz", "00000000-006d-1000-0000-00003b9aca01"):
        assert words.order_number(wrong) is None
    names = {words.trade_id("XBTUSD", 7), words.trade_id("ETHUSD", 7), words.trade_id("XBTUSD", 8), words.row_id(7)}
    sides = {words.exec_id("XBTUSD", account, 7, is_maker=True) for account in (1, 2)}
    assert words.exec_id("XBTUSD", 1, 7, is_maker=False) not in sides
    changes = {words.change_id(7, kind, ts) for kind in ("New", "Canceled") for ts in (1, 2)}
    assert len(names | sides | changes) == 10


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-15T15:30:00.250Z", "2026-01-15T15:30:00.250Z"),
        ("2026-01-15T15:30:00", "2026-01-15T15:30:00Z"),
        ("2026-01-15", "2026-01-15T00:00:00Z"),
        ("2026-01-15T16:30:00+01:00", "2026-01-15T15:30:00Z"),
    ],
)
def test_times(text: str, moment: str) -> None:
    assert words.moment(text) == parse_time(moment)
    with pytest.raises(BadInput):
        words.moment("tomorrow")


@pytest.mark.parametrize(
    ("expires", "says"),
    [(NOW // SECOND - 1, "has expired"), (NOW // SECOND, ""), (NOW // 10**6, ""), ("soon", "not a number")],
)
def test_signatures_end(expires: int | str, says: str) -> None:
    """Milliseconds, as ccxt signs its stream with, are seconds far ahead."""
    if says:
        with pytest.raises(BitmexError, match=says):
            check_expiry(str(expires), NOW)
    else:
        check_expiry(str(expires), NOW)


def test_the_signature_of_bitmexs_own_example() -> None:
    """https://www.bitmex.com/app/apiKeysUsage: GET /api/v1/instrument, expires 1518064236."""
    secret = b"chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO"
    made = hmac.new(secret, b"GET/api/v1/instrument1518064236", hashlib.sha256).hexdigest()
    assert made == "c7682d435d0cfe87c16098df34ef2eb5a549d4c5a3c2b1f0f77b8af73423bf00"


def test_requests_come_back_evenly_over_a_minute() -> None:
    limits = Limits()
    told = [limits.take("k", 120, acts=False, wall=NOW) for _ in range(120)]
    assert (told[0]["x-ratelimit-remaining"], told[-1]["x-ratelimit-remaining"]) == ("119", "0")
    with pytest.raises(BitmexError) as refused:
        limits.take("k", 120, acts=False, wall=NOW)
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "1")
    assert limits.take("other", 30, acts=False, wall=NOW)["x-ratelimit-limit"] == "30"
    for _ in range(2):
        limits.take("k", 120, acts=False, wall=NOW + SECOND)
    with pytest.raises(BitmexError):
        limits.take("k", 120, acts=False, wall=NOW + SECOND)
    assert limits.take("k", 120, acts=False, wall=NOW + 61 * SECOND)["x-ratelimit-remaining"] == "119"


def test_what_acts_has_a_limit_a_second() -> None:
    limits = Limits()
    left = [limits.take("k", 120, acts=True, wall=NOW)["x-ratelimit-remaining-1s"] for _ in range(10)]
    assert left == [str(count) for count in range(9, -1, -1)]
    with pytest.raises(BitmexError) as refused:
        limits.take("k", 120, acts=True, wall=NOW)
    assert refused.value.headers["x-ratelimit-remaining-1s"] == "0"
    limits.take("k", 120, acts=False, wall=NOW)
    limits.take("k", 120, acts=True, wall=NOW + SECOND)
    for _ in range(11):
        limits.take("granted", 120, acts=True, wall=NOW, pace=2.0)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({}, True),
        ({"open": True}, True),
        ({"open": False}, False),
        ({"symbol": "XBTUSD"}, True),
        ({"symbol": ["ETHUSD", "XBTUSD"], "open": True}, True),
        ({"symbol": "ETHUSD"}, False),
        ({"clOrdID": "b"}, False),
        ({"noSuchField": 1}, False),
    ],
)
def test_filters(wanted: dict[str, object], fits: bool) -> None:
    assert matches({"symbol": "XBTUSD", "clOrdID": "a", "ordStatus": "New"}, wanted) is fits


def test_updates_tell_what_changed_next_to_the_keys() -> None:
    before = {"orderID": "1", "ordStatus": "New", "price": 5, "timestamp": "a"}
    assert changed(before, before | {"timestamp": "b"}, ("orderID",)) is None
    assert changed(before, before | {"ordStatus": "Filled", "timestamp": "b"}, ("orderID",)) == {
        "orderID": "1",
        "ordStatus": "Filled",
        "timestamp": "b",
    }
    assert changed(before, before | {"price": None}, ("orderID",)) == {"orderID": "1", "price": None}


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-01-15T11:59:59.999Z", "2026-01-15T12:00:00Z"),
        ("2026-01-15T12:00:00Z", "2026-01-16T12:00:00Z"),
        ("2026-01-15T00:00:00Z", "2026-01-15T12:00:00Z"),
    ],
)
def test_a_session_ends_at_noon(text: str, end: str) -> None:
    assert session_end(parse_time(text)) == parse_time(end)


@pytest.mark.parametrize("why", list(Why))
def test_every_refusal_has_words_or_keeps_its_own(why: Why) -> None:
    told = in_words(Refused(why, "as the venue says it", "7"))
    assert told.status == 400
    assert "{" not in str(told)
    assert set(told.body["error"]) == {"message", "name"}
