"""API keys and the accounts behind them: one wallet on each market a key."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.kept.rows import KeptKey
from jtrader.exchange.sim.world import World
from jtrader.venue.account import Account

Funds = Mapping[str, Mapping[str, str]]
"""By market and asset, exact strings."""


class Key(msgspec.Struct, frozen=True):
    key: str
    secret: str
    accounts: dict[str, Account]
    """By market."""
    pace: float = 1.0
    """How many times a venue's usual limits of requests it may use, as venues grant it on demand."""


class Keys:
    """`created` is called with each new key, once its accounts are open."""

    def __init__(self, world: World, created: Callable[[KeptKey], None] = lambda _: None) -> None:
        self._world = world
        self._created = created
        self._keys: dict[str, Key] = {}

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def pace(self) -> float:
        """The most that any key was granted: its client's address may ask as much without it."""
        return max((key.pace for key in self._keys.values()), default=1.0)

    def pace_of(self, key: str) -> float:
        """What the key itself was granted."""
        return self._keys[key].pace

    def find(self, key: str) -> Key | None:
        return self._keys.get(key)

    def create(self, key: str, secret: str, funds: Funds, pace: float = 1.0) -> bool:
        """False when the key exists with this secret already (its funds stay); raises BadInput for another secret."""
        if not key or not secret:
            raise BadInput("an account needs a key and a secret")
        known = self._keys.get(key)
        if known is not None:
            if known.secret != secret:
                raise BadInput(f"key '{key[:4]}…' exists with another secret")
            return False
        made = KeptKey(key, secret, pace)
        self._add(made, self._world.open_account(key, funds))
        self._created(made)
        return True

    def restore(self, key: KeptKey) -> None:
        """A key whose accounts the world has already."""
        venues = self._world.venues.items()
        self._add(key, {market: venue.accounts[key.key] for market, venue in venues if key.key in venue.accounts})

    def _add(self, made: KeptKey, accounts: dict[str, Account]) -> None:
        self._keys[made.key] = Key(made.key, made.secret, accounts, made.pace)


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
