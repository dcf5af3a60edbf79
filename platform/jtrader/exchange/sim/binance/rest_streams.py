"""Doors of the private streams: the futures' listen keys."""

from typing import Any

from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import NO_KEY, BinanceError
from jtrader.exchange.sim.keys import Key


def open_listen_key(call: Call) -> dict[str, Any]:
    """A new one, or the one that there is, which lives on."""
    return {"listenKey": call.listen_keys.open(_key(call).key, call.wall_ms)}


def keep_listen_key(call: Call) -> dict[str, Any]:
    return {"listenKey": call.listen_keys.keep(_key(call).key, call.wall_ms)}


def close_listen_key(call: Call) -> dict[str, Any]:
    call.listen_keys.close(_key(call).key, call.wall_ms)
    return {}


def _key(call: Call) -> Key:
    if call.key is None:
        raise BinanceError(*NO_KEY)
    return call.key
