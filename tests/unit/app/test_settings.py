import json
from pathlib import Path

import pytest

from jtrader.app.settings import load_settings
from jtrader.domain.errors import BadInput

ACCOUNT = """
[[accounts]]
name = "alpha"
market = "binance_usdm"
broker = "sim"
key_file = "secrets/alpha.json"
"""

PAPER = """
[[accounts]]
name = "alpha"
market = "binance_usdm"
broker = "paper"
funds = {USDT = 1000}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("JTRADER_HOME", "JTRADER_CONFIG", "JTRADER_MONGO_URI"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("crawl_days = 0", "crawl_days = 0"),
        ('crawl_days = "many"', "crawl_days = 'many'"),
        ("no_such_setting = 1", "no_such_setting"),
        (ACCOUNT.replace("sim", "pretend"), "accounts.0.broker = 'pretend'"),
        (ACCOUNT.replace("alpha", "Alpha!"), "accounts.0.name"),
        ('[limits.alpha]\nmax_order_notional = "lots"', "limits.alpha.max_order_notional"),
        ("crawl_days =", "jtrader.toml is not TOML"),
        ("crawl_dayz = 3", "jtrader.toml: there is no such setting; did you mean crawl_days?"),
        (ACCOUNT + "leverage = 3", "known: broker, funds, key_file, market, name"),
        (ACCOUNT.replace("sim", "paper"), 'broker = "paper" has no keys: take it out'),
        (PAPER.replace("funds", "# funds"), "needs some: write funds = {USDT = 100000}"),
        (PAPER.replace("1000", "0"), "accounts.0.funds.USDT = 0"),
        (PAPER.replace("paper", "sim"), "accounts.0.key_file = … in"),
        (ACCOUNT + "funds = {USDT = 5}", 'with broker = "sim" the venue says what an account holds: take them out'),
        (ACCOUNT + ACCOUNT, "the name alpha stands there twice"),
        ("[limits.beta]\nmax_open_orders = 1", "there is no account 'beta'; known: none"),
        ("[limits.alpha]\nmax_open_orders = -1", "greater than or equal to 0"),
        ('mlflow_uri = "nowhere"', "write http://host:port"),
        ('web_uri = "http://127.0.0.1:99999"', "web_uri = …"),
        ("accounts = 3", "should be a list"),
        (ACCOUNT.replace('broker = "sim"', ""), "jtrader.toml is not set: write it there"),
    ],
)
def test_bad_settings_are_refused_with_key_value_and_reason(home: Path, toml: str, said: str) -> None:
    (home / "jtrader.toml").write_text(toml)
    with pytest.raises(BadInput) as refusal:
        load_settings(home=home)
    assert said in str(refusal.value)


def test_environment_wins_over_the_file_and_the_file_over_the_running_stack(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "run").mkdir()
    stack = {"mongo_uri": "mongodb://stack", "mlflow_uri": "http://stack", "web_uri": "http://stack"}
    (home / "run" / "endpoints.json").write_text(json.dumps(stack))
    (home / "jtrader.toml").write_text('mongo_uri = "mongodb://file"\nmlflow_uri = "http://file"')
    monkeypatch.setenv("JTRADER_MONGO_URI", "mongodb://environment")
    settings = load_settings(home=home)
    assert settings.need("mongo_uri") == "mongodb://environment"
    assert settings.need("mlflow_uri") == "http://file"
    assert settings.need("web_uri") == "http://stack"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("JTRADER_CRAWL_DAYS", "many", r"crawl_days = 'many' \(JTRADER_CRAWL_DAYS in the environment\)"),
        ("JTRADER_CRAWL_DAYZ", "3", "JTRADER_CRAWL_DAYZ in the environment: there is no such setting; did you mean"),
        ("JTRADER_STACK__BASE_PRT", "3", "JTRADER_STACK__BASE_PRT in the environment.*did you mean base_port"),
        ("JTRADER_ACCOUNTS", "[{", "JTRADER_ACCOUNTS in the environment is not JSON"),
    ],
)
def test_bad_variables_are_refused_by_name(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match=said):
        load_settings(home=home)


def test_an_empty_variable_sets_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JTRADER_CRAWL_DAYS", "")
    assert load_settings(home=home).crawl_days == 30


def test_files_of_the_wrong_kind_are_named(home: Path) -> None:
    (home / "jtrader.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(BadInput, match=r"jtrader\.toml is not TOML: 'utf-8'"):
        load_settings(home=home)
    with pytest.raises(BadInput, match=r"jtrader\.toml: is not a folder"):
        load_settings(home=home / "jtrader.toml")
    with pytest.raises(BadInput, match="is not a file"):
        load_settings(home=home, config=home)


@pytest.mark.parametrize(
    ("text", "said"), [("{x", "is not JSON"), ("[1]", "no JSON object"), ('{"foo": 1}', "foo = 1")]
)
def test_what_the_stack_wrote_is_checked_too(home: Path, text: str, said: str) -> None:
    (home / "run").mkdir()
    (home / "run" / "endpoints.json").write_text(text)
    with pytest.raises(BadInput, match=said) as refusal:
        load_settings(home=home)
    assert "endpoints.json" in str(refusal.value)


def test_a_named_config_file_must_exist(home: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.toml: there is no such file"):
        load_settings(home=home, config=home / "nowhere.toml")


def test_a_missing_address_says_how_to_get_one(home: Path) -> None:
    with pytest.raises(BadInput, match="make up"):
        load_settings(home=home).need("postgres_uri")


def test_secrets_never_show_in_a_refusal_or_a_repr(home: Path) -> None:
    settings = load_settings(home=home, mongo_uri="mongodb://u:hunter2@h")
    assert "hunter2" not in repr(settings)
    with pytest.raises(BadInput) as refusal:
        load_settings(home=home, mongo_uri=["hunter2"])
    assert "hunter2" not in str(refusal.value)


def test_an_unknown_account_names_the_known_ones(home: Path) -> None:
    (home / "jtrader.toml").write_text(ACCOUNT)
    settings = load_settings(home=home)
    assert settings.account("alpha").market == "binance_usdm"
    with pytest.raises(BadInput, match="known: alpha"):
        settings.account("beta")
