"""One strategy under the host: asks the rule, sends what it decides, and stands alone when it fails."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, TypeVar

from jtrader.app.services.strategies.book import DeskBook
from jtrader.app.services.strategies.decided import Cause, Order, orders_of
from jtrader.app.services.strategies.keeping import Keeper, Kept, OnStop
from jtrader.app.services.strategies.leaving import Leaving
from jtrader.app.services.strategies.sending import Oms, Sender
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import AccountId, InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Funding, Mark, MarketEvent, Quote, Trade
from jtrader.domain.times import MINUTE
from jtrader.strategy.api import (
    MARKET_HOOKS,
    Closed,
    Decision,
    Filled,
    Strategy,
    View,
    heard_kinds,
    hears_orders,
)

log = logging.getLogger(__name__)

T = TypeVar("T")


class HostedStrategy:
    """`failure` says why it stopped by itself, `stopped` who stopped it and why; both are empty while it runs."""

    def __init__(
        self,
        name: StrategyId,
        accounts: AccountId | Mapping[InstrumentId, AccountId],
        instruments: Mapping[InstrumentId, Instrument],
        rule: Strategy,
        book: DeskBook,
        oms: Oms,
        on_stop: OnStop = "cancel",
        keeper: Keeper | None = None,
        rule_name: str = "",
    ) -> None:
        """`accounts`: one for all, or that of each instrument. Without a `keeper` nothing outlives the process."""
        self.name = name
        self.accounts = dict.fromkeys(instruments, accounts) if isinstance(accounts, str) else dict(accounts)
        self.instruments = instruments
        self.rule = rule
        self.rule_name = rule_name
        self.on_stop: OnStop = on_stop
        self.keeper = keeper
        self.failure = ""
        self.stopped = ""
        self.clock = 0
        """The newest market time that it has heard of, ns."""
        self.decision_ms: deque[float] = deque(maxlen=1_000)
        """From an event's arrival to its first order's sending, wall milliseconds."""
        self._book = book
        self._sender = Sender(name, oms)
        self._leaving: Leaving | None = None
        self._prices: dict[InstrumentId, float] = {}
        self._twins = (0, 0)
        """(time of the last decision, how many there were at that time before it)."""
        self._sent_at = -1
        """The book's reading after which it sent something."""
        self.take_over()

    @property
    def counts(self) -> Counter[str]:
        return self._sender.counts

    @property
    def runs(self) -> bool:
        return not (self.failure or self.stopped)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of market events that it hears beside candles."""
        return heard_kinds(self.rule)

    @property
    def wants_orders(self) -> bool:
        """What becomes of its orders has to be asked for, also while the market is silent."""
        return self._leaving is not None or (self.runs and hears_orders(self.rule))

    @property
    def leaving(self) -> str:
        """What is still to be done before it has stopped; empty if nothing."""
        return self._leaving.text if self._leaving else ""

    def take_over(self) -> None:
        """Gives the rule what it must remember, and follows its orders from there on."""
        kept: Kept | None = None
        if self.keeper is not None:
            try:
                kept = self.keeper.state(self.rule_name, self.rule.state_version)
            except BadInput as error:
                self.failure = str(error)
                log.error("strategy %s is not started: %s", self.name, error)
        if kept is not None:
            self.clock = kept.clock
            self._guarded(lambda: self.rule.restore(kept.state))
        self._book.follow(self.name, kept.seq if kept else None)

    def view(self, instrument: InstrumentId) -> View:
        return self._book.view(self.accounts[instrument], self.name, self.instruments[instrument])

    def warm(self, candle: Candle) -> None:
        """A minute of the past, or one that can't be decided on now."""
        self._prices[candle.instrument] = candle.close
        if self.runs:
            self._guarded(lambda: self.rule.warm(candle))

    async def on_candle(self, candle: Candle, arrived: float) -> None:
        """Decides on a closed minute; the book is up to date. `arrived`: perf_counter at the candle's arrival."""
        self._prices[candle.instrument] = candle.close
        cause = Cause(candle.instrument, candle.ts + MINUTE, str(candle.ts), arrived)
        await self._decide(cause, lambda: self.rule.on_candle(candle, self.view(candle.instrument)))
        await self.pass_time(candle.ts + MINUTE, arrived)
        self.keep()

    async def on_market(self, event: MarketEvent, arrived: float) -> None:
        """Decides on a quote, trade, mark or funding that the rule hears."""
        price = _price_of(event)
        if price is not None:
            self._prices[event.instrument] = price
        kind = type(event).__name__.lower()
        if kind in self.kinds:
            hook: Callable[[MarketEvent, View], Decision] = getattr(self.rule, MARKET_HOOKS[kind])
            cause = Cause(event.instrument, event.ts, self._tag(event.ts, kind), arrived)
            await self._decide(cause, lambda: hook(event, self.view(event.instrument)))
        await self.pass_time(event.ts, arrived)

    async def on_news(self, arrived: float) -> None:
        """Tells the rule what has become of its orders, and goes on leaving if it is to."""
        for news in self._book.news(self.name):
            instrument = news.instrument if not isinstance(news, Filled | Closed) else news.order.instrument
            if not hears_orders(self.rule) or instrument not in self.instruments:
                continue
            cause = Cause(instrument, self.clock, self._tag(self.clock, "order"), arrived)
            await self._decide(cause, lambda news=news, of=instrument: _heard(self.rule, news, self.view(of)))  # type: ignore[misc]
            self.keep()
        if self._leaving is not None:
            await self._leave(self._leaving)

    async def pass_time(self, ts: int, arrived: float) -> None:
        """Market time has come to `ts`: the timer goes off where a multiple of its period was reached."""
        before, self.clock = self.clock, max(self.clock, ts)
        period = self.rule.timer
        if not period or not before or self.clock // period == before // period:
            return
        due = self.clock // period * period
        instrument = next(iter(self.instruments))
        cause = Cause(instrument, due, self._tag(due, "timer"), arrived)
        await self._decide(cause, lambda: self.rule.on_timer(due))
        self.keep()

    def change(self, params: Any) -> None:
        """New checked parameters."""
        self._guarded(lambda: self.rule.change(params))

    def stop(self, reason: str, on_stop: OnStop) -> None:
        """Decides no more; `on_news` then does what has to be done about its orders and positions."""
        self.keep()
        self.stopped = reason
        self._leaving = Leaving(on_stop) if on_stop != "keep" else None

    def renew(self, rule: Strategy) -> None:
        """Begins anew with a fresh rule, which is not warm yet."""
        self.rule, self.failure, self.stopped, self._leaving = rule, "", "", None
        self._prices.clear()
        self.take_over()

    def keep(self) -> None:
        """Writes down what the rule must remember, up to what it has heard."""
        if self.keeper is None or not self.runs:
            return
        state = self._guarded(self.rule.save)
        if state is not None:
            kept = Kept(
                rule=self.rule_name,
                version=self.rule.state_version,
                seq=self._book.last,
                clock=self.clock,
                state=state,
            )
            self._guarded(lambda keeper=self.keeper: keeper.keep(kept))  # type: ignore[misc]

    async def _decide(self, cause: Cause, ask: Callable[[], Decision]) -> None:
        if not self.runs or not await self._counts_what_was_sent():
            return
        orders = self._guarded(
            lambda: orders_of(ask(), cause, self.name, self.accounts, self.instruments, self.view, self._prices.get)
        )
        if orders:
            self.decision_ms.append((perf_counter() - cause.arrived) * 1e3)
            await self._send(orders)

    async def _send(self, orders: Sequence[Order]) -> None:
        for order in orders:
            await self._sender.send(order)
        self._sent_at = self._book.readings

    async def _counts_what_was_sent(self) -> bool:
        """Whether the book holds what it sent before in the same round; it is read anew for that."""
        if self._sent_at != self._book.readings:
            return True
        try:
            await self._book.catch_up()
        except Unavailable as error:
            self.counts["undecided"] += 1
            log.warning("%s decides nothing: what it has sent is not in the books yet: %s", self.name, error)
            return False
        return True

    async def _leave(self, leaving: Leaving) -> None:
        views = {name: self.view(name) for name in self.instruments}
        orders = leaving.step(self.name, self.accounts, views, self._prices, self._book.parents(self.name), self.clock)
        if orders:
            await self._send(orders)
        if leaving.is_over:
            log.warning("strategy %s has stopped: %s", self.name, leaving.text or "nothing of it is in the market")
            self._leaving = None

    def _guarded(self, work: Callable[[], T]) -> T | None:
        """A rule may raise anything, or decide what can't be traded: it then stops by its own setting, and the others
        go on."""
        try:
            return work()
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            self._leaving = Leaving(self.on_stop) if self.on_stop != "keep" else None
            log.exception("strategy %s has failed and is stopped (%s)", self.name, self.on_stop)
            return None

    def _tag(self, ts: int, kind: str) -> str:
        """Tells decisions of one time apart."""
        last, count = self._twins
        self._twins = (ts, count + 1 if ts == last else 0)
        return f"{ts}-{kind}{self._twins[1] or ''}"


def _heard(rule: Strategy, news: Any, view: View) -> Decision:
    if isinstance(news, Filled):
        return rule.on_fill(news, view)
    return rule.on_closed(news, view) if isinstance(news, Closed) else rule.on_refusal(news, view)


def _price_of(event: MarketEvent) -> float | None:
    match event:
        case Quote():
            return event.mid
        case Trade(price=price):
            return price
        case Mark(mark=mark):
            return mark
        case Funding() | _:
            return None
