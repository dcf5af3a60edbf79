"""Routing: one ladder of venues that differ in fees, units and currency, and the split over it."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.instruments import instrument
from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import Product
from jtrader.domain.order import Side
from jtrader.execution.routing import Split, VenueBook, ladder, split

D = Decimal
BUY, SELL = Side.BUY, Side.SELL


def book(market: str, levels: str, **more: object) -> VenueBook:
    """`"100x2 101x3"`; what is named of a book goes there, the rest to the instrument."""
    told = {name: more.pop(name) for name in ("rate", "penalty", "capacity", "stale") if name in more}
    rules = instrument(f"{market}:BTCUSDT", **{"quantity_step": "0.1", "min_quantity": "0.1", **more})
    pairs = tuple((D(price), D(size)) for price, size in (level.split("x") for level in levels.split()))
    return VenueBook(instrument=rules, levels=pairs, **told)  # type: ignore[arg-type]


def shares(found: Split) -> dict[str, str]:
    return {route.instrument.split(":")[0]: f"{route.quantity:f}@{route.price:f}" for route in found.routes}


INVERSE = {"product": Product.INVERSE, "contract_value": "1", "quantity_step": "100", "min_quantity": "100"}


@pytest.mark.parametrize(
    ("books", "side", "quantity", "expected", "rest"),
    [
        ([book("a", "100x2 102x9"), book("b", "101x1")], BUY, "2.5", {"a": "2.0@100", "b": "0.5@101"}, "0"),
        ([book("a", "100x2"), book("b", "99x1")], SELL, "2.5", {"a": "2.0@100", "b": "0.5@99"}, "0"),
        # a dearer fee outweighs a better price
        ([book("a", "100x5", taker_fee="0.02"), book("b", "101x5")], BUY, "3", {"b": "3.0@101"}, "0"),
        ([book("a", "100x5", penalty=D("0.02")), book("b", "101x5")], BUY, "3", {"b": "3.0@101"}, "0"),
        # the quote currency's rate counts
        ([book("a", "100x5", rate=D("1.02")), book("b", "101x5")], BUY, "3", {"b": "3.0@101"}, "0"),
        # a stale book and a full account are left out
        ([book("a", "100x5", stale=True), book("b", "101x5")], BUY, "3", {"b": "3.0@101"}, "0"),
        ([book("a", "100x5", capacity=D(1)), book("b", "101x5")], BUY, "3", {"a": "1.0@100", "b": "2.0@101"}, "0"),
        # contracts of 0.01 base, and inverse contracts of one dollar
        ([book("a", "100x500", contract_value="0.01")], BUY, "3", {"a": "300.0@100"}, "0"),
        ([book("a", "100x1000", **INVERSE)], BUY, "3", {"a": "300@100"}, "0"),
        # lots: the residual goes to the next cheapest venue whose lot fits
        ([book("a", "100x5", quantity_step="1"), book("b", "101x5")], BUY, "2.5", {"a": "2@100", "b": "0.5@101"}, "0"),
        # a stub below the least goes to the others
        ([book("a", "100x2"), book("b", "101x9", min_quantity="1"), book("c", "102x9")], BUY, "2.5",
         {"a": "2.0@100", "c": "0.5@102"}, "0"),
        ([book("a", "100x2"), book("b", "101x9", min_notional="200"), book("c", "102x9")], BUY, "2.5",
         {"a": "2.0@100", "c": "0.5@102"}, "0"),
        # a tie goes by name
        ([book("b", "100x5"), book("a", "100x5")], BUY, "3", {"a": "3.0@100"}, "0"),
        # more than there is
        ([book("a", "100x2")], BUY, "3", {"a": "2.0@100"}, "1"),
        ([], BUY, "3", {}, "3"),
    ],
)  # fmt: skip
def test_where_it_goes(books: list[VenueBook], side: Side, quantity: str, expected: dict[str, str], rest: str) -> None:
    found = split(books, side, D(quantity))
    assert shares(found) == expected
    assert found.rest == D(rest)


def test_the_limit_is_all_in() -> None:
    books = [book("a", "100x1 101x1", taker_fee="0.01"), book("b", "101x1")]
    assert shares(split(books, BUY, D(3), limit=D(101))) == {"a": "1.0@100", "b": "1.0@101"}
    assert shares(split(books, SELL, D(3), limit=D(101))) == {"b": "1.0@101"}


def test_at_most_so_many_venues() -> None:
    books = [book("a", "100x1"), book("b", "101x5"), book("c", "102x9")]
    assert shares(split(books, BUY, D(8), max_venues=2)) == {"b": "5.0@101", "c": "3.0@102"}
    assert shares(split(books, BUY, D(8), max_venues=1)) == {"c": "8.0@102"}


@pytest.mark.parametrize(
    ("books", "quantity", "why"),
    [
        ([book("a", "100x1"), book("a", "101x1")], "1", "given twice"),
        ([book("a", "0x1")], "1", "has a level of 1 at 0"),
        ([book("a", "100x1", product=Product.QUANTO)], "1", "is quanto"),
        ([book("a", "100x1")], "0", "not above zero"),
    ],
)
def test_what_it_refuses(books: list[VenueBook], quantity: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        split(books, BUY, D(quantity))


PRICES = st.decimals(min_value="90", max_value="110", places=1)
SIZES = st.decimals(min_value="0.1", max_value="5", places=1)


@st.composite
def markets(draw: st.DrawFn, side: Side) -> list[VenueBook]:
    books = []
    for name in draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4)):
        prices = sorted(draw(st.sets(PRICES, max_size=4)), reverse=side is SELL)
        scale = 100 if (is_inverse := draw(st.booleans())) else 1
        levels = " ".join(f"{price}x{draw(SIZES) * scale}" for price in prices)
        fee = draw(st.sampled_from(["0", "0.001", "0.01"]))
        rules = (
            INVERSE if is_inverse else {"quantity_step": draw(st.sampled_from(["0.1", "0.5"])), "min_notional": "50"}
        )
        capacity = draw(st.none() | SIZES.map(lambda size, scale=scale: size * scale))
        books.append(book(name, levels, taker_fee=fee, capacity=capacity, **rules))
    return books


@settings(deadline=None)
@given(
    data=st.data(),
    side=st.sampled_from(Side),
    quantity=SIZES,
    limit=st.none() | PRICES,
    most=st.none() | st.integers(1, 2),
)
def test_splits_hold(
    data: st.DataObject, side: Side, quantity: Decimal, limit: Decimal | None, most: int | None
) -> None:
    books = data.draw(markets(side))
    found = split(books, side, quantity, limit, most)
    by_name = {one.instrument.id: one for one in books}
    total = D(0)
    for route in found.routes:
        one = by_name[route.instrument]
        rules = one.instrument
        assert rules.quantity_on_grid(route.quantity)
        assert route.quantity >= rules.min_quantity
        within = [size for price, size in one.levels if side.sign * (price - route.price) <= 0]
        assert route.quantity <= min(sum(within), one.capacity if one.capacity is not None else rules.max_quantity)
        cost = route.price * (1 + side.sign * rules.taker_fee)
        assert limit is None or side.sign * (cost - limit) <= 0
        total += route.base
    assert total <= quantity
    assert total + found.rest == quantity
    assert most is None or len(found.routes) <= most
    assert split(data.draw(st.permutations(books)), side, quantity, limit, most) == found


@settings(deadline=None)
@given(data=st.data(), quantity=st.integers(1, 60))
def test_no_split_is_cheaper_where_lots_are_one(data: st.DataObject, quantity: int) -> None:
    """With equal lots and no least orders, walking the ladder is the optimum: the cheapest units are taken."""
    whole, prices = st.integers(1, 20), st.sets(st.integers(90, 110), max_size=4)
    books = []
    for name in "abc":
        levels = " ".join(f"{price}x{data.draw(whole)}" for price in sorted(data.draw(prices)))
        fee = data.draw(st.sampled_from(["0", "0.01"]))
        books.append(book(name, levels, taker_fee=fee, quantity_step="1", min_quantity="1"))
    found = split(books, BUY, D(quantity))
    units = [rung.cost for rung in ladder(books, BUY) for _ in range(int(rung.quantity))]
    paid = D(0)
    for route in found.routes:
        left = route.quantity
        one = next(each for each in books if each.instrument.id == route.instrument)
        for price, size in one.levels:
            paid += min(left, size) * price * (1 + one.instrument.taker_fee)
            left -= min(left, size)
    assert paid == sum(units[:quantity])
    assert paid == sum(route.cost for route in found.routes)
