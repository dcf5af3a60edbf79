"""The dashboards in a Metabase that holds us to its own REST description, on the desk's real database."""

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from fixtures.metabase_server import RunningMetabase
from jtrader.app.jobs.dashboards import provision_dashboards
from jtrader.app.settings import Settings, load_settings
from jtrader.domain.errors import BadInput, Broken, Unavailable
from jtrader.ops.metabase.client import Metabase
from jtrader.ops.metabase.provision import provision
from jtrader.report.dashboards import Dashboard, load
from jtrader.store.postgres.connection import connect
from jtrader.store.postgres.reader import PostgresReader
from jtrader.store.postgres.schema import upgrade


@pytest.fixture
def analyst(databases, postgres) -> str:
    """The desk's database as Metabase reaches it."""
    upgrade(postgres)
    return urlsplit(databases.postgres("jtrader", "analyst"))._replace(path=urlsplit(postgres).path).geturl()


@pytest.fixture
def settings(tmp_path, metabase_server: RunningMetabase, analyst: str) -> Settings:
    write_keys(tmp_path, database_uri=analyst)
    return load_settings(home=tmp_path, metabase_uri=metabase_server.uri)


def write_keys(home, mode=0o600, **changed) -> None:
    file = home / "secrets" / "metabase.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"email": "desk@example.org", "password": "a-long-password-1", **changed}))
    file.chmod(mode)


def pnl() -> Dashboard:
    return next(board for board in load() if board.key == "pnl")


def held_pnl(server: RunningMetabase) -> dict[str, Any]:
    """As Metabase has it."""
    [found] = [one for one in server.fake.held["dashboard"].values() if one["name"] == pnl().title]
    return found


def test_a_new_metabase_gets_database_cards_and_dashboards(settings, metabase_server):
    boards, board = load(), pnl()
    changes = provision_dashboards(settings)
    assert changes.created[:2] == ["database jtrader", "collection jtrader"]
    assert len(changes.created) == 2 + len(boards) + sum(len(one.cards) for one in boards)
    held = metabase_server.fake.held
    dashboard = held_pnl(metabase_server)
    placed = {
        held["card"][c["card_id"]]["name"]: (c["row"], c["col"], c["size_x"], c["size_y"])
        for c in dashboard["dashcards"]
    }
    assert placed == {card.title: (card.row, card.column, card.width, card.height) for card in board.cards}
    curve = next(card for card in held["card"].values() if card["name"] == "P&L over time")
    assert curve["display"] == "line"
    assert curve["visualization_settings"] == {"graph.dimensions": ["time", "strategy"], "graph.metrics": ["pnl"]}


def test_running_it_again_changes_nothing(settings, metabase_server):
    provision_dashboards(settings)
    before = json.dumps(metabase_server.fake.held)
    metabase_server.fake.calls.clear()
    changes = provision_dashboards(settings)
    assert (changes.created, changes.updated, changes.archived) == ([], [], [])
    assert metabase_server.fake.calls == []
    assert json.dumps(metabase_server.fake.held) == before


def test_changes_of_the_files_are_followed_and_nothing_else_is_touched(settings, metabase_server, analyst):
    provision_dashboards(settings)
    board = pnl()
    first, second, *others = board.cards
    theirs = {
        "name": "Mine",
        "display": "table",
        "visualization_settings": {},
        "dataset_query": {"type": "native", "database": 1, "native": {"query": "SELECT 1"}},
    }
    with Metabase(metabase_server.uri) as metabase:
        metabase.sign_in("desk@example.org", "a-long-password-1")
        own = metabase.add_card(theirs)["id"]
        kept = {c["card_id"]: c["id"] for c in held_pnl(metabase_server)["dashcards"]}
        changed = msgspec.structs.replace(first, sql="SELECT 1 AS one")
        boards = [one for one in load() if one.key != "pnl"]
        changes = provision(metabase, [*boards, msgspec.structs.replace(board, cards=(changed, *others))], analyst)
    assert changes.updated == [f"card pnl.{first.key}", "dashboard pnl"]
    assert changes.archived == [f"card pnl.{second.key}"]
    held = metabase_server.fake.held
    assert held["card"][own]["archived"] is False
    dashcards = held_pnl(metabase_server)["dashcards"]
    assert {c["card_id"]: c["id"] for c in dashcards}.items() <= kept.items(), "places keep their ids"
    assert len(dashcards) == len(board.cards) - 1


