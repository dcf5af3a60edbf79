"""Which order is ours: integers, the file, what a crash leaves of it, other processes."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.broker_desk import child_order
from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, VenueOrderId
from jtrader.domain.order import ChildOrder, OrderStatus, OrderType, Side, VenueOrder
from jtrader.exchange.huobi.ids import OrderIds, venue_integer

SWAP = InstrumentId("huobi_swap:BTC-USD")


def order(name: str, kind: OrderType = OrderType.MARKET) -> ChildOrder:
    trigger = Decimal(51_000) if kind.is_conditional else None
    fields = {"client_order_id": ClientOrderId(name), "type": kind, "trigger_price": trigger}
    return child_order(AccountId("a"), SWAP, Decimal(1), **fields)


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=32))
def test_an_id_has_one_positive_63_bit_integer(name: str) -> None:
    number = venue_integer(ClientOrderId(name))
    assert 0 < number < 2**63
    assert number == venue_integer(ClientOrderId(name))


def test_a_restart_knows_what_was_sent_and_what_became_of_it(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    ids = OrderIds(file)
    number = ids.sending(order("plain-1"))
    ids.sending(order("stop-1", OrderType.STOP))
    ids.accepted(ClientOrderId("stop-1"), "7002240")
    ids.triggered(ClientOrderId("stop-1"), "924660854912552960")
    ids.close()

    again = OrderIds(file)
    assert again.of_integer(number) == again.of_integer(str(number)) == "plain-1"
    assert again.of_venue("7002240") == again.of_venue("924660854912552960") == "stop-1"
    sent = again.sent(ClientOrderId("stop-1"))
    assert sent is not None
    assert (sent.type, sent.trigger_price, sent.became) == (OrderType.STOP, "51000", "924660854912552960")
    assert again.of_integer(5) is None
    assert again.of_integer(None) is None
    assert again.of_integer("none") is None
    again.close()


def test_other_processes_share_the_file(tmp_path: Path) -> None:
    one, other = OrderIds(tmp_path / "o"), OrderIds(tmp_path / "o")
    number = one.sending(order("of-one"))
    assert other.of_integer(number) == "of-one"
    other.sending(order("of-other", OrderType.STOP))
    other.accepted(ClientOrderId("of-other"), "12")
    assert one.of_venue("12") == "of-other"
    one.close()
    other.close()


def test_a_line_cut_off_by_a_crash_spoils_nothing(tmp_path: Path) -> None:
    file = tmp_path / "o"
    ids = OrderIds(file)
    first = ids.sending(order("first"))
    ids.close()
    with file.open("ab") as cut:
        cut.write(b'{"client_order_id":"never')
    again = OrderIds(file)
    second = again.sending(order("second"))
    again.close()
    last = OrderIds(file)
    assert [last.of_integer(number) for number in (first, second)] == ["first", "second"]
    last.close()


def test_an_order_sent_again_is_kept_once(tmp_path: Path) -> None:
    file = tmp_path / "o"
    ids = OrderIds(file)
    assert ids.sending(order("x")) == ids.sending(order("x"))
    ids.close()
    assert len(file.read_text().splitlines()) == 1


def test_two_ids_with_one_integer_are_refused() -> None:
    ids = OrderIds()
    number = ids.sending(order("x"))
    ids._by_integer[venue_integer(ClientOrderId("y"))] = ClientOrderId("x")
    assert number
    with pytest.raises(Broken, match="same integer"):
        ids.sending(order("y"))


def test_which_conditional_orders_wait_for_a_number_or_may_have_triggered() -> None:
    ids = OrderIds()
    ids.sending(order("plain"))
    assert not ids.unclaimed(SWAP)
    assert not ids.may_have_triggered(SWAP)
    ids.sending(order("stop", OrderType.STOP))
    assert [sent.client_order_id for sent in ids.unclaimed(SWAP)] == ["stop"]
    assert not ids.unclaimed(InstrumentId("huobi_swap:ETH-USD"))
    ids.ended(ClientOrderId("stop"))
    assert not ids.unclaimed(SWAP)
    ids.accepted(ClientOrderId("stop"), "1")
    assert not ids.unclaimed(SWAP)
    assert ids.may_have_triggered(SWAP)
    ids.ended(ClientOrderId("stop"))
    assert not ids.may_have_triggered(SWAP)


def told(name: str, number: str, status: OrderStatus, is_triggered: bool = False) -> VenueOrder:
    return VenueOrder(
        account=AccountId("a"), instrument=SWAP, venue_order_id=VenueOrderId(number),
        client_order_id=ClientOrderId(name), side=Side.BUY, type=OrderType.LIMIT, status=status, quantity=Decimal(1),
        is_triggered=is_triggered,
    )  # fmt: skip


def test_a_restart_knows_the_venues_numbers_and_which_conditional_orders_have_ended(tmp_path: Path) -> None:
    file = tmp_path / "o"
    ids = OrderIds(file)
    for name in ("plain", "fired", "cancelled", "refused"):
        ids.sending(order(name, OrderType.MARKET if name == "plain" else OrderType.STOP))
    ids.learn(told("plain", "1", OrderStatus.NEW))
    ids.learn(told("somebody's", "9", OrderStatus.NEW))
    ids.accepted(ClientOrderId("fired"), "2")
    ids.triggered(ClientOrderId("fired"), "22")
    ids.learn(told("fired", "22", OrderStatus.FILLED, is_triggered=True))
    ids.accepted(ClientOrderId("cancelled"), "3")
    ids.learn(told("cancelled", "3", OrderStatus.NEW))
    assert ids.may_have_triggered(SWAP)
    ids.learn(told("cancelled", "3", OrderStatus.CANCELED))
    ids.ended(ClientOrderId("refused"))
    asyncio.run(ids.on_disk())
    ids.close()

    again = OrderIds(file)
    numbers = {name: again.number_of(ClientOrderId(name)) for name in ("plain", "fired", "cancelled", "somebody's")}
    assert numbers == {"plain": "1", "fired": "22", "cancelled": "", "somebody's": ""}
    assert again.of_venue("1") == "plain"
    assert not again.may_have_triggered(SWAP)
    assert not again.unclaimed(SWAP)
    size = file.stat().st_size
    again.learn(told("plain", "1", OrderStatus.FILLED))
    again.ended(ClientOrderId("cancelled"))
    assert file.stat().st_size == size, "what is known is not written again"
    again.close()
