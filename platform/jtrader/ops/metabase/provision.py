"""Brings Metabase to what the dashboards' files say; running it again changes nothing."""

from collections.abc import Callable, Sequence

import msgspec

from jtrader.ops.metabase import wanted
from jtrader.ops.metabase.client import Json, Metabase
from jtrader.report.dashboards import Dashboard

NAME = "jtrader"
"""Of the database and of the collection."""


class Changes(msgspec.Struct):
    """What was done, object by object, as `card pnl.curve`."""

    created: list[str] = []
    updated: list[str] = []
    archived: list[str] = []
    unchanged: list[str] = []

    def __str__(self) -> str:
        counts = ((what, len(getattr(self, what))) for what in self.__struct_fields__)
        return ", ".join(f"{count} {what}" for what, count in counts)


def provision(metabase: Metabase, dashboards: Sequence[Dashboard], database_uri: str) -> Changes:
    """Database, collection, cards, dashboards. Cards of ours that no file names any more are archived; what people made
    themselves is left alone. The session must be signed in."""
    changes = Changes()
    database_id = _database(metabase, database_uri, changes)
    collection_id = _collection(metabase, changes)
    cards = _ours(metabase.cards())
    boards = _ours(metabase.dashboards())
    for one in dashboards:
        ids = {}
        for card in one.cards:
            key = f"{one.key}.{card.key}"
            body = wanted.card(one, card, database_id, collection_id)
            ids[card.key] = _put(
                changes, f"card {key}", cards.pop(key, None), body, metabase.add_card, metabase.change_card
            )
        _dashboard(metabase, one, ids, collection_id, boards.pop(one.key, None), changes)
    for key, found in cards.items():
        metabase.change_card(found["id"], {"archived": True})
        changes.archived.append(f"card {key}")
    for key, found in boards.items():
        metabase.change_dashboard(found["id"], {"archived": True})
        changes.archived.append(f"dashboard {key}")
    return changes


def _database(metabase: Metabase, uri: str, changes: Changes) -> int:
    """Metabase hides passwords, so a change of the password alone is not seen: delete the database there."""
    body = wanted.database(NAME, uri)
    found = next((one for one in metabase.databases() if one["name"] == NAME), None)
    if found is None:
        changes.created.append(f"database {NAME}")
        return int(metabase.add_database(body)["id"])
    shown = {key: value for key, value in body["details"].items() if key != "password"}
    told = found.get("details") or {}
    if any(told.get(key) != value for key, value in shown.items()):
        metabase.change_database(found["id"], body)
        changes.updated.append(f"database {NAME}")
    else:
        changes.unchanged.append(f"database {NAME}")
    return int(found["id"])


def _collection(metabase: Metabase, changes: Changes) -> int:
    for found in metabase.collections():
        if found.get("name") == NAME and not found.get("archived"):
            changes.unchanged.append(f"collection {NAME}")
            return int(found["id"])
    changes.created.append(f"collection {NAME}")
    return int(metabase.add_collection({"name": NAME, "description": "Made from report/dashboards of jtrader"})["id"])


def _dashboard(
    metabase: Metabase, one: Dashboard, ids: dict[str, int], collection_id: int, found: Json | None, changes: Changes
) -> None:
    """Its cards are placed by a change of the whole grid: cards that are there keep their place's id, new ones get
    negative ids. A dashboard whose cards were not placed yet has another mark, so the next run goes on there."""
    body, placed = wanted.dashboard(one, ids, collection_id)
    name = f"dashboard {one.key}"
    mark = wanted.mark_of(body)
    if found is not None and wanted.mark_of(found) == mark:
        changes.unchanged.append(name)
        return
    if found is None:
        empty = wanted.marked(one.key, {**body, "description": one.description})
        number = int(metabase.add_dashboard(empty)["id"])
        there: list[Json] = []
        changes.created.append(name)
    else:
        number = int(found["id"])
        there = metabase.dashboard(number).get("dashcards", [])
        changes.updated.append(name)
    known = {dashcard["card_id"]: dashcard["id"] for dashcard in there}
    grid = [{"id": known.get(card["card_id"], -1 - index), **card} for index, card in enumerate(placed)]
    metabase.change_dashboard(number, {**body, "dashcards": grid})


def _put(
    changes: Changes,
    name: str,
    found: Json | None,
    body: Json,
    add: Callable[[Json], Json],
    change: Callable[[int, Json], Json],
) -> int:
    """Adds or changes one object unless its mark is already what we want; returns its id."""
    if found is None:
        changes.created.append(name)
        return int(add(body)["id"])
    if wanted.mark_of(found) == wanted.mark_of(body):
        changes.unchanged.append(name)
    else:
        change(found["id"], body)
        changes.updated.append(name)
    return int(found["id"])


def _ours(found: Sequence[Json]) -> dict[str, Json]:
    """Objects with our mark that are not archived, by key; of copies the oldest."""
    ours: dict[str, Json] = {}
    for one in sorted(found, key=lambda one: int(one["id"]), reverse=True):
        mark = wanted.mark_of(one)
        if mark is not None and not one.get("archived"):
            ours[mark.key] = one
    return ours
