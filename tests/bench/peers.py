"""What ccxt.pro's parsers do with the same frames, one core: JSON, its handlers, its caches and books; no network."""

import asyncio
import gzip
import json
import time
from collections.abc import Sequence
from typing import Any

URLS = {
    "binance": "wss://fstream.binance.com/ws",
    "bitmex": "wss://ws.bitmex.com/realtime",
    "huobi": "wss://api.huobi.pro/ws",
}


def ccxt_seconds(venue: str, opening: Sequence[bytes], frames: Sequence[bytes]) -> float:
    """CPU seconds for the frames."""
    return asyncio.run(_seconds(venue, opening, frames))


async def _seconds(venue: str, opening: Sequence[bytes], frames: Sequence[bytes]) -> float:
    exchange = _exchange(venue)
    client = exchange.client(URLS[venue])
    unpack = gzip.decompress if venue == "huobi" else bytes
    handle = exchange.handle_message
    try:
        for frame in opening:
            handle(client, json.loads(unpack(frame)))
        began = time.process_time()
        for frame in frames:
            handle(client, json.loads(unpack(frame)))
        return time.process_time() - began
    finally:
        await exchange.close()


def _exchange(venue: str) -> Any:
    """Its futures of who waits want a running loop."""
    if venue == "binance":
        from ccxt.pro.binance import binance as kind
    elif venue == "bitmex":
        from ccxt.pro.bitmex import bitmex as kind
    else:
        from ccxt.pro.htx import htx as kind
    exchange = kind({"newUpdates": False})
    exchange.set_markets([_spot(symbol) for symbol in ("btcusdt", "ethusdt", "xrpusdt", "omgusdt")])
    return exchange


def _spot(symbol: str) -> dict[str, Any]:
    """As much of a ccxt market as its parsers look at."""
    base, quote = symbol[:3].upper(), symbol[3:].upper()
    kinds = {"type": "spot", "spot": True, "swap": False, "future": False, "option": False, "contract": False}
    names = {"id": symbol, "lowercaseId": symbol, "symbol": f"{base}/{quote}", "base": base, "quote": quote}
    ids = {"baseId": base.lower(), "quoteId": quote.lower(), "settle": None, "settleId": None}
    rules = {"linear": None, "inverse": None, "contractSize": None, "limits": {}, "active": True}
    return {**kinds, **names, **ids, **rules, "precision": {"amount": 1e-8, "price": 1e-8}}
