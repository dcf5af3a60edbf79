"""API keys and the accounts behind them: one wallet on each market a key."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.world import World
from jtrader.venue.account import Account

Funds = Mapping[str, Mapping[str, str]]
"""By market and asset, exact strings."""


class Key(msgspec.Struct, frozen=True):
    key: str
    secret: str
    accounts: dict[str, Account]
    """By market."""
    listen_key: str
    """Names the key's private stream; it doesn't expire here."""


class Keys:
    def __init__(self, world: World) -> None:
        self._world = world
        self._keys: dict[str, Key] = {}
        self._by_listen_key: dict[str, Key] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, key: str) -> Key | None:
        return self._keys.get(key)

    def find_listener(self, listen_key: str) -> Key | None:
        return self._by_listen_key.get(listen_key)

    def create(self, key: str, secret: str, funds: Funds) -> bool:
        """False when the key exists with this secret already (its funds stay); raises BadInput for another secret."""
        if not key or not secret:
            raise BadInput("an account needs a key and a secret")
        known = self._keys.get(key)
        if known is not None:
            if known.secret != secret:
                raise BadInput(f"key '{key[:4]}…' exists with another secret")
            return False
        created = Key(key, secret, self._world.open_account(key, funds), secrets.token_hex(32))
        self._keys[key] = self._by_listen_key[created.listen_key] = created
        return True


class KeyFile(msgspec.Struct, frozen=True):
    key: str
    secret: str
    market: str = ""


def read_key_files(folder: Path, markets: set[str]) -> list[KeyFile]:
    """The `*.json` of a folder that are keys of one of our markets; other secrets in it are not looked at."""
    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            key = msgspec.convert(json.loads(file.read_text()), KeyFile)
        except (json.JSONDecodeError, msgspec.ValidationError):
            continue
        if key.market in markets:
            found.append(key)
    return found
