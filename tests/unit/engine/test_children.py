"""A parent's children grow by one without touching those who hold an earlier state of it."""

import tracemalloc

import pytest

from jtrader.domain.ids import ClientOrderId
from jtrader.engine.orders import NO_CHILDREN, Children


def names(*of: str) -> list[ClientOrderId]:
    return [ClientOrderId(name) for name in of]


def test_it_is_a_sequence_in_order_of_making() -> None:
    a, b, c = names("a", "b", "c")
    three = NO_CHILDREN.with_(a).with_(b).with_(c)
    assert (len(three), three[0], three[-1], three[1:]) == (3, a, c, [b, c])
    assert list(reversed(three)) == [c, b, a]
    assert b in three
    assert three == Children((a, b, c))
    assert hash(three) == hash(Children((a, b, c)))
    assert three != Children((a, b))
    with pytest.raises(IndexError):
        three[3]
    with pytest.raises(IndexError):
        NO_CHILDREN[-1]


def test_what_comes_later_is_not_seen_by_who_looked_before() -> None:
    a, b, c = names("a", "b", "c")
    one = NO_CHILDREN.with_(a)
    left, right = one.with_(b), one.with_(c)
    assert (list(NO_CHILDREN), list(one), list(left), list(right)) == ([], [a], [a, b], [a, c])
    assert not NO_CHILDREN
    assert one[-1] == a
    assert one[:] == [a]
    assert left.with_(c) == Children((a, b, c))


def test_the_last_of_many_copies_nothing() -> None:
    """Copies of 20,000 names, a hundred of them, would take 16 MB."""
    held = [Children(ClientOrderId(str(number)) for number in range(20_000))]
    tracemalloc.start()
    try:
        for number in range(100):
            held.append(held[-1].with_(ClientOrderId(str(number))))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 1_000_000
