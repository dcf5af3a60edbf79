"""Dashboards as code: what ships is sound, what is not is refused with the place."""

import pytest

from jtrader.domain.errors import BadInput
from jtrader.report.dashboards import Visual, load, parse

CARD = """
  - key: one
    title: One
    description: The first.
    visual: line
    sql: SELECT 1 AS a, 2 AS b
    x: a
    y: [b]
    row: 0
    column: 0
    width: 12
    height: 4
"""
BOARD = "key: board\ntitle: Board\ndescription: A board.\ncards:" + CARD


def test_the_shipped_dashboards_are_sound():
    boards = load()
    assert [board.key for board in boards] == ["data", "pnl"]
    assert all(board.cards for board in boards)
    assert {card.visual for board in boards for card in board.cards} == set(Visual)


def test_a_card_is_read_with_its_place_and_columns():
    [card] = parse(BOARD, "board.yaml").cards
    assert (card.key, card.visual, card.columns) == ("one", Visual.LINE, ("a", "b"))


BAD = [
    ("key: board\n", "missing required field `title`"),
    (BOARD.replace("title: One", "titel: One"), "titel"),
    (BOARD.replace("visual: line", "visual: pie"), "Invalid enum value 'pie'"),
    (BOARD.replace("    x: a\n", ""), "a line chart needs x and y"),
    (BOARD.replace("visual: line", "visual: number").replace("[b]", "[a, b]"), "needs one column"),
    (BOARD.replace("column: 0", "column: 13"), "ends at column 25"),
    (BOARD + CARD, "another card has this key"),
    (BOARD + CARD.replace("key: one", "key: two").replace("row: 0", "row: 3"), "lies over card one"),
    ("cards: [", "board.yaml"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_what_is_no_dashboard_is_refused(text, message):
    with pytest.raises(BadInput, match=r"board\.yaml") as refusal:
        parse(text, "board.yaml")
    assert message in str(refusal.value)
