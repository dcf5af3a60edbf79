"""Brokers and params from settings: what is refused, and that no secret is shown."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.trading import broker_for, champion_watch, instruments_of, read_keys, strategy_params
from jtrader.domain.errors import BadInput

SECRET = "0123456789abcdef-very-secret"


def key_file(folder: Path, content: str = json.dumps({"key": "k", "secret": SECRET}), mode: int = 0o600) -> Path:
    file = folder / "key.json"
    file.touch(mode=0o600)
    file.write_text(content)
    file.chmod(mode)
    return file


def desk(home: Path, **account: Any) -> Settings:
    given = {"name": "alpha", "market": "binance_usdm", "broker": "sim", "key_file": "key.json"} | account
    strategy = {"name": "m", "rule": "model_signal", "account": "alpha", "instruments": ["binance_usdm:BTCUSDT"]}
    return load_settings(
        home=home,
        simulator_uri="http://127.0.0.1:1",
        accounts=[given],
        strategies=[strategy | {"params": {"notional": 5000}}],
    )


@pytest.mark.parametrize(
    ("broker", "says"),
    [("paper", 'not built yet; set broker = "sim"'), ("live", "real orders need --live")],
)
def test_what_is_not_offered_says_what_to_do(tmp_path: Path, broker: str, says: str) -> None:
    key_file(tmp_path)
    settings = desk(tmp_path, broker=broker)
    with pytest.raises(BadInput, match=says):
        broker_for(settings, settings.account("alpha"))


def test_a_sim_account_gets_its_broker(tmp_path: Path) -> None:
    key_file(tmp_path)
    settings = desk(tmp_path)

    async def build() -> tuple[str, str]:
        broker = broker_for(settings, settings.account("alpha"))
        await broker.close()
        return broker.account, broker.market

    assert asyncio.run(build()) == ("alpha", "binance_usdm")


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
