"""What should not happen at a venue, made to happen at `/sim/mishaps`: an overfill, a bust, a deleveraging."""

from typing import Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.keys import Keys
from jtrader.exchange.sim.runner import Runner
from jtrader.venue.account import Account
from jtrader.venue.units import steps_of
from jtrader.venue.venue import Venue
from jtrader.venue.words import Leg


class _Mishap(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", kw_only=True):
    key: str
    market: str
    symbol: str


class Overfill(_Mishap, tag="overfill"):
    """A filled order, named by its client id, is filled by so many lots more than it asked for."""

    client_id: str
    lots: int = 1


class Bust(_Mishap, tag="bust"):
    """A trade is taken back: rows of the ledger undo its money."""

    trade_id: int


class Deleverage(_Mishap, tag="adl"):
    """A position loses `quantity` at `price` to somebody who is liquidated."""

    quantity: str
    price: str
    leg: Leg = Leg.BOTH


class Mishaps:
    def __init__(self, runner: Runner, keys: Keys) -> None:
        self._runner = runner
        self._keys = keys

    async def answer(self, body: bytes) -> dict[str, Any]:
        """Raises BadInput and Refused for what can't happen."""
        wanted = msgspec.json.decode(body, type=Overfill | Bust | Deleverage)
        self._runner.catch_up()
        key = self._keys.find(wanted.key)
        if key is None or wanted.market not in key.accounts:
            raise BadInput(f"no wallet of key '{wanted.key[:4]}…' on market '{wanted.market}'")
        venue, account = self._runner.world.venues[wanted.market], key.accounts[wanted.market]
        venue.listing(wanted.symbol)
        told = self._do(wanted, venue, account)
        self._runner.tell()
        return told

    def _do(self, wanted: Overfill | Bust | Deleverage, venue: Venue, account: Account) -> dict[str, Any]:
        now = self._runner.world.now
        match wanted:
            case Overfill():
                order = account.find(wanted.symbol, None, wanted.client_id)
                if order is None:
                    raise BadInput(f"no order '{wanted.client_id}' of {wanted.symbol} on this account")
                venue.mishaps.overfill(order, wanted.lots, now)
                return {"filled_lots": order.filled}
            case Bust():
                trades = [t for t in account.trades if (t.symbol, t.id) == (wanted.symbol, wanted.trade_id)]
                if not trades:
                    raise BadInput(f"no trade {wanted.trade_id} of {wanted.symbol} on this account")
                return {"entry_ids": [str(row.id) for row in venue.mishaps.bust(account, trades[0], now)]}
            case Deleverage():
                listing = venue.listing(wanted.symbol)
                lots = steps_of(wanted.quantity, listing.instrument.quantity_step)
                order = venue.deleverage(account, wanted.symbol, wanted.leg, lots, listing.ticks(wanted.price), now)
                return {"order_id": str(order.id)}
