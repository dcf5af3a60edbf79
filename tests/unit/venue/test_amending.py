"""Orders changed in place: who keeps a place in the queue, what ends, what a refusal leaves alone."""

from decimal import Decimal

import pytest

from fixtures.venue_market import VenueMarket
from jtrader.domain.instrument import Product
from jtrader.domain.order import OrderStatus
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.records import Execution, Order, OrderReported
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import text
from jtrader.venue.venue import BUY
from jtrader.venue.words import Ended


@pytest.fixture
def market() -> VenueMarket:
    return VenueMarket(Product.LINEAR)


def amend(market: VenueMarket, order: Order, quantity: str | None, price: str | None = None) -> Order:
    market.ts += 1
    new_quantity = None if quantity is None else Decimal(quantity)
    return market.venue.amend(
        market[order.account], order, new_quantity, None if price is None else Decimal(price), market.ts
    )


def queue(market: VenueMarket, price: str) -> list[int]:
    ticks = market.listings[0].ticks(price)
    return [resting.order_id for resting in market.venue.books["BTCUSDT"].queue(BUY, ticks)]


# new quantity and price of the first of two orders of 0.2 at 49,000 → is it still the first of them?
PLACES = [("0.1", None, True), ("0.3", None, False), ("0.2", "49000.1", False), ("0.1", "48999.9", False)]


@pytest.mark.parametrize(("quantity", "price", "first"), PLACES)
def test_only_less_quantity_keeps_the_place(market: VenueMarket, quantity: str, price: str | None, first: bool) -> None:
    one, two = market.order("a", "buy", "0.2", "49000"), market.order("b", "buy", "0.2", "49000")
    amend(market, one, quantity, price)
    stands = queue(market, price or "49000")
    assert (stands[0] == one.id and len(stands) == 2) == first
    assert queue(market, "49000")[-1] == (two.id if first or price else one.id)
    assert (one.lots, one.amended, one.updated) == (int(Decimal(quantity) * 1000), 1, market.ts)


def test_a_moved_order_takes_what_it_crosses(market: VenueMarket) -> None:
    order = market.order("a", "buy", "0.2", "49000")
    market.foreign("sell", 150, "49500")
    market.venue.drain()
    amend(market, order, "0.2", "49500")
    assert (order.filled, order.status, queue(market, "49500")) == (150, OrderStatus.PARTIALLY_FILLED, [order.id])
    told = [one.execution for one in market.venue.drain() if isinstance(one, OrderReported)]
    assert told == [Execution.AMENDED, Execution.TRADE]


# style, quantity, price → why it ended
ENDS = [(Style.LIMIT, "0.05", None, Ended.AMENDED), (Style.POST_ONLY, "0.2", "49500", Ended.POST_ONLY)]


@pytest.mark.parametrize(("style", "quantity", "price", "ended"), ENDS)
def test_some_amendments_end_the_order(
    market: VenueMarket, style: Style, quantity: str, price: str | None, ended: Ended
) -> None:
    """Binance's futures: no more than is filled, or post-only that would take."""
    order = market.order("a", "buy", "0.2", "49000", style)
    market.order("b", "sell", "0.05", "49000")
    market.foreign("sell", 100, "49500")
    amend(market, order, quantity, price)
    assert (order.status, order.ended, order.filled) == (OrderStatus.CANCELED, ended, 50)
    assert len(market.venue.books["BTCUSDT"]) == 1


# quantity, price → why not
REFUSED = [
    ("0.2", None, Why.NOT_AMENDED),
    ("0.2", "49000", Why.NOT_AMENDED),
    ("0.2005", None, Why.QUANTITY_STEP),
    ("0.2", "49000.05", Why.PRICE_STEP),
    ("0.2", "60000", Why.PRICE_BAND_HIGH),
    ("45", None, Why.MARGIN),
    ("0.001", "10", Why.NOTIONAL_LOW),
]


@pytest.mark.parametrize(("quantity", "price", "why"), REFUSED)
def test_a_refused_amendment_leaves_the_order_as_it_was(
    market: VenueMarket, quantity: str, price: str | None, why: Why
) -> None:
    order, other = market.order("a", "buy", "0.2", "49000"), market.order("b", "buy", "0.2", "49000")
    market.venue.drain()
    with pytest.raises(Refused) as refused:
        amend(market, order, quantity, price)
    assert refused.value.why is why
    assert (order.lots, order.price, order.amended, queue(market, "49000")) == (200, 490_000, 0, [order.id, other.id])
    assert market.venue.drain() == []


def test_spot_locks_follow_the_amendment() -> None:
    market = VenueMarket(Product.SPOT)
    order, wallet = market.order("a", "buy", "1", "50000"), market["a"].holding("USDT")
    for quantity, price, locked in (("0.5", None, "25000"), ("1.5", "50000", "75000"), ("1.5", "40000", "60000")):
        amend(market, order, quantity, price)
        assert text(wallet.locked) == f"{locked}.00000000"
    with pytest.raises(Refused) as refused:
        amend(market, order, "3", None)
    assert refused.value.why is Why.BALANCE
    assert (text(wallet.locked), order.lots) == ("60000.00000000", 150_000)
    market.venue.cancel(market["a"], order, 9)
    assert (wallet.locked, text(wallet.free)) == (0, "100000.00000000")


def test_a_reduce_only_order_never_grows_beyond_the_position(market: VenueMarket) -> None:
    market.deal("a", "b", "0.1", "50000")
    order = market.order("a", "sell", "0.06", "50100", reduce_only=True)
    market.order("a", "sell", "0.02", "50200", reduce_only=True)
    amend(market, order, "0.5")
    assert order.lots == 80


def test_what_waits_or_has_ended_can_not_be_amended(market: VenueMarket) -> None:
    waits = market.order("a", "buy", "0.1", "51000", trigger_price="50500")
    done = market.venue.cancel(market["a"], market.order("a", "buy", "0.1", "49000"), 5)
    for order in (waits, done):
        with pytest.raises(Refused) as refused:
            amend(market, order, "0.2")
        assert refused.value.why is Why.UNKNOWN_ORDER


def new(client_id: str, quantity: str = "0.1") -> NewOrder:
    return NewOrder(
        symbol="BTCUSDT",
        side=BUY,
        style=Style.LIMIT,
        client_id=client_id,
        quantity=Decimal(quantity),
        price=Decimal("49100"),
    )


def test_both_halves_of_a_cancel_replace_are_told(market: VenueMarket) -> None:
    account = market["a"]
    order = market.order("a", "buy", "0.2", "49000")
    both = market.venue.cancel_replace(account, order, new("r1"), 5)
    assert both.cancelled is order
    assert isinstance(both.placed, Order)
    assert both.placed.status is OrderStatus.NEW

    neither = market.venue.cancel_replace(account, order, new("r2"), 6)
    assert isinstance(neither.cancelled, Refused)
    assert neither.placed is None

    second = market.venue.cancel_replace(account, order, new("r3"), 7, go_on=True)
    assert isinstance(second.cancelled, Refused)
    assert isinstance(second.placed, Order)

    first = market.venue.cancel_replace(account, second.placed, new("r4", "2000"), 8)
    assert first.cancelled is second.placed
    assert isinstance(first.placed, Refused)
    assert first.placed.why is Why.QUANTITY_HIGH
