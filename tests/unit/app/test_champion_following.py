"""What model_signal serves follows the alias: swapped between events, refused or absent with a sentence."""

import asyncio

import pytest

from fixtures.trading import ScriptedPredictor
from jtrader.app.services.strategies.champion import Champion
from jtrader.domain.errors import Broken, Unavailable
from jtrader.ports.learning import Predictor
from jtrader.registry.champion import ChampionWatch


class Registry:
    """The part of ports.ModelStore that serving needs."""

    def __init__(self, *versions: ScriptedPredictor) -> None:
        self.versions = {predictor.ref.version: predictor for predictor in versions}
        self.champion: str | None = None
        self.is_away = False

    def version(self, name: str, alias: str) -> str | None:
        assert (name, alias) == ("direction", "champion")
        if self.is_away:
            raise Unavailable("MLflow does not answer")
        return self.champion

    def load(self, name: str, version: str) -> Predictor:
        if version not in self.versions:
            raise Broken(f"{name} version {version} may not be served")
        return self.versions[version]


@pytest.fixture
def registry() -> Registry:
    return Registry(
        ScriptedPredictor(0.9, version="1"), ScriptedPredictor(0.1, version="2", allowed_brokers=("sim", "paper"))
    )


def served(champion: Champion, broker: str = "sim") -> str | None:
    asyncio.run(champion.poll_once())
    predictor = champion.predictor(broker)
    return predictor.ref.version if predictor else None


def test_the_alias_is_followed(registry: Registry) -> None:
    champion = Champion(ChampionWatch(registry, "direction"))  # type: ignore[arg-type]
    assert served(champion) is None
    assert "no champion" in champion.problem("sim")
    registry.champion = "1"
    assert (served(champion), champion.problem("sim"), champion.swaps) == ("1", "", 1)
    registry.champion = "2"
    assert (served(champion), champion.version, champion.swaps) == ("2", "2", 2)


def test_an_override_serves_sim_and_never_live(registry: Registry) -> None:
    champion = Champion(ChampionWatch(registry, "direction"))  # type: ignore[arg-type]
    registry.champion = "2"
    assert served(champion, "sim") == "2"
    assert served(champion, "live") is None
    assert champion.problem("live") == "direction version 2 is limited to sim, paper: live accounts abstain"


def test_a_version_that_may_not_be_served_leaves_the_old_one(registry: Registry) -> None:
    champion = Champion(ChampionWatch(registry, "direction"))  # type: ignore[arg-type]
    registry.champion = "1"
    served(champion)
    registry.champion = "3"
    assert served(champion) == "1"
    assert champion.problem("sim") == "direction version 3 may not be served"


def test_a_registry_that_is_away_for_good_ends_the_serving_with_a_reason(registry: Registry) -> None:
    champion = Champion(ChampionWatch(registry, "direction"))  # type: ignore[arg-type]
    registry.champion = "1"
    served(champion)
    registry.is_away = True
    assert served(champion) is None
    assert "MLflow does not answer" in champion.problem("sim")


def test_without_a_registry_it_says_so() -> None:
    assert served(Champion(None)) is None
    assert Champion(None).problem("sim") == "no registry is configured"
