"""Three instruments on one account, whatever is wanted, filled, lost and cancelled: what could be held if every working
and UNKNOWN order filled never passes gross, net, margin or a strategy's limits, and nobody is faster than allowed."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fixtures.instruments import instrument
from fixtures.oms_desk import ALPHA, LIMITS, Desk
from jtrader.domain.events import CancelRequested, ChildAccepted
from jtrader.domain.ids import InstrumentId, StrategyId
from jtrader.domain.market import Quote
from jtrader.domain.order import ChildOrder, Side
from jtrader.domain.times import MINUTE
from jtrader.engine.commands import SubmitOrder
from jtrader.engine.engine import Engine
from jtrader.engine.inputs import CancelAllAsked, FillReported, IntentSubmitted, SubmitUncertain
from jtrader.engine.orders import Order
from jtrader.risk.limits import StrategyLimits

D = Decimal
PRICE = D(50_000)
NAMES = tuple(InstrumentId(f"binance_usdm:{base}USDT") for base in ("BTC", "ETH", "SOL"))
ONE, TWO = StrategyId("one"), StrategyId("two")
TIGHT = replace(
    LIMITS,
    max_gross_notional=D(20_000),
    max_net_notional=D(12_000),
    max_orders_per_minute=6,
    max_messages_per_minute=9,
    max_repeats=2,
)
POOR = replace(TIGHT, leverage=D("0.08"))
OWN = StrategyLimits(max_gross_notional=D(9_000), max_orders_per_minute=4)


class ThreeMarkets(Desk):
    def __init__(self, limits: object) -> None:
        super().__init__(limits)  # type: ignore[arg-type]
        account = replace(self.engine.core.accounts[ALPHA], strategies={ONE: OWN})
        self.engine = Engine([instrument(name, min_notional=100) for name in NAMES], [account])
        self.engine.core.emit(self.events[0])
        self.engine.core.take()
        self.quote()

    def quote(self, bid: float = 49_999.9, ask: float = 50_000.0) -> None:
        for name in NAMES:
            self.engine.see(Quote(name, self.market, bid, 1.0, ask, 1.0), self.wall)


def act(desk: ThreeMarkets, data: st.DataObject) -> None:
    what = data.draw(st.sampled_from(["intent", "intent", "intent", "intent", "fill", "lose", "cancel", "wait"]))
    children = [c.order for c in desk.sent if isinstance(c, SubmitOrder)]
    if what == "intent" or not children:
        more = {} if data.draw(st.booleans()) else {"algorithm": "limit", "limit_price": D(49_900)}
        wish = desk.intent(
            data.draw(st.sampled_from(Side)),
            data.draw(st.sampled_from(["0.003", "0.003", "0.01", "0.08", "0.12", "0.2"])),
            instrument=data.draw(st.sampled_from(NAMES)),
            strategy=data.draw(st.sampled_from([ONE, TWO])),
            reduce_only=data.draw(st.integers(0, 3)) == 0,
            **more,
        )
        desk.do(IntentSubmitted(wish))
        return
    child = data.draw(st.sampled_from(children))
    left = desk.order(child).leaves
    match what:
        case "fill" if left:
            lots = data.draw(st.integers(1, int(left / D("0.001"))))
            desk.do(FillReported(desk.execution(child, str(lots * D("0.001")), price=PRICE, fee=D(0))))
        case "lose":
            desk.do(SubmitUncertain(child.client_order_id, "no answer"))
        case "cancel":
            desk.do(CancelAllAsked(ALPHA, "test"))
        case "wait":
            desk.wait(data.draw(st.sampled_from([1, 20, 61])))


def reach(desk: ThreeMarkets, name: InstrumentId, strategy: StrategyId | None = None) -> tuple[Decimal, Decimal]:
    """The highest and lowest position that orders which take risk can make."""
    ledger = desk.engine.ledger
    net = ledger.position(ALPHA, name) if strategy is None else ledger.strategy_position(ALPHA, strategy, name)

    def leaves(side: Side) -> Decimal:
        return sum((order.leaves for order in live if order.child.side is side), D(0))

    live: list[Order] = [
        order
        for order in desk.engine.state.live_orders()
        if order.child.instrument == name and not order.child.reduce_only and strategy in (None, order.child.strategy)
    ]
    return net + leaves(Side.BUY), net - leaves(Side.SELL)


def check(desk: ThreeMarkets) -> None:
    limits = desk.engine.core.accounts[ALPHA].limits
    both = [reach(desk, name) for name in NAMES]
    gross = sum((max(abs(high), abs(low)) for high, low in both), D(0)) * PRICE
    assert gross <= D(20_000)
    assert gross / limits.leverage <= D(100_000)
    assert sum(high for high, _ in both) * PRICE <= D(12_000)
    assert sum(low for _, low in both) * PRICE >= D(-12_000)
    own = [reach(desk, name, ONE) for name in NAMES]
    assert sum((max(abs(high), abs(low)) for high, low in own), D(0)) * PRICE <= D(9_000)


def check_pace(desk: ThreeMarkets) -> None:
    """Each order that takes risk came when there was room for it."""
    sent: list[ChildOrder] = []
    told: list[int] = []
    for event in desk.events[2:]:
        if isinstance(event, CancelRequested):
            told.append(event.ts)
        if not isinstance(event, ChildAccepted):
            continue
        order = event.order
        last_minute = [one for one in sent if one.ts > order.ts - MINUTE]
        if not order.reduce_only:
            alike = (order.strategy, order.instrument, order.side)
            repeats = [o for o in last_minute if not o.reduce_only and (o.strategy, o.instrument, o.side) == alike]
            assert len(repeats) < 2
            assert len(last_minute) < 6
            assert len(last_minute) + sum(ts > order.ts - MINUTE for ts in told) < 9
            assert order.strategy == TWO or sum(one.strategy == ONE for one in last_minute) < 4
        sent.append(order)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_no_limit_is_passed(data: st.DataObject) -> None:
    desk = ThreeMarkets(data.draw(st.sampled_from([TIGHT, POOR])))
    for _ in range(data.draw(st.integers(1, 40))):
        act(desk, data)
        check(desk)
    check_pace(desk)
