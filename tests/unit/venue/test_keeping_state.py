"""What `dump` writes and `load` reads: the parts that the random stories can't see."""

import pytest

from fixtures.venue_market import VenueMarket
from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import InstrumentStatus, Product
from jtrader.domain.order import OrderStatus
from jtrader.matching.book import BUY
from jtrader.venue.units import atoms

NAME = "bitmex:XBTUSD"


def filled_market() -> VenueMarket:
    """a rests behind and before others and waits for a price; something has happened already."""
    market = VenueMarket.listed(NAME)
    market.deal("a", "b", "200", "50000")
    market.foreign("buy", 3, "49000")
    market.order("a", "buy", "100", "49000", client_id="mine")
    market.foreign("buy", 4, "49000")
    market.order("a", "sell", "200", trigger_price="48000", reduce_only=True, client_id="stop")
    market.venue.trigger("XBTUSD", atoms("50000"), atoms("50000"), atoms("50000"), 5)
    market.venue.deposit(market["a"], "BTC", 7, 6, "tx")
    market.venue.drain()
    return market


def loaded(data: bytes, with_others: bool = True) -> VenueMarket:
    market = VenueMarket.listed(NAME, accounts="")
    market.venue.load(data, with_others)
    market.accounts = market.venue.accounts
    return market


def test_places_in_the_queue_ids_and_waiting_orders_come_back() -> None:
    before = filled_market()
    after = loaded(before.venue.dump())
    assert after.venue.dump() == before.venue.dump()
    queues = [market.venue.books["XBTUSD"].queue(BUY, 490_000) for market in (before, after)]
    assert [(one.owner, one.lots) for one in queues[1]] == [(0, 3), (1, 1), (0, 4)]
    assert queues[0] == queues[1]
    order = after["a"].find("XBTUSD", None, "mine")
    assert order is not None
    assert after.venue.cancel(after["a"], order, 9).status is OrderStatus.CANCELED
    after.foreign("buy", 100, "47000")
    after.venue.trigger("XBTUSD", atoms("48000"), 0, 0, 10)
    stop = after["a"].find("XBTUSD", None, "stop")
    assert stop is not None
    assert (stop.status, after.held("a").lots) == (OrderStatus.FILLED, 0)
    following = [market.order("b", "buy", "100", "48500").id for market in (before, after)]
    assert following[0] == following[1]


def test_without_others_the_books_hold_the_accounts_orders_only() -> None:
    after = loaded(filled_market().venue.dump(), with_others=False)
    assert [one.owner for one in after.venue.books["XBTUSD"].orders()] == [1]
    after.foreign("sell", 5, "49000")
    assert after["a"].find("XBTUSD", None, "mine").status is OrderStatus.FILLED  # type: ignore[union-attr]


def test_halts_and_the_end_of_trading_are_remembered() -> None:
    market = filled_market()
    market.venue.set_status("XBTUSD", InstrumentStatus.HALTED, 9)
    assert loaded(market.venue.dump()).venue.status["XBTUSD"] is InstrumentStatus.HALTED
    market.venue.close(10)
    assert not loaded(market.venue.dump()).venue.is_open


@pytest.mark.parametrize("data", [b"", b"\x00", VenueMarket(Product.LINEAR).venue.dump()])
def test_other_bytes_are_refused_and_change_nothing(data: bytes) -> None:
    market = filled_market()
    before = market.venue.dump()
    with pytest.raises(BadInput):
        market.venue.load(data)
    assert market.venue.dump() == before
