"""Requests that set the dead man's switch.

Sources: HTX's dead man's switch of spot (`timeout` in seconds, at least 5, 0 ends it) and of the contract markets
(`on_off`, `time_out` in ms, at least and usually 5,000).
"""

from typing import Any

from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.errors import HuobiError, illegal

_SHORTEST_MS = 5_000


def set_spot(call: Call) -> dict[str, int]:
    seconds = call.integer("timeout")
    if seconds is None or seconds < 0 or 0 < seconds * 1_000 < _SHORTEST_MS:
        raise HuobiError(2003, "invalid field value in `timeout`")
    return {"currentTime": call.wall_ms, "triggerTime": _set(call, seconds * 1_000)}


def set_contract(call: Call) -> dict[str, int | None]:
    switched, millis = call.integer("on_off"), call.integer("time_out")
    if switched not in (0, 1):
        raise illegal(call.family, "on_off")
    if millis is not None and millis < _SHORTEST_MS:
        raise illegal(call.family, "time_out")
    rings = _set(call, (millis or _SHORTEST_MS) * switched)
    return {"current_time": call.wall_ms, "trigger_time": rings or None}


def set_v5(call: Call) -> dict[str, Any]:
    """Strings, as everything there."""
    return {name: None if value is None else str(value) for name, value in set_contract(call).items()}


def _set(call: Call, millis: int) -> int:
    """When it rings, in ms of wall time; 0 = not at all."""
    call.switches.set(call.market, call.account.name, millis)
    return call.wall_ms + millis if millis else 0
