"""Topics of market data, `<market>/<kind>/<SYMBOL>|`, and the frame that a message is.

A frame is the topic, an 8-byte sequence number and a msgpack array of events. The sequence holds the publisher's epoch
in its upper 32 bits (a later start has a greater one) and the topic's message number in the lower. An empty array is a
beat: it repeats the number of the topic's last message, so that a lost last message is seen too.
"""

from collections.abc import Sequence

from jtrader.domain.ids import InstrumentId, instrument_id, split_instrument_id

KINDS = ("candle", "trade", "quote", "depth", "mark", "funding", "open_interest", "trading", "status")
CONFLATED = ("quote", "depth", "mark")
"""Kinds that only show a state: who is too slow for all of them may have the newest state alone."""

END = b"|"
ASK = b"?"
"""`?<who asks>?<topic, or its start>` is the subscription that asks what now holds; what comes before the topic is the
address of the answers."""
STATES = ("status", "trading", "mark", "quote", "depth")
"""Kinds that show a state, in the order in which it is told to who asks."""
EMPTY = b"\x90"
"""msgpack of no events."""
UNKNOWN_COUNT = -1
"""How many messages are missing after the publisher has restarted: perhaps some, nobody knows."""

_NUMBER = (1 << 32) - 1


def topic_of(instrument: InstrumentId, kind: str) -> bytes:
    """`binance_usdm/quote/BTCUSDT|`."""
    market, symbol = split_instrument_id(instrument)
    return f"{market}/{kind}/{symbol}".encode() + END


def parse_topic(topic: bytes) -> tuple[InstrumentId, str]:
    """(instrument, kind)."""
    market, kind, symbol = topic[: -len(END)].decode().split("/", 2)
    return instrument_id(market, symbol), kind


def prefixes(instruments: Sequence[InstrumentId], markets: Sequence[str], kinds: Sequence[str]) -> list[bytes]:
    """What to subscribe for the kinds of the instruments and of all instruments of the markets; without either, all
    that the publisher has."""
    wanted = [topic_of(instrument, kind) for instrument in instruments for kind in kinds]
    wanted += [f"{market}/{kind}/".encode() for market in markets for kind in kinds]
    return wanted or [b""]


def asked_of(wish: bytes) -> tuple[bytes, bytes]:
    """(address of the answers, start of the topics) of a subscription that asks."""
    start = wish.find(ASK, 1) + 1
    return wish[:start], wish[start:]


def missed_between(last: int, number: int, is_beat: bool) -> int:
    """Messages lost between two sequence numbers of a topic."""
    if number >> 32 != last >> 32:
        return UNKNOWN_COUNT
    missed = (number & _NUMBER) - (last & _NUMBER) - (0 if is_beat else 1)
    return missed if missed >= 0 else UNKNOWN_COUNT
