"""How every socket of the bus is made: loopback only, no lingering, failures as our own errors."""

import struct
from typing import Any

import zmq

from jtrader.domain.errors import BadInput, Unavailable

SEQUENCE = struct.Struct(">Q")
"""A sequence number on the wire: 8 bytes, big-endian."""

_LOOPBACK = ("tcp://127.0.0.1:", "tcp://[::1]:", "tcp://localhost:", "ipc://", "inproc://")
QUEUE_MESSAGES = 100_000
"""High-water mark of a market data socket. Beyond it messages are dropped; the receiver sees that by sequence."""


def check_loopback(uri: str) -> str:
    """Returns `uri`; raises BadInput where it could be reached from another machine."""
    if not uri.startswith(_LOOPBACK):
        raise BadInput(f"bus address '{uri}' is not on this machine; use tcp://127.0.0.1:PORT or ipc://PATH")
    return uri


def bind(context: zmq.Context[Any], socket: zmq.Socket[Any], uri: str) -> str:
    """Binds and returns the address in use (`tcp://127.0.0.1:*` picks a free port); on failure nothing stays open."""
    try:
        socket.bind(check_loopback(uri))
    except zmq.ZMQError as error:
        context.destroy(linger=0)
        raise Unavailable(f"can't listen on {uri}: {error}; stop what holds the address or choose another") from error
    except BadInput:
        context.destroy(linger=0)
        raise
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)


def connect(context: zmq.Context[Any], socket: zmq.Socket[Any], uri: str) -> None:
    """Connects, also to what is not there yet; on failure nothing stays open."""
    try:
        socket.connect(check_loopback(uri))
    except (zmq.ZMQError, BadInput):
        context.destroy(linger=0)
        raise
