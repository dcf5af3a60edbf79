"""What a strategy is: it hears the market, its own orders and a timer, and answers what it wants to hold or to order.

It can reach no broker, clock or file; so the same rule runs in a backtest, on paper and live. A shipped strategy is
`strategy/<name>/rule.py` with `Params`, a frozen msgspec Struct, and `Rule`, a Strategy; see docs/strategies.md for how
to write one.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, ParentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Funding, Mark, Quote, Trade
from jtrader.domain.money import ZERO
from jtrader.domain.order import ChildOrder, Fill, Intent, OrderStatus, Side
from jtrader.domain.signal import Signal
from jtrader.ports.learning import Predictor


class Working(msgspec.Struct, frozen=True, kw_only=True):
    """An own order that may still fill. `left` in order units; `price` None = at the market."""

    client_order_id: ClientOrderId
    parent_id: ParentId
    side: Side
    price: Decimal | None
    left: Decimal
    reduce_only: bool = False


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy holds of one instrument now, in order units.

    `position` is signed and filled; `buying` and `selling` are what its working orders may still add or take, those in
    flight or of unknown outcome in full. A schedule's part that is not in the market yet is not among them.
    """

    instrument: Instrument
    position: Decimal = ZERO
    buying: Decimal = ZERO
    selling: Decimal = ZERO
    orders: tuple[Working, ...] = ()

    @property
    def heading(self) -> int:
        """1 long, −1 short, 0 flat, once all working orders have filled; less than can be traded counts as flat."""
        expected = self.position + self.buying - self.selling
        if abs(expected) < self.instrument.min_quantity:
            return 0
        return 1 if expected > 0 else -1


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The signed quantity that the strategy wants to hold, and why. `instrument` None = that of the event."""

    quantity: Decimal
    reason: str
    signal: Signal | None = None
    instrument: InstrumentId | None = None


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """Ends a parent order of the strategy with all that it has in the market."""

    parent_id: ParentId
    reason: str


Action = Target | Intent | Cancel
Decision = Action | Sequence[Action] | None
"""None keeps what is held and ordered. Of several, cancels go out first, then the rest in this order."""


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    order: ChildOrder
    fill: Fill


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An intent, or a child of it, that never came to be: by the desk's limits or by the venue."""

    parent_id: ParentId
    instrument: InstrumentId
    code: str
    reason: str


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """An order has ended: filled, canceled, expired."""

    order: ChildOrder
    status: OrderStatus
    reason: str


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy is given at its start. `predictor` answers the model to ask now, or None = abstain; it may answer
    another one after any event. `accounts`: the account of each instrument; `views`: what it holds now of another
    instrument than the event's."""

    strategy: StrategyId
    instruments: Mapping[InstrumentId, Instrument]
    predictor: Callable[[], Predictor | None] = lambda: None
    accounts: Mapping[InstrumentId, AccountId] = {}
    views: Callable[[InstrumentId], View] | None = None

    def view(self, instrument: InstrumentId) -> View:
        return self.views(instrument) if self.views else View(instrument=self.instruments[instrument])

    def intent(
        self, instrument: InstrumentId, signed_quantity: Decimal, ts: int, tag: str, reason: str, **more: Any
    ) -> Intent:
        """An intent of this strategy: buys above zero, sells below. `tag` tells intents of one time and instrument
        apart; `more` are fields of Intent: algorithm, params, limit_price, end …"""
        return Intent(
            parent_id=ParentId(f"{self.strategy}-{instrument}-{ts}-{tag}"),
            strategy=self.strategy,
            account=self.accounts[instrument],
            instrument=instrument,
            side=Side.BUY if signed_quantity > 0 else Side.SELL,
            quantity=abs(signed_quantity),
            ts=ts,
            reason=reason,
            **more,
        )


class Strategy:
    """One running strategy over all its instruments: base of every `Rule`, which says only what it hears.

    Not thread-safe. Whatever a method raises stops this strategy and nothing else. Of what piles up while it works, it
    hears the newest quote and mark of an instrument only; nothing is told while the oms does not answer.
    """

    timer: int = 0
    """`on_timer` is called at multiples of it, in market time, ns; 0 = never."""
    state_version: int = 1
    """Of what `save` gives; state of another version is not restored."""

    def __init__(self, setup: Setup, params: Any) -> None:
        self.setup = setup
        self.params = params
        self.counters: Counter[str] = Counter()
        """What it did and why it abstained, by name; they only grow."""

    @property
    def warmup(self) -> int:
        """Closed minutes of each instrument that it wants to see before the first decision."""
        return 0

    def warm(self, candle: Candle) -> None:
        """A minute of the past, in order; no decision is asked for."""

    def on_candle(self, candle: Candle, view: View) -> Decision:  # noqa: ARG002
        """A minute has closed. Candles of one instrument come in order, each once."""
        self.warm(candle)
        return None

    def on_quote(self, quote: Quote, view: View) -> Decision:  # noqa: ARG002
        return None

    def on_trade(self, trade: Trade, view: View) -> Decision:  # noqa: ARG002
        return None

    def on_mark(self, mark: Mark, view: View) -> Decision:  # noqa: ARG002
        """Mark and index price, and the funding rate predicted for the next instant."""
        return None

    def on_funding(self, funding: Funding, view: View) -> Decision:  # noqa: ARG002
        """Funding as the venue has settled it."""
        return None

    def on_fill(self, filled: Filled, view: View) -> Decision:  # noqa: ARG002
        """`view` holds the fill already, and whatever came after it."""
        return None

    def on_refusal(self, refused: Refused, view: View) -> Decision:  # noqa: ARG002
        return None

    def on_closed(self, closed: Closed, view: View) -> Decision:  # noqa: ARG002
        return None

    def on_timer(self, ts: int) -> Decision:  # noqa: ARG002
        """Market time has reached `ts`, a multiple of `timer`; of several that passed at once the last is told."""
        return None

    def change(self, params: Any) -> None:
        """New parameters, of the rule's own type and checked, between two events."""
        self.params = params

    def save(self) -> dict[str, Any]:
        """What it must remember over a restart and the warm-up can't give back: JSON-able, without windows of candles.
        Asked after minutes, order events and timers."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """What `save` gave, before the warm-up."""


MARKET_HOOKS: Mapping[str, str] = {
    "quote": "on_quote",
    "trade": "on_trade",
    "mark": "on_mark",
    "funding": "on_funding",
}
"""Kind of market event → the method that hears it."""
_ORDER_HOOKS = ("on_fill", "on_refusal", "on_closed")


def heard_kinds(rule: Strategy) -> frozenset[str]:
    """The kinds of market events, beside candles, that the rule hears."""
    return frozenset(kind for kind, hook in MARKET_HOOKS.items() if _overrides(rule, hook))


def hears_orders(rule: Strategy) -> bool:
    return any(_overrides(rule, hook) for hook in _ORDER_HOOKS)


def _overrides(rule: Strategy, hook: str) -> bool:
    return getattr(type(rule), hook) is not getattr(Strategy, hook)
