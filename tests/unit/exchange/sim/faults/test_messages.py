"""What the script does to a connection's messages, by a table of rules and what arrives."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from jtrader.exchange.sim.faults.faults import Faults
from jtrader.exchange.sim.faults.messages import Line
from jtrader.exchange.sim.faults.script import script_of
from jtrader.exchange.sim.wall import venue_wall_ns


class Client:
    """Writes down what arrives, and what became of the connection."""

    def __init__(self, rules: list[dict[str, Any]]) -> None:
        self.market_now = 0
        self.faults = Faults(lambda: self.market_now)
        self.key = ""
        self.got: list[str] = []
        self.end = ""
        self.line = Line(self.faults, self, "stream.binance.com", "/ws/0")
        self.line.opened()
        self.faults.load(script_of({"seed": 1, "rules": rules}))

    def send(self, message: bytes) -> None:
        self.got.append(message.decode())

    def close(self, code: int = 1000) -> None:
        self.end = f"closed {code}"

    def reset(self) -> None:
        self.end = "reset"

    def tell(self, *names: str, topic: str = "btcusdt@trade") -> None:
        for name in names:
            self.line.outgoing(name.encode(), topic, self.send)


def on_trades(**action: Any) -> list[dict[str, Any]]:
    match = {"topic": "*@trade", **action.pop("match", {})}
    return [{"match": match, "action": action}]


TABLE: list[tuple[list[dict[str, Any]], list[str]]] = [
    ([], ["a", "b", "c", "d"]),
    (on_trades(kind="drop", match={"skip": 1, "times": 1}), ["a", "c", "d"]),
    (on_trades(kind="duplicate", match={"times": 1}), ["a", "a", "b", "c", "d"]),
    (on_trades(kind="duplicate", copies=2, match={"skip": 3}), ["a", "b", "c", "d", "d", "d"]),
    (on_trades(kind="reorder", match={"times": 1}), ["b", "a", "c", "d"]),
    (on_trades(kind="gap", messages=2, match={"skip": 1, "times": 1}), ["a", "d"]),
    (on_trades(kind="mute", match={"skip": 2}), ["a", "b"]),
    (on_trades(kind="answer", body={"x": 1}, match={"times": 1}), ['{"x":1}', "b", "c", "d"]),
    (on_trades(kind="drop", match={"text": "[bd]"}), ["a", "c"]),
    ([{"match": {"topic": "*@depth"}, "action": {"kind": "drop"}}], ["a", "b", "c", "d"]),
    ([{"match": {"host": "fstream.*", "topic": "*"}, "action": {"kind": "drop"}}], ["a", "b", "c", "d"]),
]


@pytest.mark.parametrize(("rules", "arrives"), TABLE)
def test_what_arrives_of_four_messages(rules: list[dict[str, Any]], arrives: list[str]) -> None:
    async def run() -> list[str]:
        client = Client(rules)
        client.tell("a", "b", "c", "d")
        return client.got

    assert asyncio.run(run()) == arrives


def test_only_the_struck_topic_is_muted_until_the_rule_ends() -> None:
    client = Client([{"match": {"topic": "*@trade", "until": 1_000}, "action": {"kind": "mute"}}])
    client.tell("a", "b")
    client.tell("1", topic="btcusdt@depth")
    client.market_now = 1_000
    client.tell("c")
    assert client.got == ["1", "c"]


def test_another_connection_is_not_muted() -> None:
    client = Client(on_trades(kind="mute", match={"times": 1}))
    client.tell("a", "b")
    other = Line(client.faults, client, "stream.binance.com", "/ws/1")
    other.outgoing(b"c", "btcusdt@trade", client.send)
    assert client.got == ["c"]


async def _held(rules: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    client = Client(rules)
    client.tell("a", "b")
    at_once = list(client.got)
    await asyncio.sleep(0.05)
    return at_once, client.got


HELD: list[tuple[dict[str, Any], list[str]]] = [
    ({"kind": "hold", "seconds": 0.01, "match": {"times": 1}}, ["b", "a"]),
    ({"kind": "hold", "seconds": 0.01, "burst": True}, ["a", "b"]),
    ({"kind": "reorder", "seconds": 0.01, "match": {"skip": 1}}, ["a", "b"]),
]


@pytest.mark.parametrize(("action", "arrives"), HELD)
def test_what_is_held_comes_late_and_comes_once(action: dict[str, Any], arrives: list[str]) -> None:
    at_once, later = asyncio.run(_held(on_trades(**action)))
    assert len(at_once) < 2
    assert later == arrives


ENDS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "disconnect"}, "closed 1001"),
    ({"kind": "disconnect", "code": 1006}, "closed 1006"),
    ({"kind": "disconnect", "reset": True}, "reset"),
    ({"kind": "maintenance"}, "closed 1001"),
]


@pytest.mark.parametrize(("action", "end"), ENDS)
def test_open_connections_end_when_the_script_is_loaded(action: dict[str, Any], end: str) -> None:
    client = Client([{"action": action}])
    assert client.end == end


def test_a_connection_ends_when_market_time_comes() -> None:
    client = Client([{"match": {"after": 500}, "action": {"kind": "disconnect"}}])
    client.faults.look()
    assert client.end == ""
    client.market_now = 500
    client.faults.look()
    assert client.end == "closed 1001"


def test_the_share_of_connections_is_judged_once_for_each() -> None:
    client = Client([])
    lines = [Line(client.faults, client, "stream.binance.com", f"/ws/{n}") for n in range(200)]
    for line in lines:
        line.opened()
    client.faults.load(script_of({"seed": 3, "rules": [{"match": {"share": 0.2}, "action": {"kind": "half_open"}}]}))
    for _ in range(50):
        client.faults.look()
    assert 20 < sum(line.half_open for line in lines) < 60


def test_a_half_open_connection_hears_and_tells_nothing() -> None:
    client = Client([{"action": {"kind": "half_open"}}])
    client.tell("a")
    heard: list[bytes] = []
    client.line.incoming(b"b", heard.append)
    assert (client.got, heard, client.end) == ([], [], "")


ASK = b'{"id":"5","method":"order.place","params":{}}'


def _asked(action: dict[str, Any], reply: Callable[[Client], None]) -> tuple[list[bytes], list[str]]:
    client = Client([{"match": {"direction": "in", "text": "order.place"}, "action": action}])
    heard: list[bytes] = []

    def hear(message: bytes) -> None:
        heard.append(message)
        reply(client)

    client.line.incoming(ASK, hear)
    return heard, client.got


def _accept(client: Client) -> None:
    client.tell('{"id":"5","status":200}', topic="")


def test_a_request_on_a_socket_is_lost_answered_or_accepted_and_denied() -> None:
    assert _asked({"kind": "drop"}, _accept) == ([], [])
    denied = {"kind": "answer", "body": {"status": 503}}
    heard, got = _asked(denied, _accept)
    assert (heard, [json.loads(text) for text in got]) == ([], [{"id": "5", "status": 503}])
    heard, got = _asked(denied | {"after": True}, _accept)
    assert (heard, [json.loads(text) for text in got]) == ([ASK], [{"id": "5", "status": 503}])


def test_the_venues_clock_is_off_for_that_request_alone() -> None:
    seen: list[int] = []
    right = venue_wall_ns()
    _asked({"kind": "clock_offset", "seconds": 5}, lambda _: seen.append(venue_wall_ns()))
    assert 4_900_000_000 < seen[0] - right < 10_000_000_000
    assert venue_wall_ns() - right < 4_000_000_000


def test_what_is_in_force_is_told_with_its_counts() -> None:
    client = Client(on_trades(kind="drop", match={"skip": 1}))
    client.tell("a", "b", "c")
    told = client.faults.told()["rules"][0]
    assert (told["number"], told["matched"], told["struck"], told["on"]) == (1, 3, 2, "stream")
    assert told["action"] == {"kind": "drop", "part": "request", "seconds": 60.0}
    client.faults.clear()
    client.tell("d")
    assert client.got == ["a", "d"]
