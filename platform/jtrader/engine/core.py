"""What the engine's handlers share: state, ledger, market, open questions, and the way out for events and commands."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from jtrader.domain.errors import Broken
from jtrader.domain.events import Event, OrderFilled, Sequenced
from jtrader.domain.ids import AccountId, InstrumentId, Market, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.engine.commands import Command
from jtrader.engine.market import MarketView
from jtrader.engine.state import State
from jtrader.engine.watch import Watch
from jtrader.execution.algorithm import Algorithm
from jtrader.ledger.book import Ledger
from jtrader.risk.limits import NO_LIMITS, Limits, LimitSet, ScopeLimits, StrategyLimits

PAPER = "paper"
"""The permission of an account whose fills the market knows nothing of."""


class TradingAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account the engine may trade. A model must hold `permission` among its allowed brokers to trade here."""

    id: AccountId
    market: Market
    limits: Limits
    permission: str
    strategies: dict[StrategyId, StrategyLimits] = {}
    """Of those that have limits of their own."""
    venue_limits: ScopeLimits = ScopeLimits()
    """Of all accounts on the market together."""

    @property
    def limit_set(self) -> LimitSet:
        return LimitSet(account=self.limits, strategies=self.strategies, venue=self.venue_limits)

    @property
    def is_venue_limited(self) -> bool:
        return self.venue_limits != NO_LIMITS


class Core:
    """`emit` applies an event at once and keeps it for the journal; nothing else changes state or ledger."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        accounts: Iterable[TradingAccount],
        algorithms: Mapping[str, Algorithm],
    ) -> None:
        self.instruments: dict[InstrumentId, Instrument] = {instrument.id: instrument for instrument in instruments}
        self.accounts: dict[AccountId, TradingAccount] = {account.id: account for account in accounts}
        self.algorithms = algorithms
        self.state = State()
        self.ledger = Ledger(self.instruments.values())
        self.market = MarketView()
        self.watch = Watch()
        self._events: list[Event] = []
        self._commands: list[Command] = []

    def emit(self, event: Event) -> None:
        self.state.apply(event)
        self.ledger.apply(event)
        self._events.append(event)
        account = self.accounts.get(event.fill.account) if isinstance(event, OrderFilled) else None
        if isinstance(event, OrderFilled) and account is not None and account.permission != PAPER:
            self.market.traded(event.fill.instrument, event.fill.quantity)

    def command(self, command: Command) -> None:
        self._commands.append(command)

    def replay(self, entry: Sequenced) -> None:
        """Raises Broken where the journal has a hole."""
        if entry.seq != self.state.seq + 1:
            raise Broken(f"journal record {entry.seq} follows record {self.state.seq}")
        self.state.apply(entry.event)
        self.ledger.apply(entry.event)

    def mark(self, name: InstrumentId) -> Decimal | None:
        """The newest mark, else the one journaled last."""
        return self.market.mark(self.instruments[name]) or self.state.marks.get(name)

    @property
    def emitted(self) -> Sequence[Event]:
        """What was emitted since the last `take`."""
        return self._events

    def take(self) -> tuple[list[Event], list[Command]]:
        """What was emitted and commanded since the last call."""
        taken = self._events, self._commands
        self._events, self._commands = [], []
        return taken
