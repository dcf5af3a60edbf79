"""Orders that wait for a price: when they go, what they become, what they hold back, what happens when they can't."""

import pytest

from fixtures.venue_market import VenueMarket
from jtrader.domain.instrument import Product
from jtrader.domain.order import OrderStatus, TriggerBy
from jtrader.matching.entry import Style
from jtrader.venue.records import Execution, OrderReported
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import atoms, text
from jtrader.venue.words import Ended


@pytest.fixture
def market() -> VenueMarket:
    made = VenueMarket(Product.LINEAR)
    made.foreign("buy", 10_000, "49000")
    made.foreign("sell", 10_000, "51000")
    return made


def prices(market: VenueMarket, last: str = "50000", mark: str = "50000", index: str = "50000") -> None:
    market.ts += 1
    market.mark(mark)
    market.venue.trigger(market.symbol, atoms(last), atoms(mark), atoms(index), market.ts)


# (side, trigger, if touched) → the last price that leaves it waiting, the one that lets it go
WAITS = [
    ("buy", "50500", False, "50499.9", "50500"),
    ("sell", "49500", False, "49500.1", "49500"),
    ("buy", "49500", True, "49500.1", "49500"),
    ("sell", "50500", True, "50499.9", "50500"),
]


@pytest.mark.parametrize(("side", "trigger", "touched", "before", "comes"), WAITS)
def test_it_goes_when_the_price_comes(
    market: VenueMarket, side: str, trigger: str, touched: bool, before: str, comes: str
) -> None:
    order = market.order("a", side, "0.1", trigger_price=trigger, if_touched=touched)
    assert (order.status, order.is_waiting, market["a"].open_of("BTCUSDT")) == (OrderStatus.NEW, True, [])
    prices(market, before)
    assert market.venue.open_conditionals(market["a"]) == [order]
    prices(market, comes)
    assert (order.status, order.triggered, order.filled) == (OrderStatus.FILLED, market.ts, 100)
    assert market.venue.open_conditionals(market["a"]) == []
    assert market.held("a").lots == (100 if side == "buy" else -100)


@pytest.mark.parametrize("by", list(TriggerBy))
def test_it_watches_the_price_that_it_names(market: VenueMarket, by: TriggerBy) -> None:
    prices(market)
    order = market.order("a", "buy", "0.1", trigger_price="50500", trigger_by=by)
    others = {one.value: "51000" for one in TriggerBy if one is not by}
    prices(market, **others)
    assert order.is_waiting
    prices(market, **{by.value: "50500"})
    assert not order.is_waiting


def test_an_index_that_nobody_tells_can_not_be_waited_for(market: VenueMarket) -> None:
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", "0.1", trigger_price="50500", trigger_by=TriggerBy.INDEX)
    assert refused.value.why is Why.NO_REFERENCE


@pytest.mark.parametrize(("side", "trigger", "touched", "before", "comes"), WAITS)
def test_what_would_go_at_once_is_refused(
    market: VenueMarket, side: str, trigger: str, touched: bool, before: str, comes: str
) -> None:
    prices(market, comes)
    with pytest.raises(Refused) as refused:
        market.order("a", side, "0.1", trigger_price=trigger, if_touched=touched, trigger_by=TriggerBy.LAST)
    market.venue.drain()
    assert refused.value.why is Why.WOULD_TRIGGER
    assert market["a"].orders == {}


def test_a_stop_limit_rests_at_its_price(market: VenueMarket) -> None:
    order = market.order("a", "sell", "0.1", "49400", trigger_price="49500")
    prices(market, "49500")
    assert order.status is OrderStatus.NEW
    assert [resting.order_id for resting in market.venue.books["BTCUSDT"].queue(-1, 494_000)] == [order.id]
    assert market["a"].find_algo(order.algo_id) is order


