"""The futures' listen keys: names of private streams, each good for an hour of wall time since it was last kept alive.

A stream whose key has expired is told so once; then nothing more comes on it, though its connection stays.
"""

import secrets

import msgspec

from jtrader.exchange.sim.binance.errors import NO_LISTEN_KEY, BinanceError

LIFE_MS = 3_600_000


class ListenKey(msgspec.Struct):
    token: str
    account: str
    """The API key that opened it."""
    expires_ms: int


class ListenKeys:
    """Of one market."""

    def __init__(self, life_ms: int = LIFE_MS) -> None:
        self._life_ms = life_ms
        self._by_account: dict[str, ListenKey] = {}
        self._by_token: dict[str, ListenKey] = {}

    def open(self, account: str, wall_ms: int) -> str:
        """A new one, or the account's, which then lives on."""
        known = self._by_account.get(account)
        if known is None or known.expires_ms <= wall_ms:
            known = ListenKey(secrets.token_hex(32), account, 0)
            self._by_account[account] = self._by_token[known.token] = known
        known.expires_ms = wall_ms + self._life_ms
        return known.token

    def keep(self, account: str, wall_ms: int) -> str:
        """Raises BinanceError when the account has none (any more)."""
        known = self._by_account.get(account)
        if known is None or known.expires_ms <= wall_ms:
            raise BinanceError(*NO_LISTEN_KEY)
        return self.open(account, wall_ms)

    def close(self, account: str, wall_ms: int) -> None:
        known = self._by_account.get(account)
        if known is not None:
            known.expires_ms = wall_ms

    def find(self, token: str, wall_ms: int) -> ListenKey | None:
        known = self._by_token.get(token)
        return known if known is not None and known.expires_ms > wall_ms else None

    def expired(self, wall_ms: int) -> list[ListenKey]:
        """Those that have expired since it was last asked; they are forgotten."""
        gone = [known for known in self._by_token.values() if known.expires_ms <= wall_ms]
        for known in gone:
            del self._by_token[known.token]
            if self._by_account.get(known.account) is known:
                del self._by_account[known.account]
        return gone

    def next_expiry_ms(self) -> int | None:
        return min((known.expires_ms for known in self._by_token.values()), default=None)
