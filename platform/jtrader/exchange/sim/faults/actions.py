"""What a fault rule does once it strikes. `on` says where each may stand.

REST = a request and its reply, STREAM = one WebSocket message, CONNECT = the opening of a WebSocket. Seconds are wall
time, since they stand for the network and the venue's machines.
"""

from enum import StrEnum
from typing import Any

import msgspec


class On(StrEnum):
    REST = "rest"
    STREAM = "stream"
    CONNECT = "connect"


class Part(StrEnum):
    REQUEST = "request"
    """Before the venue has seen it: nothing is accepted yet."""
    REPLY = "reply"
    """After: what was asked is done, only the client doesn't hear of it."""


class Change(StrEnum):
    EXTRA = "extra"
    """A field that nobody knows, in every object."""
    MISSING = "missing"
    TEXT = "text"
    """A number becomes a string."""
    NUMBER = "number"
    """A string that holds a number becomes one."""
    NAN = "nan"
    SET = "set"
    """The field becomes `value`: a price of zero, an update id from long ago."""


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """Base of all actions; `kind` names them in scripts."""


class Hold(Action, frozen=True, kw_only=True, tag="hold"):
    """Late by `seconds`. With `burst` (streams) what is held goes out together when the first of it is due."""

    seconds: float
    part: Part = Part.REQUEST
    burst: bool = False


class Drop(Action, frozen=True, kw_only=True, tag="drop"):
    """Lost. A REST client gets no answer: the connection stays silent for `seconds`, then it is reset."""

    part: Part = Part.REQUEST
    seconds: float = 60.0


class Duplicate(Action, frozen=True, kw_only=True, tag="duplicate"):
    """Arrives `copies` more times. Of a REST request the client hears the last reply."""

    copies: int = 1


class Reorder(Action, frozen=True, kw_only=True, tag="reorder"):
    """Is overtaken by the next one that matches the rule, or goes on alone after `seconds`."""

    part: Part = Part.REQUEST
    seconds: float = 5.0


class Answer(Action, frozen=True, kw_only=True, tag="answer"):
    """Another answer than the venue's: instead of accepting the request, or (`after`) though it was accepted, which is
    how a 503 hides an order. A body that is no string is sent as JSON. On streams the body replaces the message, with
    the message's own `id` where it has one."""

    status: int = 503
    body: Any = ""
    headers: dict[str, str] = {}
    after: bool = False


class Fill(Action, frozen=True, kw_only=True, tag="fill"):
    """The open order that the request names is taken by somebody before the venue looks at the request: the race that a
    cancel or an amendment loses. With `share` of what is left of it, rounded down to a lot."""

    share: float = 1.0


class Amnesia(Action, frozen=True, kw_only=True, tag="amnesia"):
    """The venue denies knowing any order or trade; other requests are answered as ever."""


class Maintenance(Action, frozen=True, kw_only=True, tag="maintenance"):
    """The venue is away: requests and new connections get 503, open connections end."""


class ClockOffset(Action, frozen=True, kw_only=True, tag="clock_offset"):
    """The venue's wall clock is off by `seconds` for the request: its time answers and its check of timestamps."""

    seconds: float


class Drift(Action, frozen=True, kw_only=True, tag="drift"):
    """The reply or message no longer has the shape that was documented, wherever `field` is in it."""

    change: Change
    field: str
    value: Any = None


class Gap(Action, frozen=True, kw_only=True, tag="gap"):
    """This message and the next matching ones of its connection are lost, `messages` in all."""

    messages: int = 10


class Mute(Action, frozen=True, kw_only=True, tag="mute"):
    """The message's topic falls silent on its connection while everything else goes on, until the rule ends."""


class HalfOpen(Action, frozen=True, kw_only=True, tag="half_open"):
    """The connection stays, but nothing is sent or heard on it any more and pings stay unanswered."""


class Disconnect(Action, frozen=True, kw_only=True, tag="disconnect"):
    """The connection ends: with a close frame and `code`, or with `reset` without a word."""

    code: int = 1001
    reset: bool = False


AnyAction = (
    Hold
    | Drop
    | Duplicate
    | Reorder
    | Answer
    | Fill
    | Amnesia
    | Maintenance
    | ClockOffset
    | Drift
    | Gap
    | Mute
    | HalfOpen
    | Disconnect
)

PLACES: dict[type[Action], tuple[On, ...]] = {
    Hold: (On.REST, On.STREAM, On.CONNECT),
    Drop: (On.REST, On.STREAM, On.CONNECT),
    Duplicate: (On.REST, On.STREAM),
    Reorder: (On.REST, On.STREAM),
    Answer: (On.REST, On.STREAM, On.CONNECT),
    Fill: (On.REST,),
    Amnesia: (On.REST,),
    Maintenance: (On.REST, On.CONNECT, On.STREAM),
    ClockOffset: (On.REST, On.STREAM),
    Drift: (On.REST, On.STREAM),
    Gap: (On.STREAM,),
    Mute: (On.STREAM,),
    HalfOpen: (On.STREAM, On.CONNECT),
    Disconnect: (On.STREAM, On.REST, On.CONNECT),
}
"""Where an action may stand; the first is meant where the rule doesn't say. Maintenance stands everywhere at once."""
