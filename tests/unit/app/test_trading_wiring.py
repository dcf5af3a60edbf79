"""Brokers and params from settings: what is refused, and that no secret is shown."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from jtrader.app.settings import MARKETS, Settings, load_settings
from jtrader.app.wiring.keys import read_keys
from jtrader.app.wiring.trading import broker_for, champion_watch, instruments_of, strategy_params
from jtrader.app.wiring.venues import VENUES
from jtrader.domain.errors import BadInput

SECRET = "0123456789abcdef-very-secret"


def key_file(folder: Path, content: str = json.dumps({"key": "k", "secret": SECRET}), mode: int = 0o600) -> Path:
    file = folder / "key.json"
    file.touch(mode=0o600)
    file.write_text(content)
    file.chmod(mode)
    return file


def desk(home: Path, instrument: str = "binance_usdm:BTCUSDT", **account: Any) -> Settings:
    given = {"name": "alpha", "market": "binance_usdm", "broker": "sim", "key_file": "key.json"} | account
    strategy = {"name": "m", "rule": "model_signal", "account": "alpha", "instruments": [instrument]}
    return load_settings(
        home=home,
        simulator_uri="http://127.0.0.1:1",
        accounts=[given],
        strategies=[strategy | {"params": {"notional": 5000}}],
    )


def test_live_needs_its_word_on_the_command_too(tmp_path: Path) -> None:
    key_file(tmp_path)
    settings = desk(tmp_path, broker="live")
    with pytest.raises(BadInput, match="real orders need --live"):
        broker_for(settings, settings.account("alpha"))


def test_a_paper_account_is_opened_by_the_oms_alone(tmp_path: Path) -> None:
    settings = desk(tmp_path, broker="paper", key_file=None, funds={"USDT": 100})
    with pytest.raises(BadInput, match=r"paper/alpha\.db: the oms opens a paper account when it starts"):
        broker_for(settings, settings.account("alpha"))


@pytest.mark.parametrize("live", [False, True])
def test_live_on_bitmex_is_refused_since_it_closed(tmp_path: Path, live: bool) -> None:
    key_file(tmp_path)
    settings = desk(tmp_path, market="bitmex", broker="live")
    with pytest.raises(BadInput, match='"live" on market bitmex: BitMEX closed in September 2026; set broker = "sim"'):
        broker_for(settings, settings.account("alpha"), live)


@pytest.mark.parametrize(
    ("market", "symbol"),
    [("binance_usdm", "BTCUSDT"), ("binance_coinm", "BTCUSD_PERP"), ("bitmex", "XBTUSD"), ("huobi_swap", "BTC-USD")],
)
def test_a_sim_account_gets_its_broker(tmp_path: Path, market: str, symbol: str) -> None:
    key_file(tmp_path)
    settings = desk(tmp_path, f"{market}:{symbol}", market=market)

    async def build() -> tuple[str, str]:
        broker = broker_for(settings, settings.account("alpha"))
        await broker.close()
        return broker.account, broker.market

    assert asyncio.run(build()) == ("alpha", market)


def test_settings_and_wiring_know_the_same_markets(tmp_path: Path) -> None:
    assert tuple(VENUES) == MARKETS
    with pytest.raises(BadInput, match=r"there is no market 'kraken_spot'; known: binance_usdm, .*huobi_future"):
        desk(tmp_path, market="kraken_spot")
    with pytest.raises(BadInput, match="the market bitmex is there already"):
        load_settings(home=tmp_path, ccxt=[{"market": "bitmex", "exchange": "okx", "type": "swap"}])


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(BadInput, match="chmod 600"):
        read_keys(key_file(tmp_path, mode=mode))


@pytest.mark.parametrize("content", ["", "[]", "{}", SECRET, json.dumps({"key": "k", "secrets": SECRET})])
def test_a_malformed_key_file_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadInput, match="not JSON of the form") as refusal:
        read_keys(key_file(tmp_path, content))
    assert SECRET not in str(refusal.value)


def test_keys_do_not_show_their_secret(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"can't be read \(No such file"):
        read_keys(tmp_path / "absent.json")
    keys = read_keys(key_file(tmp_path))
    assert keys.secret == SECRET
    assert SECRET not in repr(keys)


def test_a_strategy_on_another_market_than_its_account_is_refused(tmp_path: Path) -> None:
    settings = desk(tmp_path, market="binance_spot")
    with pytest.raises(BadInput, match=r"binance_usdm:BTCUSDT can't be traded there"):
        instruments_of(settings, settings.account("alpha"))


def test_the_band_is_the_one_the_model_was_judged_with_unless_it_is_set(tmp_path: Path) -> None:
    settings = desk(tmp_path)
    (chosen,) = settings.strategies
    assert 0 <= strategy_params(settings, chosen)["band"] < 0.5
    own = chosen.model_copy(update={"params": {"notional": 1, "band": 0.2}})
    assert strategy_params(settings, own) == {"notional": 1, "band": 0.2}
    with pytest.raises(BadInput, match="model 'nobody' is not declared; known: direction"):
        strategy_params(settings.model_copy(update={"champion": "nobody"}), chosen)


def test_without_a_registry_there_is_no_champion_to_follow(tmp_path: Path) -> None:
    assert champion_watch(desk(tmp_path)) is None
