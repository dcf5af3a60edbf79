"""What a dashboard's YAML may say, and reading it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import yaml

from jtrader.domain.errors import BadInput

COLUMNS = 24
"""The width of the grid."""

Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class Visual(StrEnum):
    TABLE = "table"
    LINE = "line"
    BAR = "bar"
    NUMBER = "number"


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One chart or table. Charts draw the columns `y` over the column `x`, one line or bar per value of `series`; the
    place is in grid cells."""

    key: Key
    title: Text
    description: Text
    sql: Text
    visual: Visual
    x: str = ""
    y: tuple[str, ...] = ()
    series: str = ""
    row: Annotated[int, msgspec.Meta(ge=0)]
    column: Annotated[int, msgspec.Meta(ge=0)]
    width: Annotated[int, msgspec.Meta(ge=2, le=COLUMNS)]
    height: Annotated[int, msgspec.Meta(ge=2)]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the SQL that the drawing names."""
        return tuple(name for name in (self.x, self.series, *self.y) if name)

    def covers(self, other: "Card") -> bool:
        across = self.column < other.column + other.width and other.column < self.column + self.width
        return across and self.row < other.row + other.height and other.row < self.row + self.height


class Dashboard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: Key
    title: Text
    description: Text
    cards: tuple[Card, ...]


def load(folder: Path = Path(__file__).parent) -> list[Dashboard]:
    """Every `*.yaml` of the folder, by file name. Raises BadInput with the file and the place."""
    return [parse(file.read_text(), file.name) for file in sorted(folder.glob("*.yaml"))]


def parse(text: str, name: str) -> Dashboard:
    """Raises BadInput for what is no dashboard: unknown or missing keys, charts without axes, cards over each other."""
    try:
        dashboard = msgspec.convert(yaml.safe_load(text), Dashboard)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadInput(f"dashboard {name}: {error}") from error
    for number, card in enumerate(dashboard.cards):
        where = f"dashboard {name}, card {card.key}"
        if card.visual in (Visual.LINE, Visual.BAR) and not (card.x and card.y):
            raise BadInput(f"{where}: a {card.visual} chart needs x and y")
        if card.visual is Visual.NUMBER and len(card.y) != 1:
            raise BadInput(f"{where}: a number needs one column as y")
        if card.column + card.width > COLUMNS:
            raise BadInput(f"{where}: it ends at column {card.column + card.width}, the grid has {COLUMNS}")
        for other in dashboard.cards[:number]:
            if other.key == card.key:
                raise BadInput(f"{where}: another card has this key")
            if card.covers(other):
                raise BadInput(f"{where}: it lies over card {other.key}")
    return dashboard
