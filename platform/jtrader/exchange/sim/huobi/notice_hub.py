"""Who listens to which notifications of one contract market."""

from collections import defaultdict
from typing import Any

import msgspec

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.notice import Notice, Speaker
from jtrader.exchange.sim.huobi.public_notices import PublicNotices
from jtrader.exchange.sim.huobi.rows_spot import ACCOUNTS
from jtrader.exchange.sim.sockets import Socket
from jtrader.exchange.sim.world import Told, World
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing

_Topic = tuple[str, str, str]
"""(account, kind, name): the account is empty for what everybody may read, the name `*` for all."""


class NoticeHub:
    def __init__(self, world: World, market: str, speaker: Speaker) -> None:
        self._world = world
        self._venue = world.venues[market]
        self._speaker = speaker
        self._public = PublicNotices(world, market)
        self._readers: dict[_Topic, set[Socket]] = defaultdict(set)

    def listings(self, name: str) -> list[Listing]:
        """What a name stands for: a contract, a coin, or `*`; empty for what isn't listed."""
        listings = self._venue.listings.values()
        return [one for one in listings if name in ("*", one.symbol.lower(), one.instrument.base.lower())]

    def follow(self, socket: Socket, kind: str, name: str, account: Account) -> None:
        """The account's notices, after an opening."""
        self._readers[(account.name, kind, name)].add(socket)
        body = self._speaker.opening(kind, account, self.listings(name))
        if body is not None:
            notice = Notice(kind, account.name, name, {"ts": to_millis(self._world.now), **body})
            self._send(socket, notice, name)

    def follow_public(self, socket: Socket, kind: str, name: str) -> None:
        self._readers[("", kind, name)].add(socket)
        for listing in self.listings(name):
            opening = self._public.opening(kind, listing)
            if opening is not None:
                self._send(socket, opening, name)

    def unfollow(self, socket: Socket, kind: str, name: str, account: str) -> bool:
        """Leaving all (`*`) leaves each. False where there was nothing to leave."""
        left = False
        for topic in [topic for topic, readers in self._readers.items() if socket in readers]:
            if topic[:2] == (account, kind) and name in ("*", topic[2]):
                self._readers[topic].discard(socket)
                left = True
        self._sweep()
        return left

    def forget(self, socket: Socket) -> None:
        for readers in self._readers.values():
            readers.discard(socket)
        self._sweep()

    def tell(self, told: Told) -> None:
        for notice in self._public.notices(told):
            self._tell(notice)
        accounts = frozenset(account for account, _, _ in self._readers if account)
        if accounts:
            for notice in self._speaker.notices(told, accounts):
                self._tell(notice)

    def _tell(self, notice: Notice) -> None:
        for wanted in dict.fromkeys((notice.name, "*")):
            for socket in self._readers.get((notice.account, notice.kind, wanted), ()):
                self._send(socket, notice, wanted)

    def _send(self, socket: Socket, notice: Notice, wanted: str) -> None:
        body: dict[str, Any]
        if notice.account:
            number = self._venue.accounts[notice.account].number
            head = self._speaker.headed(notice.kind, notice.name, wanted)
            body = {**head, "uid": str(ACCOUNTS + number), **notice.body}
        else:
            topic = f"public.{'*' if wanted == '*' else wanted.upper()}.{notice.kind}"
            body = {"op": "notify", "topic": topic, **notice.body}
        socket.send(msgspec.json.encode(body), str(body["topic"]))

    def _sweep(self) -> None:
        for topic in [topic for topic, readers in self._readers.items() if not readers]:
            del self._readers[topic]
