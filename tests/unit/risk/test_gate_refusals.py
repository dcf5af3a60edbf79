"""Every refusal of the gate, each with its code and a sentence, and what lets the same order through."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from fixtures.gate_cases import LONG, OUT, SCOPE_CODES, exposure, limit_order, order
from fixtures.oms_desk import ALPHA, LIMITS, PERP, SPOT, START, rules_of
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ParentId, StrategyId
from jtrader.domain.market import Quote
from jtrader.domain.order import ChildOrder, Side
from jtrader.domain.times import SECOND
from jtrader.risk.exposure import Exposure
from jtrader.risk.gate import judge
from jtrader.risk.kill import Kill, KillLevel, Latch, parse_latch
from jtrader.risk.limits import REQUIRED, Limits, LimitSet
from jtrader.risk.verdict import ApprovedOrder, RefusalCode, Refused

D = Decimal


def kill(level: KillLevel) -> Kill:
    return Kill(level=level, reason="drill", actor="ann")


CASES: list[tuple[str, RefusalCode | None, ChildOrder, Exposure, Limits]] = [
    ("a plain order", None, order(), exposure(), LIMITS),
    ("kill 1 stops new risk", RefusalCode.KILL, order(), exposure(kill=kill(KillLevel.NO_NEW_RISK)), LIMITS),
    ("kill 1 lets exits out", None, order(**OUT), exposure(kill=kill(KillLevel.NO_NEW_RISK), **LONG), LIMITS),
    ("kill 2 stops exits", RefusalCode.KILL, order(**OUT), exposure(kill=kill(KillLevel.NO_ORDERS), **LONG), LIMITS),
    ("kill 3", RefusalCode.KILL, order(**OUT), exposure(kill=kill(KillLevel.CANCEL_ALL), **LONG), LIMITS),
    ("kill 4 stops exits", RefusalCode.KILL, order(**OUT), exposure(kill=kill(KillLevel.FLATTEN), **LONG), LIMITS),
    (
        "kill 4 sends its own slices",
        None,
        order(parent_id=ParentId("kill-1"), **OUT),
        exposure(kill=kill(KillLevel.FLATTEN), **LONG),
        LIMITS,
    ),
    (
        "kill 5 stops them as well",
        RefusalCode.KILL,
        order(parent_id=ParentId("kill-1"), **OUT),
        exposure(kill=kill(KillLevel.REVOKE), **LONG),
        LIMITS,
    ),
    ("narrowed", RefusalCode.NARROWED, order(), exposure(narrowed="a human traded"), LIMITS),
    ("narrowed lets exits out", None, order(**OUT), exposure(narrowed="a human traded", **LONG), LIMITS),
    ("above the parent", RefusalCode.PARENT_EXCEEDED, order(), exposure(parent_left=D("0.099")), LIMITS),
    ("all the parent has", None, order(), exposure(parent_left=D("0.1")), LIMITS),
    ("off the tick", RefusalCode.OFF_TICK, limit_order("50000.05"), exposure(), LIMITS),
    ("no price", RefusalCode.OFF_TICK, limit_order("0"), exposure(), LIMITS),
    ("off the lot", RefusalCode.OFF_LOT, order(quantity=D("0.1005")), exposure(), LIMITS),
    ("nothing", RefusalCode.OFF_LOT, order(quantity=D(0)), exposure(), LIMITS),
    ("negative", RefusalCode.OFF_LOT, order(quantity=D("-0.1")), exposure(), LIMITS),
    (
        "too many units",
        RefusalCode.ABOVE_MAX_QUANTITY,
        order(quantity=D(1_001)),
        exposure(parent_left=D(9_999)),
        LIMITS,
    ),
    ("below the venue's notional", RefusalCode.BELOW_MIN_NOTIONAL, order(quantity=D("0.001")), exposure(), LIMITS),
    (
        "at its limit price",
        RefusalCode.BELOW_MIN_NOTIONAL,
        limit_order("49900", quantity=D("0.002")),
        exposure(),
        LIMITS,
    ),
    ("collar may take it below", RefusalCode.BELOW_MIN_NOTIONAL, order(quantity=D("0.002")), exposure(), LIMITS),
    ("clear of the least notional", None, order(quantity=D("0.003")), exposure(), LIMITS),
    ("an exit has no least notional", None, order(quantity=D("0.001"), **OUT), exposure(**LONG), LIMITS),
    ("reduces nothing", RefusalCode.REDUCE_ONLY, order(**OUT), exposure(), LIMITS),
    ("reduces the wrong way", RefusalCode.REDUCE_ONLY, order(**OUT), exposure(net=D(-1)), LIMITS),
    ("reduces too much", RefusalCode.REDUCE_ONLY, order(**OUT), exposure(net=D("0.099")), LIMITS),
    ("reduces a short", None, order(side=Side.BUY, reduce_only=True), exposure(net=D("-0.1")), LIMITS),
    ("another exit works", RefusalCode.REDUCE_ONLY, order(**OUT), exposure(open_sells=D("0.05"), **LONG), LIMITS),
    (
        "another exit is unknown: the way out stays open",
        None,
        order(**OUT),
        exposure(open_sells=D("0.1"), unknown_exits=D("0.1"), **LONG),
        LIMITS,
    ),
    ("too many orders", RefusalCode.OPEN_ORDERS, order(), exposure(open_orders=50), LIMITS),
    ("one order left", None, order(), exposure(open_orders=49), LIMITS),
    ("exits are not counted", None, order(**OUT), exposure(open_orders=50, orders_last_minute=9_999, **LONG), LIMITS),
    ("too many a minute", RefusalCode.ORDER_RATE, order(), exposure(orders_last_minute=1_000), LIMITS),
    ("no quote", RefusalCode.NO_QUOTE, order(), exposure(quote=None), LIMITS),
    ("old quote", RefusalCode.STALE_QUOTE, order(), exposure(now=START + 30 * SECOND), LIMITS),
    ("quote just fresh", None, order(), exposure(now=START + 29 * SECOND), LIMITS),
    ("silent feed", RefusalCode.STALE_QUOTE, order(), exposure(silent_since=START), LIMITS),
    (
        "crossed",
        RefusalCode.BAD_QUOTE,
        order(),
        exposure(quote=Quote(PERP, START, 50_001.0, 1.0, 50_000.0, 1.0)),
        LIMITS,
    ),
    ("zero bid", RefusalCode.BAD_QUOTE, order(), exposure(quote=Quote(PERP, START, 0.0, 1.0, 50_000.0, 1.0)), LIMITS),
    (
        "not a number",
        RefusalCode.BAD_QUOTE,
        order(),
        exposure(quote=Quote(PERP, START, float("nan"), 1.0, 50_000.0, 1.0)),
        LIMITS,
    ),
    ("too dear", RefusalCode.COLLAR, limit_order("51000.1"), exposure(), LIMITS),
    ("dear, within the collar", None, limit_order("51000"), exposure(), LIMITS),
    ("too cheap", RefusalCode.COLLAR, limit_order("48999", side=Side.SELL), exposure(), LIMITS),
    (
        "a wide market",
        RefusalCode.COLLAR,
        order(),
        exposure(quote=Quote(PERP, START, 48_000.0, 1.0, 52_000.0, 1.0)),
        LIMITS,
    ),
    (
        "an exit through a wide market",
        None,
        order(**OUT),
        exposure(quote=Quote(PERP, START, 48_000.0, 1.0, 52_000.0, 1.0), **LONG),
        LIMITS,
    ),
    ("too much money", RefusalCode.ORDER_NOTIONAL, order(quantity=D(2)), exposure(), LIMITS),
    ("the collar counts", RefusalCode.ORDER_NOTIONAL, order(quantity=D("1.99")), exposure(), LIMITS),
    ("just below", None, order(quantity=D("1.96")), exposure(), LIMITS),
    ("too large a position", RefusalCode.POSITION_NOTIONAL, order(quantity=D(1)), exposure(net=D(3)), LIMITS),
    ("working orders count", RefusalCode.POSITION_NOTIONAL, order(quantity=D(1)), exposure(open_buys=D(3)), LIMITS),
    ("orders on the other side don't", None, order(quantity=D(1)), exposure(open_sells=D(3)), LIMITS),
    (
        "too large a short",
        RefusalCode.POSITION_NOTIONAL,
        order(side=Side.SELL, quantity=D(1)),
        exposure(net=D("-3.5")),
        LIMITS,
    ),
    ("out of an oversized position", None, order(side=Side.SELL, quantity=D(1)), exposure(net=D(9)), LIMITS),
    (
        "through zero into an oversized one",
        RefusalCode.POSITION_NOTIONAL,
        order(side=Side.SELL, quantity=D("1.9")),
        exposure(net=D("0.1"), open_sells=D("2.5")),
        LIMITS,
    ),
]


@pytest.mark.parametrize(("code", "child", "stands", "limits"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_table(code: RefusalCode | None, child: ChildOrder, stands: Exposure, limits: Limits) -> None:
    verdict = judge(child, rules_of(child.instrument), LimitSet(account=limits), stands)
    if code is None:
        assert verdict == ApprovedOrder(child)
    else:
        assert isinstance(verdict, Refused)
        assert (verdict.code, verdict.order) == (code, child)
        assert verdict.reason.startswith(child.instrument)
        assert len(verdict.reason) > 25


@pytest.mark.parametrize("name", REQUIRED)
def test_a_limit_that_is_not_set_refuses(name: str) -> None:
    verdict = judge(order(), rules_of(PERP), LimitSet(account=replace(LIMITS, **{name: None})), exposure())
    assert isinstance(verdict, Refused)
    assert verdict.code is RefusalCode.LIMIT_UNSET
    assert f"limits.alpha.{name}" in verdict.reason


@pytest.mark.parametrize(
    ("net", "open_sells", "quantity", "code"),
    [
        ("1", "0", "1", None),
        ("0.5", "0", "1", RefusalCode.SPOT_SHORT),
        ("1", "0.5", "1", RefusalCode.SPOT_SHORT),
        ("0", "0", "1", RefusalCode.SPOT_SHORT),
    ],
)
def test_spot_sells_only_what_is_held(net: str, open_sells: str, quantity: str, code: RefusalCode | None) -> None:
    child = order(instrument=SPOT, side=Side.SELL, quantity=D(quantity))
    stands = exposure(net=D(net), open_sells=D(open_sells), unknown_exits=D(open_sells))
    verdict = judge(child, rules_of(SPOT), LimitSet(account=LIMITS), stands)
    assert (verdict.code if isinstance(verdict, Refused) else None) == code


def test_a_negative_limit_is_bad_input() -> None:
    with pytest.raises(BadInput, match="max_open_orders"):
        replace(LIMITS, max_open_orders=-1)


def test_the_latch_has_levels_scopes_and_the_strongest_counts() -> None:
    latch = parse_latch(
        b'{"kills": [{"level": 1, "reason": "r", "actor": "ann"},'
        b' {"level": 3, "reason": "s", "actor": "bob", "account": "trend"},'
        b' {"level": 2, "reason": "t", "actor": "eve", "strategy": "ma_cross"}]}'
    )

    def level(account: str, strategy: str) -> int:
        strongest = latch.strongest(AccountId(account), StrategyId(strategy), "binance_usdm")
        return 0 if strongest is None else int(strongest.level)

    assert level("alpha", "model_signal") == 1
    assert level("trend", "model_signal") == 3
    assert level("alpha", "ma_cross") == 2
    assert latch.level is KillLevel.CANCEL_ALL
    assert Latch().strongest(ALPHA, StrategyId("x"), "binance_usdm") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"kills": 1}', b'{"kils": []}', b'{"kills": [{"level": 9}]}'])
def test_a_latch_that_cannot_be_read_stops_all_orders(content: bytes) -> None:
    strongest = parse_latch(content).strongest(ALPHA, StrategyId("x"), "binance_usdm")
    assert strongest is not None
    assert strongest.level is KillLevel.NO_ORDERS
    assert "can't be read" in strongest.reason


def test_below_the_least_quantity() -> None:
    rules = replace(rules_of(PERP), min_quantity=D("0.01"))
    verdict = judge(order(quantity=D("0.009")), rules, LimitSet(account=LIMITS), exposure())
    assert isinstance(verdict, Refused)
    assert verdict.code is RefusalCode.BELOW_MIN_QUANTITY


def test_every_code_of_the_gate_is_in_a_test() -> None:
    names = ("UNKNOWN", "BAD_INTENT", "DUPL", "MODEL", "DUST", "STALE_SIGNAL", "NOT_POSSIBLE")
    by_the_engine = {code for code in RefusalCode if code.name.startswith(names)}
    elsewhere = {RefusalCode.LIMIT_UNSET, RefusalCode.SPOT_SHORT, RefusalCode.BELOW_MIN_QUANTITY}
    assert {case[1] for case in CASES} - {None} == set(RefusalCode) - by_the_engine - elsewhere - SCOPE_CODES
