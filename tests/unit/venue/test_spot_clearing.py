"""Spot's arithmetic: what an order locks, what a fill swaps, the fee in what is received."""

from decimal import Decimal

import pytest

from fixtures.venue_market import VenueMarket
from jtrader.domain.instrument import Product
from jtrader.domain.order import OrderStatus
from jtrader.matching.book import BUY
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import text


@pytest.fixture
def market() -> VenueMarket:
    return VenueMarket(Product.SPOT)


def held(market: VenueMarket, name: str) -> dict[str, tuple[str, str]]:
    return {asset: (text(h.free), text(h.locked)) for asset, h in market[name].holdings.items()}


def test_a_deal_swaps_assets_and_takes_fees_from_what_is_received(market: VenueMarket) -> None:
    market.deal("a", "b", "0.5", "50000.01")
    # 25,000.005 change hands; a pays 0.0005 BTC, b 25.000005 USDT
    assert held(market, "a") == {"USDT": ("74999.99500000", "0.00000000"), "BTC": ("10.49950000", "0.00000000")}
    assert held(market, "b") == {"USDT": ("124975.00499500", "0.00000000"), "BTC": ("9.50000000", "0.00000000")}
    assert [(t.fee_asset, text(t.fee)) for t in (*market["a"].trades, *market["b"].trades)] == [
        ("BTC", "0.00050000"),
        ("USDT", "25.00000500"),
    ]
    assert market["a"].income == []


def test_a_buy_locks_its_worth_and_gets_back_what_it_saved(market: VenueMarket) -> None:
    market.foreign("sell", 100_000, "49000")
    order = market.order("a", "buy", "1.5", "50000")
    assert (order.filled, order.status) == (100_000, OrderStatus.PARTIALLY_FILLED)
    assert held(market, "a")["USDT"] == ("26000.00000000", "25000.00000000")
    market.venue.cancel(market["a"], order, 5)
    assert held(market, "a")["USDT"] == ("51000.00000000", "0.00000000")


def test_a_sell_locks_the_asset(market: VenueMarket) -> None:
    order = market.order("a", "sell", "4", "51000")
    assert held(market, "a")["BTC"] == ("6.00000000", "4.00000000")
    with pytest.raises(Refused) as refused:
        market.order("a", "sell", "6.00001", "51000")
    assert refused.value.why is Why.BALANCE
    market.venue.cancel(market["a"], order, 5)
    assert held(market, "a")["BTC"] == ("10.00000000", "0.00000000")


def test_a_market_buy_needs_what_the_book_asks(market: VenueMarket) -> None:
    market.foreign("sell", 100_000, "50000")
    market.foreign("sell", 100_000, "50000.01")
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", "2")
    assert refused.value.why is Why.BALANCE
    order = market.order("a", "buy", "1.99999")
    assert order.status is OrderStatus.FILLED
    assert held(market, "a")["USDT"] == ("0.49000010", "0.00000000")


def test_expired_orders_free_what_they_locked(market: VenueMarket) -> None:
    for style in (Style.IOC, Style.FOK):
        order = market.order("a", "buy", "1", "50000", style)
        assert order.status is OrderStatus.EXPIRED
        assert held(market, "a")["USDT"] == ("100000.00000000", "0.00000000")


def test_a_market_order_that_empties_the_book_expires_with_what_it_got(market: VenueMarket) -> None:
    market.foreign("buy", 50_000, "50000")
    order = market.order("a", "sell", "1")
    assert (order.filled, order.status) == (50_000, OrderStatus.EXPIRED)
    assert held(market, "a")["BTC"] == ("9.50000000", "0.00000000")


def test_a_market_order_by_quote_amount_spends_at_most_that(market: VenueMarket) -> None:
    market.foreign("sell", 1_000, "50000")
    market.foreign("sell", 100_000, "60000")
    new = NewOrder(symbol="BTCUSDT", side=BUY, style=Style.MARKET, client_id="q", quote=Decimal("1100"))
    order = market.venue.submit(market["a"], new, 1)
    assert (order.lots, text(order.quote)) == (2_000, "1100.00000000")


# change of a good buy of 0.01 at 50,000 → why not
REFUSALS = [
    ({"price": "50000.001"}, Why.PRICE_STEP),
    ({"price": "0"}, Why.PRICE_LOW),
    ({"price": "1000000.01"}, Why.PRICE_HIGH),
    ({"price": "90000.01"}, Why.PRICE_BAND_HIGH),
    ({"quantity": "0.000015"}, Why.QUANTITY_STEP),
    ({"quantity": "0"}, Why.QUANTITY_LOW),
    ({"quantity": "-1"}, Why.QUANTITY_LOW),
    ({"quantity": "1000.00001"}, Why.QUANTITY_HIGH),
    ({"quantity": "120.00001", "price": None}, Why.MARKET_QUANTITY_HIGH),
    ({"quantity": "0.00009"}, Why.NOTIONAL_LOW),
    ({"quantity": "3"}, Why.BALANCE),
    ({"symbol": "XRPUSDT"}, Why.UNKNOWN_SYMBOL),
    ({"client_id": "taken"}, Why.DUPLICATE_CLIENT_ID),
]


@pytest.mark.parametrize(("change", "why"), REFUSALS)
def test_filters_refuse_and_change_nothing(market: VenueMarket, change: dict[str, str | None], why: Why) -> None:
    market.order("a", "buy", "0.01", "40000", client_id="taken")
    market.venue.drain()
    before = held(market, "a")
    wanted = {"quantity": "0.01", "price": "50000", **change}
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", **wanted)  # type: ignore[arg-type]
    assert refused.value.why is why
    assert held(market, "a") == before
    assert market.venue.drain() == []
    assert len(market["a"].orders) == 1


def test_a_finished_order_can_not_be_cancelled(market: VenueMarket) -> None:
    order = market.order("a", "buy", "0.01", "40000")
    market.venue.cancel(market["a"], order, 5, "by-me")
    with pytest.raises(Refused) as refused:
        market.venue.cancel(market["a"], order, 6)
    assert (refused.value.why, order.cancel_id, order.updated) == (Why.UNKNOWN_ORDER, "by-me", 5)


def test_an_order_is_found_by_either_id_and_only_on_its_symbol(market: VenueMarket) -> None:
    order = market.order("a", "buy", "0.01", "40000", client_id="mine")
    account = market["a"]
    assert account.find("BTCUSDT", order.id, None) is order
    assert account.find("BTCUSDT", None, "mine") is order
    assert account.find("ETHUSDT", None, "mine") is None
    assert account.find("ETHUSDT", order.id, None) is None
    assert market["b"].find("BTCUSDT", order.id, None) is None


def test_others_withdraw_only_their_own(market: VenueMarket) -> None:
    market.foreign("buy", 100, "49000")
    mine = market.order("a", "buy", "0.001", "49000")
    market.foreign("buy", 50, "49000")
    market.venue.foreign_reduce("BTCUSDT", BUY, 4_900_000, 120)
    queue = market.venue.books["BTCUSDT"].queue(BUY, 4_900_000)
    assert [(resting.owner, resting.lots) for resting in queue] == [(0, 30), (1, 100)]
    market.venue.foreign_reduce("BTCUSDT", BUY, 4_900_000, 10_000)
    assert [r.order_id for r in market.venue.books["BTCUSDT"].queue(BUY, 4_900_000)] == [mine.id]