def test_a_run_that_was_cut_short_is_finished_by_the_next(settings, metabase_server, analyst):
    """Everything is there but the cards' places."""

    class Cut(Metabase):
        def change_dashboard(self, number, body):
            raise Unavailable("the line went dead")

    with Cut(metabase_server.uri) as metabase:
        metabase.sign_in("desk@example.org", "a-long-password-1")
        with pytest.raises(Unavailable, match="dead"):
            provision(metabase, [pnl()], analyst)
    with Metabase(metabase_server.uri) as metabase:
        metabase.sign_in("desk@example.org", "a-long-password-1")
        changes = provision(metabase, [pnl()], analyst)
    assert (changes.created, changes.updated) == ([], ["dashboard pnl"])
    assert len(held_pnl(metabase_server)["dashcards"]) == len(pnl().cards)


def test_every_card_runs_on_the_real_views_as_analyst(analyst):
    engine = connect(analyst)
    reader = PostgresReader(engine)
    for board in load():
        for card in board.cards:
            assert isinstance(reader.query(card.sql), list)
            names = reader.query(f"SELECT count(*) AS n FROM ({card.sql.rstrip()}) AS q")
            assert names[0]["n"] >= 0
            with engine.connect() as connection:
                found = connection.exec_driver_sql(card.sql.replace("%", "%%")).keys()
            assert set(card.columns) <= set(found), card.key
    engine.dispose()


def test_the_server_is_as_strict_as_metabase(metabase_server):
    """The traps that the contract server must catch, else it would prove nothing."""
    http = httpx.Client(base_url=metabase_server.uri)
    setup = {
        "token": "setup-token-1",
        "user": {"email": "a@b.c", "password": "x"},
        "prefs": {"site_name": "s", "site_locale": None},
    }
    assert http.post("/api/setup/", json=setup).status_code == 400, "null is refused"
    assert http.post("/api/setup", json=setup).status_code == 404, "the / at the end counts"
    assert http.get("/api/card/", params={"f": "all"}).status_code == 401, "no session"
    http.close()


def test_a_wrong_password_and_a_database_out_of_reach_are_said(settings, metabase_server, tmp_path, analyst):
    provision_dashboards(settings)
    write_keys(tmp_path, password="another", database_uri=analyst)
    with pytest.raises(BadInput, match="refuses these credentials"):
        provision_dashboards(settings)
    metabase_server.fake.held["database"].clear()
    write_keys(tmp_path, database_uri="postgresql://analyst:x@127.0.0.1:1/jtrader")
    with pytest.raises(Broken, match="POST /api/database/"):
        provision_dashboards(settings)


def test_key_files_that_will_not_do(tmp_path):
    settings = load_settings(home=tmp_path, metabase_uri="http://127.0.0.1:1")
    with pytest.raises(BadInput, match=r"metabase\.json can't be read"):
        provision_dashboards(settings)
    write_keys(tmp_path, mode=0o644, database_uri="x")
    with pytest.raises(BadInput, match="chmod 600"):
        provision_dashboards(settings)
    write_keys(tmp_path)
    with pytest.raises(BadInput, match="database_uri"):
        provision_dashboards(settings)
    write_keys(tmp_path, database_uri="postgresql://analyst:x@127.0.0.1:1/jtrader")
    with pytest.raises(Unavailable, match="does not answer"):
        provision_dashboards(settings)
