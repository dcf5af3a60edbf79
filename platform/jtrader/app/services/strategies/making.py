"""Builds a strategy of the settings, with what people have changed of it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from jtrader.app.services.strategies.book import DeskBook
from jtrader.app.services.strategies.champion import Champion
from jtrader.app.services.strategies.hosted import HostedStrategy
from jtrader.app.services.strategies.keeping import Keeper
from jtrader.app.services.strategies.sending import Oms
from jtrader.app.settings import Settings, StrategySettings
from jtrader.app.wiring.trading import instruments_of, strategy_params
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.ports.learning import Predictor
from jtrader.strategy.api import Setup, Strategy
from jtrader.strategy.loader import load_strategy, read_params


class Maker:
    """Of one strategy. `keeper` holds what outlives the process."""

    def __init__(
        self,
        settings: Settings,
        chosen: StrategySettings,
        rules: Mapping[InstrumentId, Instrument],
        champion: Champion,
        book: DeskBook,
    ) -> None:
        """Raises BadInput where an account can't trade what it is to."""
        self.chosen = chosen
        self.keeper = Keeper(settings.root, chosen.name)
        self._settings = settings
        self._book = book
        names = [InstrumentId(name) for name in chosen.instruments]
        accounts = {name: settings.account(chosen.account_of(name)) for name in names}
        for account in {account.name: account for account in accounts.values()}.values():
            instruments_of(settings, account)
        self._champion = champion
        self._brokers = {account.broker for account in accounts.values()}
        self._accounts = {name: AccountId(account.name) for name, account in accounts.items()}
        self._instruments = {name: rules[name] for name in names}
        self._setup = Setup(
            strategy=StrategyId(chosen.name),
            instruments=self._instruments,
            accounts=self._accounts,
            predictor=self._predictor,
            views=lambda name: book.view(self._accounts[name], StrategyId(chosen.name), self._instruments[name]),
        )

    def _predictor(self) -> Predictor | None:
        """The model, if it may drive all of the accounts."""
        found = [self._champion.predictor(broker) for broker in self._brokers]
        return found[0] if None not in found else None

    def params(self, changed: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the settings with `changed` over them."""
        return {**strategy_params(self._settings, self.chosen), **changed}

    def checked(self, changed: Mapping[str, Any]) -> Any:
        """The rule's own type. Raises BadInput with what is allowed."""
        return read_params(self.chosen.rule, self.params(changed), self._settings.strategy_roots)

    def rule(self, changed: Mapping[str, Any]) -> Strategy:
        """Raises BadInput with what is allowed."""
        return load_strategy(self.chosen.rule, self.params(changed), self._setup, self._settings.strategy_roots)

    def hosted(self, oms: Oms) -> HostedStrategy:
        """As people left it. Raises BadInput where the params of the settings, or those set since, can't be."""
        wishes = self.keeper.wishes()
        try:
            rule = self.rule(wishes.params)
        except BadInput as error:
            if not wishes.params:
                raise
            names = ", ".join(sorted(wishes.params))
            file = self._settings.root / "strategies" / self.chosen.name / "wishes.json"
            raise BadInput(f"{error} ({names} set at run time: mend or remove {file})") from error
        made = HostedStrategy(
            self._setup.strategy,
            self._accounts,
            self._instruments,
            rule,
            self._book,
            oms,
            self.chosen.on_stop,
            self.keeper,
            self.chosen.rule,
        )
        made.stopped = wishes.stopped
        return made

    def shown_params(self, rule: Strategy) -> dict[str, Any]:
        """JSON-able; money as text."""
        shown: dict[str, Any] = msgspec.to_builtins(rule.params)
        return shown
