"""What Metabase should hold, as the bodies of its requests.

Each object carries a mark in its description: our key and a hash of what we asked for. Metabase rewrites queries, so
what it gives back can't be compared; the hash can.
"""

import hashlib
import json
import re
from typing import Any

import msgspec
from sqlalchemy.engine import make_url

from jtrader.report.dashboards import Card, Dashboard, Visual

Json = dict[str, Any]
DISPLAYS = {Visual.TABLE: "table", Visual.LINE: "line", Visual.BAR: "bar", Visual.NUMBER: "scalar"}
_MARK = re.compile(r"\[jtrader (?P<key>\S+) (?P<hash>[0-9a-f]{16})\]\s*$")


class Mark(msgspec.Struct, frozen=True):
    key: str
    hash: str


def mark_of(found: Json) -> Mark | None:
    """The mark of an object of ours, None for everybody else's."""
    match = _MARK.search(found.get("description") or "")
    return Mark(match["key"], match["hash"]) if match else None


def marked(key: str, body: Json) -> Json:
    """The body with its mark appended to the description."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    return {**body, "description": f"{body['description']}\n\n[jtrader {key} {digest}]"}


def database(name: str, uri: str) -> Json:
    """`uri` as Metabase reaches the desk's database, with a role that only reads."""
    url = make_url(uri)
    details = {
        "host": url.host,
        "port": url.port or 5432,
        "dbname": url.database,
        "user": url.username,
        "password": url.password,
        "ssl": False,
        "schema-filters-type": "inclusion",
        "schema-filters-patterns": "public",
    }
    return {
        "name": name,
        "engine": "postgres",
        "details": {key: value for key, value in details.items() if value is not None},
    }


def card(of: Dashboard, one: Card, database_id: int, collection_id: int) -> Json:
    key = f"{of.key}.{one.key}"
    return marked(
        key,
        {
            "name": one.title,
            "description": one.description,
            "display": DISPLAYS[one.visual],
            "dataset_query": {"type": "native", "database": database_id, "native": {"query": one.sql}},
            "visualization_settings": _settings(one),
            "collection_id": collection_id,
        },
    )


def dashboard(one: Dashboard, card_ids: dict[str, int], collection_id: int) -> tuple[Json, list[Json]]:
    """Its body, and its cards on the grid without ids of their own."""
    placed = [
        {
            "card_id": card_ids[card.key],
            "row": card.row,
            "col": card.column,
            "size_x": card.width,
            "size_y": card.height,
        }
        for card in one.cards
    ]
    body = {"name": one.title, "description": one.description, "collection_id": collection_id}
    digest = marked(one.key, {**body, "dashcards": placed})["description"]
    return {**body, "description": digest}, placed


def _settings(one: Card) -> Json:
    if one.visual in (Visual.LINE, Visual.BAR):
        dimensions = [one.x, one.series] if one.series else [one.x]
        return {"graph.dimensions": dimensions, "graph.metrics": list(one.y)}
    return {"scalar.field": one.y[0]} if one.visual is Visual.NUMBER else {}
