"""model.toml: what is wrong is refused with the file, the key, the value and what is allowed."""

import re
from pathlib import Path

import pytest

from jtrader.domain.errors import BadInput
from jtrader.learn.declaration import choose, load_declaration, load_declarations

REPOSITORY = Path(__file__).resolve().parents[3]

GOOD = """
name = "small"
about = "For tests."
universe = ["binance_usdm:BTCUSDT"]
features = ["return_1m", "return_5m"]
[label]
horizon_minutes = 15
[algorithm]
name = "lightgbm_classifier"
[algorithm.params]
rounds = 20
[validation]
folds = 3
[serving]
band = 0.05
[gates]
min_rows = 100
min_auc = 0.5
min_net_return = 0
"""


def declare(root: Path, text: str = GOOD, name: str = "small") -> Path:
    file = root / name / "model.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def test_a_good_declaration_is_read(tmp_path: Path) -> None:
    small = load_declaration(declare(tmp_path))
    assert small.universe == ("binance_usdm:BTCUSDT",)
    assert small.algorithm.checked_params().model_dump()["rounds"] == 20
    assert (small.validation.folds, small.validation.embargo_minutes, small.costs.fee_bp) == (3, 60, 5.0)


def test_the_shipped_models_are_good() -> None:
    shipped = load_declarations([REPOSITORY / "models"])
    assert {"direction", "direction_baseline"} <= set(shipped)
    for name in shipped:
        assert (REPOSITORY / "models" / name / "CARD.md").is_file()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("horizon_minutes = 15", "horizon_minutes = 0", "label.horizon_minutes = 0: .*greater than or equal to 1"),
        ("horizon_minutes = 15", 'horizon_minutes = "x"', "label.horizon_minutes = 'x': .*valid integer"),
        ("horizon_minutes = 15", "", "label.horizon_minutes is missing"),
        ('"return_1m"', '"returm_1m"', r"features.0 = 'returm_1m': .*did you mean 'return_1m'\?.*known: body_1m"),
        ('"return_1m", "return_5m"', "", r"features = \(\): .*at least 1"),
        ('"return_1m"', '"return_5m"', "features = .*return_5m stands there twice"),
        ("binance_usdm:BTCUSDT", "BTCUSDT", "universe.0 = 'BTCUSDT': .*market:SYMBOL"),
        ("lightgbm_classifier", "lightgbm", "algorithm.name = 'lightgbm': .*known: lightgbm_classifier, logistic_"),
        ("rounds = 20", "rounds = 0", "algorithm.params.rounds = 0: .*greater than or equal to 1"),
        (
            "rounds = 20",
            "roundz = 20",
            "algorithm.params.roundz = 20: no such key; allowed here: rounds, le",
        ),
        ("folds = 3", "folds = 1", "validation.folds = 1: .*greater than or equal to 2"),
        ("folds = 3", "fold = 3", "validation.fold = 3: no such key; allowed here: folds, embargo_minutes"),
        ("band = 0.05", "band = 0.5", "serving.band = 0.5: .*less than 0.5"),
        ("band = 0.05", "band = nan", "serving.band = nan"),
        ("min_auc = 0.5", "", "gates.min_auc is missing"),
        ("min_auc = 0.5", "min_auc = 2", "gates.min_auc = 2: .*less than or equal to 1"),
        ("[gates]", "[gate]", "gates is missing; gate = .*: no such key; allowed here: name, about"),
        ("about =", "abuot =", "about is missing; abuot = 'For tests.': no such key"),
        ('name = "small"', 'name = "Small one"', "name = 'Small one': .*pattern"),
        ('name = "small"', 'name = "other"', "name = 'other': allowed is the folder's name, 'small'"),
        ("[label]", "[label", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    file = declare(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(BadInput) as refusal:
        load_declarations([tmp_path])
    assert str(file) in str(refusal.value)
    assert re.search(told, str(refusal.value)), str(refusal.value)


def test_each_fault_is_told_at_once(tmp_path: Path) -> None:
    declare(tmp_path, GOOD.replace("folds = 3", "folds = 1").replace("band = 0.05", "band = 0.7"))
    with pytest.raises(BadInput, match=r"validation.folds = 1: .*; serving.band = 0.7"):
        load_declarations([tmp_path])


def test_a_desk_is_one_more_root(tmp_path: Path) -> None:
    declare(tmp_path / "one")
    declare(tmp_path / "two", GOOD.replace('"small"', '"second"'), "second")
    assert set(load_declarations([tmp_path / "one", tmp_path / "two"])) == {"small", "second"}
    declare(tmp_path / "three")
    with pytest.raises(BadInput, match=r"three/small/model.toml: model 'small' is declared in .*one/small"):
        load_declarations([tmp_path / "one", tmp_path / "three"])
    with pytest.raises(BadInput, match="nowhere is not a folder"):
        load_declarations([tmp_path / "nowhere"])


def test_a_rival_must_be_declared_and_is_trained_first(tmp_path: Path) -> None:
    declare(tmp_path, GOOD + 'beats = "plain"\n')
    with pytest.raises(BadInput, match=r"gates.beats = 'plain': allowed is another declared model: none"):
        load_declarations([tmp_path])
    declare(tmp_path, GOOD.replace('"small"', '"plain"'), "plain")
    known = load_declarations([tmp_path])
    assert [one.name for one in choose(known, ["small"])] == ["plain", "small"]
    assert [one.name for one in choose(known, [])] == ["plain", "small"]
    with pytest.raises(BadInput, match="'nope' is not declared; declared are: plain, small"):
        choose(known, ["nope"])


def test_rivals_in_a_circle_are_refused(tmp_path: Path) -> None:
    declare(tmp_path, GOOD + 'beats = "other"\n')
    declare(tmp_path, GOOD.replace('"small"', '"other"') + 'beats = "small"\n', "other")
    with pytest.raises(BadInput, match="in a circle"):
        load_declarations([tmp_path])
