"""What the strategy host answers over RPC: what runs, and what people want of it, each with who asks and why."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from jtrader.app.services.strategies.host import StrategyHost
from jtrader.app.services.strategies.hosted import HostedStrategy
from jtrader.app.services.strategies.keeping import OnStop, Wishes
from jtrader.app.services.strategies.making import Maker
from jtrader.domain.errors import BadInput


class StrategyLine(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: running, stopping, stopped (by a person), failed (by itself); `reason` says why it does not run."""

    name: str
    rule: str
    state: str
    reason: str
    accounts: list[str]
    instruments: list[str]
    on_stop: str
    counters: dict[str, int]


class StrategyMethods:
    """One method an RPC name. What changes a strategy waits until nothing is being decided."""

    def __init__(self, host: StrategyHost, made: Sequence[tuple[Maker, HostedStrategy]]) -> None:
        self._host = host
        self._made = {str(hosted.name): (maker, hosted) for maker, hosted in made}

    def handlers(self) -> dict[str, Callable[..., Awaitable[Any]]]:
        return {
            "strategies": self.strategies,
            "strategy_params": self.strategy_params,
            "start_strategy": self.start_strategy,
            "stop_strategy": self.stop_strategy,
            "set_strategy": self.set_strategy,
        }

    async def strategies(self) -> list[StrategyLine]:
        return [_line(maker, hosted) for maker, hosted in self._made.values()]

    async def strategy_params(self, name: str) -> dict[str, Any]:
        """Those in force; money as text."""
        maker, hosted = self._named(name)
        return maker.shown_params(hosted.rule)

    async def stop_strategy(self, name: str, actor: str, reason: str, on_stop: OnStop | None = None) -> StrategyLine:
        """It stays stopped over restarts until somebody starts it. `on_stop` None = as its settings say."""
        maker, hosted = self._named(name)
        _need(actor, reason)
        how = on_stop or maker.chosen.on_stop

        async def stop() -> None:
            sentence = f"stopped by {actor} ({how}): {reason}"
            maker.keeper.wish(Wishes(params=maker.keeper.wishes().params, stopped=sentence), actor, "stop", reason)
            hosted.stop(sentence, how)

        await self._host.between(stop)
        return _line(maker, hosted)

    async def start_strategy(self, name: str, actor: str, reason: str) -> StrategyLine:
        """Builds it anew with what it remembers, and warms it up. Raises BadInput where it runs or still stops."""
        maker, hosted = self._named(name)
        _need(actor, reason)

        async def start() -> None:
            if hosted.leaving:
                raise BadInput(f"strategy '{name}' is still stopping: {hosted.leaving}")
            if hosted.runs:
                raise BadInput(f"strategy '{name}' runs already")
            changed = maker.keeper.wishes().params
            hosted.renew(maker.rule(changed))
            await self._host.warm_anew(hosted)
            maker.keeper.wish(Wishes(params=changed), actor, "start", reason)

        await self._host.between(start)
        return _line(maker, hosted)

    async def set_strategy(self, name: str, params: dict[str, Any], actor: str, reason: str) -> dict[str, Any]:
        """Changes params, also of one that is stopped; they outlive restarts. Raises BadInput with what is allowed, and
        leaves all as it was then."""
        maker, hosted = self._named(name)
        _need(actor, reason)

        async def change() -> None:
            changed = {**maker.keeper.wishes().params, **params}
            checked = maker.checked(changed)
            stopped = maker.keeper.wishes().stopped
            maker.keeper.wish(Wishes(params=changed, stopped=stopped), actor, f"set {_words(params)}", reason)
            hosted.change(checked)

        await self._host.between(change)
        return maker.shown_params(hosted.rule)

    def _named(self, name: str) -> tuple[Maker, HostedStrategy]:
        if name not in self._made:
            raise BadInput(f"there is no strategy '{name}'; there are {', '.join(sorted(self._made)) or 'none'}")
        return self._made[name]


def _need(actor: str, reason: str) -> None:
    if not (actor.strip() and reason.strip()):
        raise BadInput("who asks, and why, has to be said")


def _words(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in params.items())


def _line(maker: Maker, hosted: HostedStrategy) -> StrategyLine:
    reason = hosted.failure or hosted.stopped
    state = "failed" if hosted.failure else "stopped" if hosted.stopped else "running"
    if hosted.leaving:
        state, reason = "stopping", f"{reason}; left to do: {hosted.leaving}"
    return StrategyLine(
        name=hosted.name,
        rule=maker.chosen.rule,
        state=state,
        reason=reason,
        accounts=sorted(set(hosted.accounts.values())),
        instruments=list(hosted.instruments),
        on_stop=maker.chosen.on_stop,
        counters={**hosted.rule.counters, **hosted.counts},
    )
