"""What the trader serves: the alias is asked again and again, a change is taken only if it may be served."""

from jtrader.domain.errors import JtraderError, Unavailable
from jtrader.ports.learning import ModelStore, Predictor
from jtrader.registry.versions import CHAMPION


class ChampionWatch:
    """Call `poll` every few seconds, away from the hot path; swap predictors between events.

    `predictor` is what to serve now (None = abstain), `problem` says in a sentence why it is not what the alias asks
    for, or is empty.
    """

    def __init__(self, store: ModelStore, name: str, alias: str = CHAMPION) -> None:
        self._store = store
        self._name = name
        self._alias = alias
        self.predictor: Predictor | None = None
        self.problem = f"the {alias} of {name} was not asked for yet"

    def poll(self) -> bool:
        """True when `predictor` changed.

        A version that may not be served or is not what was registered leaves the old one in place and is judged again
        at the next poll (its override may come). No alias, or a registry that was away longer than its cache may be
        used: nothing is served.
        """
        before = self.predictor
        try:
            version = self._store.version(self._name, self._alias)
            if version is None:
                self.predictor = None
                self.problem = f"{self._name} has no {self._alias}: promote one with 'jtrader promote {self._name}'"
            elif before is None or before.ref.version != version:
                self.predictor, self.problem = self._store.load(self._name, version), ""
            else:
                self.problem = ""
        except Unavailable as error:
            self.predictor, self.problem = None, f"nothing is served: {error}"
        except JtraderError as error:
            self.problem = str(error)
        return self.predictor is not before
