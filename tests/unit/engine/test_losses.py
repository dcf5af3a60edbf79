"""Daily loss and drawdown: from which equity, what does not count, who stops, how long, who releases."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.oms_desk import ALPHA, LIMITS, PERP, SPOT, START, TREND, Desk
from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.events import EquityMarked, KillChanged, RiskLatched
from jtrader.domain.ids import AccountId, InstrumentId, StrategyId
from jtrader.domain.order import Side
from jtrader.domain.times import DAY, SECOND
from jtrader.engine.inputs import AdjustAsked, EntryReported, IntentSubmitted, Ticked
from jtrader.risk.limits import StrategyLimits

D = Decimal
MOMENTUM = StrategyId("momentum")


def desk_with(**changes: Any) -> Desk:
    desk = Desk(replace(LIMITS, **changes))
    desk.do(Ticked())
    return desk


def hold(desk: Desk, quantity: str = "1", account: AccountId = ALPHA, name: InstrumentId = PERP) -> None:
    desk.fill(desk.submit(quantity=quantity, account=account, instrument=name), quantity)


def fall(desk: Desk, price: float) -> None:
    """The market goes there; a second passes."""
    desk.market += SECOND
    desk.wall += SECOND
    desk.quote(price, price + 0.1)
    desk.do(Ticked())


def code(desk: Desk, **fields: Any) -> str:
    answer = desk.do(IntentSubmitted(desk.intent(quantity="0.01", **fields))).answer
    assert answer is not None
    return answer.code


def release(desk: Desk, **scope: Any) -> None:
    event = KillChanged(ts=desk.market, at=desk.wall, level=0, reason="looked at it", actor="ann", **scope)
    desk.engine.core.emit(event)
    desk.events += desk.engine.core.take()[0]


def entry(desk: Desk, amount: str, kind: EntryKind) -> None:
    row = VenueEntry(
        account=ALPHA, entry_id=f"{kind}{amount}", kind=kind, asset="USDT", amount=D(amount), ts=desk.market
    )
    desk.do(EntryReported(row))


def test_a_loss_at_mark_stops_new_risk_and_leaves_the_way_out() -> None:
    desk = desk_with(max_daily_loss=D(1_000))
    hold(desk)
    fall(desk, 49_001.0)  # −999.05 and the fee of 0.05
    assert code(desk) == ""
    fall(desk, 48_999.0)
    assert code(desk) == "daily_loss"
    [latched] = [event for event in desk.events if isinstance(event, RiskLatched)]
    assert (latched.account, latched.strategy, latched.instrument) == (ALPHA, None, None)
    assert latched.reason == (
        "kill level 1 by risk: account 'alpha' lost 1001.1 USDT today, the limit is 1000; "
        "'jtrader kill L0 --account alpha' releases it"
    )
    assert code(desk, side=Side.SELL, reduce_only=True) == ""
    assert code(desk, account=TREND, instrument=SPOT) == ""


def test_it_stays_when_the_market_comes_back_past_restart_and_midnight() -> None:
    desk = desk_with(max_daily_loss=D(1_000))
    hold(desk)
    fall(desk, 48_000.0)
    fall(desk, 50_000.0)
    assert code(desk) == "daily_loss"
    again = desk.restarted()
    again.market += DAY
    again.quote()
    assert code(again) == "daily_loss"
    release(again)
    fall(again, 49_500.0)
    assert code(again) == "", "losses are measured from where it was released"
    fall(again, 48_400.0)
    assert code(again) == "daily_loss"


@pytest.mark.parametrize(
    ("scope", "is_released"),
    [
        ({}, True),
        ({"account": ALPHA}, True),
        ({"venue": "binance"}, True),
        ({"venue": "binance_usdm"}, True),
        ({"account": TREND}, False),
        ({"venue": "bitmex"}, False),
        ({"account": ALPHA, "strategy": MOMENTUM}, False),
    ],
)
def test_a_release_ends_what_its_scope_covers(scope: dict[str, Any], is_released: bool) -> None:
    desk = desk_with(max_daily_loss=D(1_000))
    hold(desk)
    fall(desk, 48_000.0)
    release(desk, **scope)
    assert code(desk) == ("" if is_released else "daily_loss")


def test_transfers_are_no_loss_and_fees_and_funding_are() -> None:
    for kind, expected in ((EntryKind.TRANSFER, ""), (EntryKind.FUNDING, "daily_loss"), (EntryKind.FEE, "daily_loss")):
        desk = desk_with(max_daily_loss=D(1_000))
        hold(desk, "0.1")
        desk.wait(1)
        entry(desk, "-1001", kind)
        desk.wait(1)
        assert code(desk) == expected, kind
    desk = desk_with(max_daily_loss=D(1_000))
    hold(desk)
    entry(desk, "5000", EntryKind.TRANSFER)
    fall(desk, 48_990.0)
    assert code(desk) == "daily_loss", "money that came in hides nothing"


def test_the_day_begins_anew_at_midnight_and_the_drawdown_does_not() -> None:
    desk = desk_with(max_daily_loss=D(1_000), max_drawdown=D(1_500))
    hold(desk)
    fall(desk, 49_200.0)
    desk.market = (START // DAY + 1) * DAY
    desk.quote(49_200.0, 49_200.1)
    desk.do(Ticked())
    fall(desk, 48_600.0)
    assert code(desk) == ""
    fall(desk, 48_400.0)
    assert code(desk) == "drawdown"


def test_a_drawdown_is_from_the_highest_equity() -> None:
    desk = desk_with(max_drawdown=D(1_000))
    hold(desk)
    desk.market += 60 * SECOND
    fall(desk, 52_000.0)
    fall(desk, 51_100.0)
    assert code(desk) == ""
    fall(desk, 50_900.0)
    assert code(desk) == "drawdown"


def test_spot_holdings_count_at_mark() -> None:
    desk = desk_with(max_daily_loss=D(1_000))
    hold(desk, "1", TREND, SPOT)
    fall(desk, 49_100.0)
    assert code(desk, account=TREND, instrument=SPOT) == ""
    fall(desk, 48_900.0)
    assert code(desk, account=TREND, instrument=SPOT) == "daily_loss"


def test_a_strategy_answers_for_its_own_capital() -> None:
    desk = desk_with()
    account = desk.engine.core.accounts[ALPHA]
    own = {MOMENTUM: StrategyLimits(capital=D(10_000))}
    desk.engine.core.accounts[ALPHA] = replace(account, strategies=own)
    hold(desk)
    desk.wait(1)
    fall(desk, 49_600.0)
    assert code(desk) == ""
    fall(desk, 49_400.0)
    assert code(desk) == "daily_loss"
    assert code(desk, strategy=StrategyId("other")) == ""
    release(desk, account=ALPHA, strategy=MOMENTUM)
    assert code(desk) == ""


def test_equity_is_journaled_sparsely_and_folded_the_same_again() -> None:
    desk = desk_with()
    hold(desk)
    desk.wait(180)
    marked = [event for event in desk.events if isinstance(event, EquityMarked)]
    assert [event.account for event in marked] == [ALPHA, TREND]
    assert desk.restarted().engine.state.risk == desk.engine.state.risk


def test_a_correction_of_the_books_is_no_loss() -> None:
    desk = desk_with(max_daily_loss=D(1_000))
    hold(desk, "0.1")
    desk.wait(2)
    missed = AdjustAsked(account=ALPHA, asset="USDT", amount=D(-5_000), at=None, actor="ann", reason="missed")
    answer = desk.do(missed).answer
    assert answer is not None
    assert answer.accepted
    desk.wait(2)
    assert code(desk) == ""
    assert desk.restarted().engine.state.risk == desk.engine.state.risk