def test_its_life_is_told_in_order(market: VenueMarket) -> None:
    market.venue.drain()
    order = market.order("a", "buy", "0.1", trigger_price="50500")
    prices(market, "50500")
    told = [one.execution for one in market.venue.drain() if isinstance(one, OrderReported)]
    assert told == [Execution.NEW, Execution.TRIGGERED, Execution.NEW, Execution.TRADE]
    assert (order.triggered, order.algo_id) == (market.ts, 3_000_000_001)


def test_without_margin_at_its_time_it_is_rejected(market: VenueMarket) -> None:
    order = market.order("a", "buy", "60", "50600", trigger_price="50500")
    prices(market, "50500")
    assert (order.status, order.ended, order.filled) == (OrderStatus.REJECTED, Ended.FUNDS, 0)
    assert len(market.venue.books["BTCUSDT"]) == 2


def test_a_protective_stop_closes_what_is_there_and_no_more(market: VenueMarket) -> None:
    market.deal("a", "b", "0.1", "50000")
    stop = market.order("a", "sell", "0.3", trigger_price="49500", reduce_only=True)
    whole = market.order("a", "sell", None, trigger_price="49400", close_position=True)
    prices(market, "49500")
    assert (stop.lots, stop.filled, market.held("a").lots) == (100, 100, 0)
    prices(market, "49400")
    assert (whole.status, whole.ended) == (OrderStatus.REJECTED, Ended.REDUCE_ONLY)


def test_close_position_takes_the_size_of_the_moment(market: VenueMarket) -> None:
    whole = market.order("a", "sell", None, trigger_price="49400", close_position=True)
    market.deal("a", "b", "0.25", "50000")
    prices(market, "49400")
    assert (whole.lots, whole.filled, market.held("a").lots) == (250, 250, 0)


def test_cancelled_and_expired_ones_never_go(market: VenueMarket) -> None:
    first = market.order("a", "buy", "0.1", trigger_price="50500")
    second = market.order("a", "buy", "0.1", trigger_price="50500", client_id="second")
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", "0.1", trigger_price="50600", client_id="second")
    assert refused.value.why is Why.DUPLICATE_CLIENT_ID
    market.venue.cancel(market["a"], first, 5)
    assert market.venue.cancel_all(market["a"], "BTCUSDT", 6) == [second]
    prices(market, "50500")
    assert (first.status, second.status, market.held("a").lots) == (OrderStatus.CANCELED, OrderStatus.CANCELED, 0)


def test_own_trades_move_the_last_price(market: VenueMarket) -> None:
    """Without a price from outside the venue's own last trade is watched."""
    order = market.order("a", "buy", "0.1", trigger_price="50500")
    market.order("b", "buy", "0.1", "51000")
    market.venue.trigger("BTCUSDT", 0, atoms("50000"), 0, 9)
    assert order.status is OrderStatus.FILLED


def test_post_only_that_would_take_when_it_goes_is_rejected(market: VenueMarket) -> None:
    order = market.order("a", "sell", "0.1", "49000", Style.POST_ONLY, trigger_price="49500")
    prices(market, "49500")
    assert (order.status, order.ended) == (OrderStatus.REJECTED, Ended.POST_ONLY)


@pytest.mark.parametrize(("name", "locked"), [("binance_spot:BTCUSDT", "25500.00000000"), ("huobi_spot:btcusdt", None)])
def test_spot_conditionals_lock_on_binance_only(name: str, locked: str | None) -> None:
    market = VenueMarket.listed(name)
    wallet = market["a"].holding("USDT")
    order = market.order("a", "buy", "0.5", "51000", trigger_price="50500")
    assert text(wallet.locked) == (locked or "0.00000000")
    market.foreign("sell", 10**8, "50800")
    prices(market, "50500")
    assert (order.status, wallet.locked, text(wallet.total)) == (OrderStatus.FILLED, 0, "974600.00000000")
    again = market.order("a", "sell", "0.5", "49000", trigger_price="49500")
    market.venue.cancel(market["a"], again, 9)
    assert market["a"].holding("BTC").locked == 0
