"""What counts over more than one order: exposure, funds, pace, repeats, own orders; by account, strategy, market."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.gate_cases import LONG, OUT, SCOPE_CODES, exposure, limit_order, order
from fixtures.oms_desk import LIMITS, PERP, SPOT, rules_of
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import StrategyId
from jtrader.domain.instrument import Product
from jtrader.domain.order import ChildOrder, Side, TimeInForce
from jtrader.domain.times import HOUR
from jtrader.risk.exposure import Exposure, Standing
from jtrader.risk.gate import judge
from jtrader.risk.limits import Limits, LimitSet, ScopeLimits, StrategyLimits
from jtrader.risk.verdict import ApprovedOrder, RefusalCode, Refused

D = Decimal
Code = RefusalCode
RICH = replace(LIMITS, max_position_notional=D(1_000_000))
BUY, SELL = Side.BUY, Side.SELL


def limits(**changes: Any) -> LimitSet:
    return LimitSet(account=replace(LIMITS, **changes))


def of_strategy(**changes: Any) -> LimitSet:
    return LimitSet(account=RICH, strategies={StrategyId("momentum"): StrategyLimits(**changes)})


def of_venue(**changes: Any) -> LimitSet:
    return LimitSet(account=RICH, venue=ScopeLimits(**changes))


ONE = D(1)
SET = LimitSet(account=LIMITS)
SCOPED: list[tuple[str, RefusalCode | None, ChildOrder, Exposure, LimitSet]] = [
    ("denied", Code.SYMBOL, order(), exposure(), limits(deny=(PERP,))),
    ("an exit of what is denied", None, order(**OUT), exposure(**LONG), limits(deny=(PERP,))),
    ("not among the allowed", Code.SYMBOL, order(), exposure(), limits(allow=(SPOT,))),
    ("allowed", None, order(), exposure(), limits(allow=(PERP, SPOT))),
    ("too many units", Code.ORDER_QUANTITY, order(), exposure(), limits(max_order_quantity={PERP: D("0.099")})),
    ("as many as may be", None, order(), exposure(), limits(max_order_quantity={PERP: D("0.1")})),
    ("of another instrument", None, order(), exposure(), limits(max_order_quantity={SPOT: D("0.099")})),
    ("gross", Code.GROSS_EXPOSURE, order(quantity=ONE), exposure(gross_elsewhere=D(149_000)), SET),
    ("gross fits", None, order(quantity=ONE), exposure(gross_elsewhere=D(148_000)), SET),
    (
        "gross of both sides",
        Code.GROSS_EXPOSURE,
        order(quantity=ONE),
        exposure(gross_elsewhere=D(100_000), net=D(-1), open_sells=D(1), open_buys=D("2.5")),
        SET,
    ),
    (
        "less of an oversized one",
        None,
        order(side=SELL, quantity=ONE),
        exposure(gross_elsewhere=D(500_000), net=D(3)),
        SET,
    ),
    ("unset gross is the position's", Code.GROSS_EXPOSURE, order(quantity=ONE), exposure(gross_elsewhere=D(1)),
     limits(max_position_notional=D(51_001), max_gross_notional=None)),
    ("net", Code.NET_EXPOSURE, order(quantity=ONE), exposure(up_elsewhere=D(149_000)), SET),
    ("net the other way", None, order(quantity=ONE), exposure(up_elsewhere=D(-149_000)), SET),
    ("net short", Code.NET_EXPOSURE, order(side=SELL, quantity=ONE), exposure(down_elsewhere=D(-149_001)),
     SET),
    ("unpriced", Code.NO_MARK, order(), exposure(unpriced="x"), SET),
    ("an exit beside the unpriced", None, order(**OUT), exposure(unpriced="x", **LONG), SET),
    ("funds unknown", Code.NO_MARK, order(), exposure(funds=None), SET),
    ("margin", Code.FREE_MARGIN, order(quantity=ONE), exposure(funds=D(10_200)), SET),
    ("margin fits", None, order(quantity=ONE), exposure(funds=D(10_300)), SET),
    ("in full by default", Code.FREE_MARGIN, order(quantity=ONE), exposure(funds=D(51_000)), limits(leverage=ONE)),
    ("margin of the others", Code.FREE_MARGIN, order(quantity=ONE), exposure(funds=D(10_300), gross_elsewhere=D(1_000)),
     SET),
    ("margin of working orders", Code.FREE_MARGIN, order(quantity=ONE), exposure(funds=D(20_400), open_buys=ONE),
     SET),
    ("no margin for less", None, order(side=SELL, quantity=ONE), exposure(funds=D(0), net=D(2)), SET),
    ("messages", Code.MESSAGE_BUDGET, order(), exposure(messages_last_minute=2_000), SET),
    ("twice the orders by default", Code.MESSAGE_BUDGET, order(), exposure(messages_last_minute=20),
     limits(max_messages_per_minute=None, max_orders_per_minute=10)),
    ("an exit has no budget", None, order(**OUT), exposure(messages_last_minute=9_999, **LONG), SET),
    ("cancels", Code.CANCEL_RATIO, order(), exposure(cancels_last_hour=91, orders_last_hour=100), SET),
    ("not too many cancels", None, order(), exposure(cancels_last_hour=90, orders_last_hour=100), SET),
    ("few cancels say nothing", None, order(), exposure(cancels_last_hour=49), SET),
    ("an exit after cancels", None, order(**OUT), exposure(cancels_last_hour=99, **LONG), SET),
    ("repeats", Code.REPEATED, order(), exposure(repeats=500), SET),
    ("half the rate by default", Code.REPEATED, order(), exposure(repeats=5),
     limits(max_repeats=None, max_orders_per_minute=10)),
    ("one below", None, order(), exposure(repeats=4), limits(max_repeats=None, max_orders_per_minute=10)),
    ("an exit repeats", None, order(**OUT), exposure(repeats=9_999, **LONG), SET),
    ("latched", Code.DAILY_LOSS, order(), exposure(latched=("daily_loss", "lost too much today")), SET),
    ("drawn down", Code.DRAWDOWN, order(), exposure(latched=("drawdown", "far below its best")), SET),
    ("latched lets exits out", None, order(**OUT), exposure(latched=("daily_loss", "…"), **LONG), SET),
    ("meets own order", Code.SELF_TRADE, limit_order("50010"), exposure(own_opposite=D(50_010)), SET),
    ("rests below own order", None, limit_order("50009.9"), exposure(own_opposite=D(50_010)), SET),
    ("own at the touch", Code.SELF_TRADE, order(), exposure(own_opposite=D("50000.1")), SET),
    ("own behind the touch", None, order(), exposure(own_opposite=D("50000.2")), SET),
    ("sells to itself", Code.SELF_TRADE, limit_order("49990", side=SELL), exposure(own_opposite=D(49_990)),
     SET),
    ("post-only never takes", None, limit_order("50010", time_in_force=TimeInForce.POST_ONLY),
     exposure(own_opposite=D(50_010)), SET),
    ("an exit may", None, order(**OUT), exposure(own_opposite=D(50_000), **LONG), SET),
    ("order of the strategy", Code.ORDER_NOTIONAL, order(), exposure(), of_strategy(max_order_notional=D(5_000))),
    ("another strategy's limit", None, order(strategy=StrategyId("other")), exposure(),
     of_strategy(max_order_notional=D(5_000))),
    ("position of the strategy", Code.POSITION_NOTIONAL, order(), exposure(strategy=Standing(net=D("0.3"))),
     of_strategy(max_position_notional=D(20_000))),
    ("gross of the strategy", Code.GROSS_EXPOSURE, order(), exposure(strategy=Standing(gross_elsewhere=D(15_000))),
     of_strategy(max_gross_notional=D(20_000))),
    ("open orders of the strategy", Code.OPEN_ORDERS, order(), exposure(strategy=Standing(open_orders=3)),
     of_strategy(max_open_orders=3)),
    ("rate of the strategy", Code.ORDER_RATE, order(), exposure(strategy=Standing(orders_last_minute=3)),
     of_strategy(max_orders_per_minute=3)),
    ("gross of the market", Code.GROSS_EXPOSURE, order(), exposure(venue=Standing(gross_elsewhere=D(15_000))),
     of_venue(max_gross_notional=D(20_000))),
    ("messages of the market", Code.MESSAGE_BUDGET, order(), exposure(venue=Standing(messages_last_minute=7)),
     of_venue(max_messages_per_minute=7)),
]  # fmt: skip


@pytest.mark.parametrize(("code", "child", "stands", "bound"), [c[1:] for c in SCOPED], ids=[c[0] for c in SCOPED])
def test_the_table(code: RefusalCode | None, child: ChildOrder, stands: Exposure, bound: LimitSet) -> None:
    verdict = judge(child, rules_of(child.instrument), bound, stands)
    if code is None:
        assert verdict == ApprovedOrder(child)
    else:
        assert isinstance(verdict, Refused)
        assert (verdict.code, verdict.order) == (code, child), verdict.reason
        assert verdict.reason.startswith(child.instrument)
        assert len(verdict.reason) > 25


@pytest.mark.parametrize(
    ("side", "funds", "taken", "code"),
    [
        (BUY, 5_200, 0, None),
        (BUY, 5_000, 0, Code.FREE_BALANCE),
        (BUY, 10_000, 5_000, Code.FREE_BALANCE),
        (BUY, 10_000, 4_500, None),
        (SELL, 0, 0, None),
    ],
)
def test_a_spot_buy_needs_what_working_buys_leave(side: Side, funds: int, taken: int, code: RefusalCode | None) -> None:
    stands = exposure(net=D(1), funds=D(funds), funds_taken=D(taken))
    verdict = judge(order(instrument=SPOT, side=side), rules_of(SPOT), LimitSet(account=LIMITS), stands)
    assert (verdict.code if isinstance(verdict, Refused) else None) == code


@pytest.mark.parametrize("change", [{"leverage": D(0)}, {"repeat_window": 2 * HOUR}, {"max_cancel_ratio": D(-1)}])
def test_limits_that_mean_nothing_are_bad_input(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=next(iter(change))):
        Limits(**change)


def test_defaults_are_strict_and_come_of_what_is_set() -> None:
    few = Limits(max_position_notional=D(1_000), max_orders_per_minute=10)
    scope = few.as_scope()
    assert (scope.max_gross_notional, scope.max_net_notional, scope.max_messages_per_minute) == (D(1_000), D(1_000), 20)
    assert (few.repeats, few.daily_loss, few.drawdown, few.leverage) == (5, D(50), D(100), D(1))
    assert Limits(max_orders_per_minute=1).repeats == 1
    strategy = StrategyLimits(capital=D(1_000), max_drawdown=D(77))
    assert (strategy.daily_loss, strategy.drawdown) == (D(50), D(77))
    assert (StrategyLimits().daily_loss, StrategyLimits().drawdown) == (None, None)


def test_every_such_code_is_in_the_table() -> None:
    assert {case[1] for case in SCOPED} >= SCOPE_CODES - {Code.FREE_BALANCE}


def test_small_amounts_of_a_dear_coin_are_told_as_they_are() -> None:
    rules = replace(rules_of(PERP), product=Product.INVERSE, base="BTC", settle="BTC", min_notional=D(0))
    tight = limits(max_order_notional=D("0.000001"))
    verdict = judge(order(), rules, tight, exposure())
    assert isinstance(verdict, Refused)
    assert verdict.code is Code.ORDER_NOTIONAL
    assert "notional 0.000002" in verdict.reason
    assert "0.00 " not in verdict.reason
