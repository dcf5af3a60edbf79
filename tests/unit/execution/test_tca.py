"""Transaction cost analysis: worked examples, the split that adds up, and what the journal tells of a parent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.instruments import instrument
from fixtures.oms_desk import ALPHA, PERP, START, Desk, rules_of
from fixtures.parents import Floor
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import TradeId, VenueOrderId
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.market import Trade
from jtrader.domain.order import Fill, Side
from jtrader.domain.times import SECOND, Span
from jtrader.execution.parent_story import ParentStory, stories
from jtrader.execution.tca import Benchmarks, analyse, average_price, interval_vwap, mark_outs

D = Decimal
RULES = rules_of(PERP)
INVERSE = instrument("bitmex:XBTUSD", product=Product.INVERSE, quote="USD", settle="XBT", contract_value="1")


def fill(
    price: str, quantity: str, fee: str = "0", side: Side = Side.BUY, asset: str = "USDT", seconds: int = 0
) -> Fill:
    return Fill(
        account=ALPHA,
        instrument=PERP,
        trade_id=TradeId(f"{price} {quantity} {seconds}"),
        venue_order_id=VenueOrderId("1"),
        client_order_id=None,
        side=side,
        price=D(price),
        quantity=D(quantity),
        fee=D(fee),
        fee_asset=asset,
        maker=D(fee) < 0,
        ts=START + seconds * SECOND,
    )


def story(quantity: str, *fills: Fill, side: Side = Side.BUY) -> ParentStory:
    return ParentStory(Desk().intent(side, quantity), sent=START, ended=START + SECOND, fills=list(fills))


def prices(decision: str, arrival: str | None, end: str, interval: str | None = None) -> Benchmarks:
    told = [None if price is None else D(price) for price in (arrival, interval)]
    return Benchmarks(decision=D(decision), arrival=told[0], end=D(end), interval=told[1])


@pytest.mark.parametrize(
    ("told", "benchmarks", "parts"),
    [
        # decided at 100, sent at 101, 6 of 10 filled at 102 and 103, ended at 105
        (
            story("10", fill("102", "4", "0.5"), fill("103", "2", "0.25")),
            prices("100", "101", "105"),
            ("10", "8", "16", "0.75", "34.75"),
        ),
        # a sale: prices that fall cost
        (
            story("10", fill("99", "10", "-0.1", Side.SELL), side=Side.SELL),
            prices("100", "99.5", "90"),
            ("5", "5", "0", "-0.1", "9.9"),
        ),
        # nothing was sent: all of it is opportunity
        (story("10"), prices("100", None, "103"), ("0", "0", "30", "0", "30")),
        # a buy that gained on the way
        (story("1", fill("98", "1")), prices("100", "99", "120"), ("-1", "-1", "0", "0", "-2")),
    ],
)
def test_the_shortfall_is_split(told: ParentStory, benchmarks: Benchmarks, parts: tuple[str, ...]) -> None:
    found = analyse(told, RULES, benchmarks).shortfall
    assert (found.delay, found.execution, found.opportunity, found.fees, found.total) == tuple(map(D, parts))
    assert found.bps == found.total / (told.intent.quantity * benchmarks.decision) * 10_000


def test_an_inverse_contract_s_cost_is_in_its_coin() -> None:
    told = story("50000", fill("50000", "50000", asset="XBT"))
    found = analyse(told, INVERSE, prices("40000", "40000", "40000")).shortfall
    assert found.execution == D("1.25") - D("1.00")  # 50,000 USD cost 1.25 coins at 40,000 and 1 at 50,000
    assert average_price((fill("40000", "1"), fill("60000", "1")), INVERSE) == D(48_000)


MONEY = st.decimals(min_value="0.1", max_value="100000", places=2)
LOTS = st.decimals(min_value="0.001", max_value="50", places=3)


@given(
    fills=st.lists(st.tuples(MONEY, LOTS, st.decimals(min_value=-5, max_value=5, places=8)), max_size=8),
    more=LOTS,
    at=st.tuples(MONEY, MONEY | st.none(), MONEY),
    side=st.sampled_from(Side),
    rules=st.sampled_from([RULES, INVERSE]),
)
def test_the_parts_add_up_to_the_last_digit(
    fills: list[tuple[Decimal, Decimal, Decimal]],
    more: Decimal,
    at: tuple[Decimal, Decimal | None, Decimal],
    side: Side,
    rules: Instrument,
) -> None:
    made = [fill(str(p), str(q), str(f), side, rules.settle, n) for n, (p, q, f) in enumerate(fills)]
    told = story(str(sum((one.quantity for one in made), more)), *made, side=side)
    found = analyse(told, rules, Benchmarks(decision=at[0], arrival=at[1], end=at[2])).shortfall
    assert found.delay + found.execution + found.opportunity + found.fees == found.total


def test_slippage_and_shares() -> None:
    told = story("4", fill("102", "1", "-0.1"), fill("101", "1", "0.2", seconds=3))
    report = analyse(told, RULES, prices("100", "100", "100", "101"))
    assert (report.average, report.filled, report.fill_ratio) == (D("101.5"), 2, D("0.5"))
    assert report.arrival_slippage == 150
    assert report.interval_slippage == D("0.5") / 101 * 10_000
    assert (report.maker_share, report.seconds) == (D("0.5"), 3.0)
    nothing = analyse(story("4"), RULES, prices("100", None, "100"))
    assert (nothing.average, nothing.arrival_slippage, nothing.maker_share, nothing.seconds) == (None,) * 4


def test_a_fee_in_another_coin_needs_its_price() -> None:
    told = story("1", fill("100", "1", "0.001", asset="BNB"))
    with pytest.raises(BadInput, match="in BNB: its price in USDT is needed"):
        analyse(told, RULES, prices("100", "100", "100"))
    assert analyse(told, RULES, prices("100", "100", "100"), {"BNB": D(600)}).shortfall.total == D("0.6")
    with pytest.raises(BadInput, match="not above zero"):
        analyse(story("1"), RULES, prices("100", None, "0"))


def test_mark_outs() -> None:
    told = story("2", fill("100", "1"), fill("102", "1", seconds=5))
    mids = {START + SECOND: D(101), START + 6 * SECOND: D(102)}
    assert mark_outs(told, mids.get, (SECOND, 2 * SECOND)) == {SECOND: D(50), 2 * SECOND: None}
    sold = story("1", fill("100", "1", side=Side.SELL), side=Side.SELL)
    assert mark_outs(sold, mids.get, (SECOND,)) == {SECOND: D(-100)}


def test_the_market_s_price_over_an_interval() -> None:
    trades = [
        Trade(PERP, ts, ts, price, size, 1) for ts, price, size in ((1, 9.0, 5.0), (2, 10.0, 1.0), (3, 13.0, 2.0))
    ]
    assert interval_vwap(trades, Span(2, 4)) == D("12.0")
    assert interval_vwap(trades, Span(4, 9)) is None


def test_what_the_journal_tells() -> None:
    floor = Floor()
    floor.fills = False
    floor.start("twap", "0.5", 50, params={"interval": 10})
    floor.fills = True
    floor.run(55)
    told = stories(floor.desk.events)[floor.parent_id]
    assert told.sent == told.intent.ts
    assert sum(one.quantity for one in told.fills) == D("0.5")
    assert told.children == len(told.fills) + 1
    assert told.ended == floor.parent.changed
    again = analyse(told, RULES, prices("50000.1", "50000.1", "50000.1"))
    assert again.shortfall.total == again.shortfall.fees == D("0.05") * len(told.fills)
