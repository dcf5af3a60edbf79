"""What the owner of the simulated market does by hand, as clients of the venue then see it."""

from collections.abc import Iterator

import httpx
import pytest

from fixtures.simulator import Simulator, StartSimulator

PERP, SPOT = "binance_usdm:BTCUSDT", "binance_spot:BTCUSDT"
USDM = "fapi.binance.com"


@pytest.fixture(scope="module")
def market(start_simulator: StartSimulator) -> Iterator[Simulator]:
    simulator = start_simulator(days=1, instruments=(PERP, SPOT))
    simulator.add_account("hand", "secret")
    simulator.run_for(10)
    yield simulator
    simulator.stop()


def trades(market: Simulator) -> int:
    return int(market.stats()["trades"])


def test_a_humans_order_fills_and_a_resting_one_stands_in_the_book(market: Simulator) -> None:
    filled = market.order_by_hand("hand", PERP, "buy", "0.2")
    assert (filled["status"], filled["client_id"][:4]) == ("filled", "web_")
    rests = market.order_by_hand("hand", PERP, "buy", "1.234", price="100000")
    assert rests["status"] == "new"
    bids = market.get(USDM, "/fapi/v1/depth", symbol="BTCUSDT", limit=1000)["bids"]
    assert [lots for price, lots in bids if float(price) == 100_000] == ["1.234"]
    assert rests["client_id"] != filled["client_id"]


def test_money_comes_in_and_goes_out(market: Simulator) -> None:
    entries = [
        market.deposit("hand", "binance_spot", "USDT", "12.5"),
        market.withdraw("hand", "binance_spot", "USDT", "10", fee="1"),
        market.transfer("hand", "binance_spot", "USDT", "-1.5"),
    ]
    assert len(set(entries)) == 3
    too_much = {"key": "hand", "market": "binance_spot", "asset": "USDT", "amount": "1e9"}
    answer = httpx.post(market.uri + "/sim/withdrawals", json=too_much, timeout=10)
    assert (answer.status_code, "too little USDT" in answer.text) == (400, True)


def test_a_halted_instrument_stands_still_until_it_resumes(market: Simulator) -> None:
    assert market.change(PERP, "halted")["status"] == "halted"
    refused = httpx.post(
        market.uri + "/sim/orders",
        json={"key": "hand", "market": "binance_usdm", "symbol": "BTCUSDT", "side": "buy", "quantity": "0.1"},
        timeout=10,
    )
    assert (refused.status_code, "halted" in refused.text) == (400, True)
    before = market.get(USDM, "/fapi/v1/trades", symbol="BTCUSDT", limit=1)
    market.run_for(30)
    assert market.get(USDM, "/fapi/v1/trades", symbol="BTCUSDT", limit=1) == before
    market.change(PERP, "trading")
    market.run_for(30)
    assert market.get(USDM, "/fapi/v1/trades", symbol="BTCUSDT", limit=1) != before


def test_rules_change_within_what_the_books_count_in(market: Simulator) -> None:
    changed = market.change(SPOT, price_tick="0.05", min_notional="25", taker_fee="0.0005")
    assert changed["rules"]["price_tick"] == "0.05"
    order = {"key": "hand", "market": "binance_spot", "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001"}
    for price, said in (("100000.01", "off the tick"), ("20000", "below 25")):
        answer = httpx.post(market.uri + "/sim/orders", json=order | {"price": price}, timeout=10)
        assert (answer.status_code, said in answer.text) == (400, True), answer.text
    assert market.order_by_hand("hand", SPOT, "buy", "0.001", price="100000.05")["status"] == "new"
    assert market.change(SPOT, price_tick="0.01")["rules"]["price_tick"] == "0.01"


WRONG = [
    ("/sim/instruments", {"instrument": "binance_usdm:NOPE", "status": "halted"}, "known are"),
    ("/sim/instruments", {"instrument": PERP, "status": "sleeping"}, "status"),
    ("/sim/instruments", {"instrument": PERP, "rules": {"base": "ETH"}}, "allowed are price_tick"),
    ("/sim/instruments", {"instrument": PERP, "rules": {"price_tick": "0.03"}}, "whole ticks"),
    ("/sim/instruments", {"instrument": PERP, "rules": {"price_tick": "x"}}, "not a number"),
    ("/sim/instruments", {"instrument": PERP, "rules": {"quantity_step": "0"}}, "above zero"),
    (
        "/sim/orders",
        {"key": "hand", "market": "binance_usdm", "symbol": "BTCUSDT", "side": "up", "quantity": "1"},
        "up",
    ),
    ("/sim/orders", {"key": "none", "market": "bitmex", "symbol": "X", "side": "buy", "quantity": "1"}, "no wallet"),
    ("/sim/orders", {"key": "hand", "market": "binance_usdm", "symbol": "X", "side": "buy", "quantity": "1"}, "X"),
    ("/sim/deposits", {"key": "hand", "market": "binance_usdm", "asset": "USDT", "amount": "-1"}, "above zero"),
    ("/sim/deposits", {"key": "hand", "market": "binance_usdm", "asset": "USDT", "amount": "a lot"}, "a lot"),
]


@pytest.mark.parametrize(("path", "body", "said"), WRONG)
def test_what_can_not_be_done_is_told_in_a_sentence(
    market: Simulator, path: str, body: dict[str, object], said: str
) -> None:
    before = market.stats()
    answer = httpx.post(market.uri + path, json=body, timeout=10)
    assert (answer.status_code, said in answer.json()["error"]) == (400, True), answer.text
    after = market.stats()
    assert (after["orders"], after["trades"]) == (before["orders"], before["trades"])


def test_a_delisted_instrument_trades_no_more(market: Simulator) -> None:
    market.change(SPOT, "delisted")
    market.run_for(5)
    assert httpx.get(market.uri + "/sim/instruments", timeout=10).json()["instruments"][SPOT] == "delisted"
    order = {"key": "hand", "market": "binance_spot", "symbol": "BTCUSDT", "side": "buy", "quantity": "0.001"}
    assert httpx.post(market.uri + "/sim/orders", json=order, timeout=10).status_code == 400
