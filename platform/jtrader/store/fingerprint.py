"""A name for exactly this row: what differs in any field, be it in the last digit, has another one."""

import hashlib

import msgspec

from jtrader.domain.market import MarketEvent


def fingerprint(row: MarketEvent) -> str:
    return hashlib.sha256(msgspec.msgpack.encode(row)).hexdigest()[:32]
