"""A parent's children grow by one without touching those who hold an earlier state of it."""

import time

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


def test_the_last_of_many_costs_what_the_first_costs() -> None:
    def grow(children: Children, count: int) -> tuple[Children, float]:
        began = time.process_time()
        for number in range(count):
            children = children.with_(ClientOrderId(str(number)))
        return children, time.process_time() - began

    many, _ = grow(NO_CHILDREN, 200_000)
    early = min(grow(NO_CHILDREN, 2_000)[1] for _ in range(5))
    _, late = grow(many, 2_000)
    copying = 2_000 * 200_000 * 8 / 20e9  # bytes of a tuple each time, at the memory's speed
    assert late < early + copying / 4
