"""Listen keys live for an hour of wall time from when they were last kept alive."""

import pytest

from jtrader.exchange.sim.binance.errors import BinanceError
from jtrader.exchange.sim.binance.listen_keys import LIFE_MS, ListenKeys


def test_a_key_lives_an_hour_and_is_named_once_when_it_has_expired() -> None:
    keys = ListenKeys()
    token = keys.open("mine", 0)
    assert keys.open("mine", LIFE_MS - 1) == token
    found = keys.find(token, 2 * LIFE_MS - 2)
    assert found is not None
    assert found.account == "mine"
    assert keys.expired(2 * LIFE_MS - 2) == []
    assert keys.next_expiry_ms() == 2 * LIFE_MS - 1
    assert [gone.token for gone in keys.expired(2 * LIFE_MS - 1)] == [token]
    assert keys.expired(3 * LIFE_MS) == []
    assert keys.find(token, 2 * LIFE_MS) is None
    assert keys.next_expiry_ms() is None


def test_keeping_alive_needs_a_living_key() -> None:
    keys = ListenKeys()
    with pytest.raises(BinanceError, match="does not exist"):
        keys.keep("mine", 0)
    token = keys.open("mine", 0)
    assert keys.keep("mine", LIFE_MS - 1) == token
    with pytest.raises(BinanceError, match="does not exist"):
        keys.keep("mine", 2 * LIFE_MS - 1)
    assert keys.open("mine", 2 * LIFE_MS) != token


def test_a_closed_key_is_expired_and_others_are_not() -> None:
    keys = ListenKeys()
    mine, other = keys.open("mine", 0), keys.open("other", 0)
    keys.close("mine", 5)
    keys.close("nobody", 5)
    assert [gone.token for gone in keys.expired(5)] == [mine]
    assert keys.find(other, 5) is not None
