"""Which streams there are, on which market, and in which of USDT-M's categories."""

import pytest

from jtrader.exchange.sim.binance.errors import COINM, SPOT, USDM
from jtrader.exchange.sim.binance.stream_names import is_public, is_stream, split

SYMBOLS = {
    SPOT: frozenset({"BTCUSDT"}),
    USDM: frozenset({"BTCUSDT"}),
    COINM: frozenset({"BTCUSD_PERP", "BTCUSD_261225"}),
}
NAMES: list[tuple[str, set[str], bool]] = [
    # name, markets that have it, is it among USDT-M's public ones
    ("btcusdt@trade", {SPOT, USDM}, True),
    ("btcusdt@aggTrade", {SPOT, USDM}, False),
    ("btcusdt@depth@100ms", {SPOT, USDM}, True),
    ("btcusdt@depth20@500ms", {SPOT, USDM}, True),
    ("btcusdt@bookTicker", {SPOT, USDM}, True),
    ("btcusdt@kline_4h", {SPOT, USDM}, False),
    ("btcusdt@miniTicker", {SPOT, USDM}, False),
    ("btcusdt@markPrice@1s", {USDM}, False),
    ("btcusdt@forceOrder", {USDM}, False),
    ("btcusd_perp@depth", {COINM}, True),
    ("btcusd_261225@markPrice", {COINM}, False),
    ("btcusd@indexPrice", {COINM}, False),
    ("!ticker@arr", {SPOT, USDM, COINM}, False),
    ("!markPrice@arr@1s", {USDM, COINM}, False),
    ("!bookTicker", {USDM, COINM}, True),
    ("!contractInfo", {USDM, COINM}, False),
    ("btcusdt@kline_7m", set(), False),
    ("ethusdt@trade", set(), True),
    ("BTCUSDT@trade", set(), False),
    ("btcusdt", set(), False),
    ("!everything", set(), False),
    ("", set(), False),
]


@pytest.mark.parametrize(("name", "markets", "public"), NAMES)
def test_a_name_is_a_stream_of_its_markets_alone(name: str, markets: set[str], public: bool) -> None:
    assert {market for market, symbols in SYMBOLS.items() if is_stream(name, market, symbols)} == markets
    assert is_public(name) is public


def test_names_fall_apart_into_symbol_and_kind() -> None:
    assert split("btcusd_perp@depth@100ms") == ("BTCUSD_PERP", "depth@100ms")
    assert split("!ticker@arr") == ("", "!ticker@arr")
    assert split("nothing") == ("", "")
