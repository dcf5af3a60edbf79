"""What the owner of the simulated market may do by hand: open accounts, move money, order as a human does, change what
is listed.

Amounts, quantities, prices and rules are exact strings.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument, InstrumentStatus
from jtrader.domain.money import plain
from jtrader.exchange.sim.keys import Keys
from jtrader.exchange.sim.runner import Runner
from jtrader.matching.book import BUY, SELL
from jtrader.matching.entry import Style
from jtrader.venue.account import Account
from jtrader.venue.filters import NewOrder
from jtrader.venue.listing import Listing
from jtrader.venue.records import Income
from jtrader.venue.units import ATOM, atoms
from jtrader.venue.venue import Venue
from jtrader.venue.words import Leg

Answer = Callable[[bytes], Awaitable[Any]]
RULES = (
    "price_tick", "quantity_step", "min_quantity", "max_quantity", "market_max_quantity", "min_notional", "maker_fee",
    "taker_fee",
)  # fmt: skip
"""The fields of an instrument that may change while it is listed."""


class AccountRequest(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    secret: str
    funds: dict[str, dict[str, str]] = {}
    pace: float = 1.0
    """How many times a venue's usual limits of requests the key may use."""


class MoneyRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A transfer's `amount` above zero comes in, below zero goes out; `reference` names the other end."""

    key: str
    market: str
    asset: str
    amount: str
    fee: str = "0"
    reference: str = ""


class OrderRequest(msgspec.Struct, forbid_unknown_fields=True):
    """At market, or limit at `price`."""

    key: str
    market: str
    symbol: str
    side: str
    quantity: str
    price: str | None = None
    leg: Leg = Leg.BOTH


class InstrumentRequest(msgspec.Struct, forbid_unknown_fields=True):
    instrument: str
    status: InstrumentStatus | None = None
    rules: dict[str, str] = {}


class KeyTaken(BadInput):
    """The key exists with another secret."""


class ByHand:
    def __init__(self, runner: Runner, keys: Keys) -> None:
        self._runner = runner
        self._keys = keys
        self._by_hand = 0
        self.routes: dict[tuple[str, str], Answer] = {
            ("POST", "/sim/accounts"): self._account,
            ("POST", "/sim/transfers"): self._transfer,
            ("POST", "/sim/deposits"): self._deposit,
            ("POST", "/sim/withdrawals"): self._withdrawal,
            ("POST", "/sim/rebates"): self._rebate,
            ("POST", "/sim/orders"): self._order,
            ("GET", "/sim/instruments"): self._instruments,
            ("POST", "/sim/instruments"): self._instrument,
        }

    async def _account(self, body: bytes) -> dict[str, Any]:
        wanted = msgspec.json.decode(body, type=AccountRequest)
        known = self._keys.find(wanted.key)
        if known is not None and known.secret != wanted.secret:
            raise KeyTaken(f"key '{wanted.key[:4]}…' exists with another secret")
        if not wanted.pace > 0:
            raise BadInput(f"pace is {wanted.pace}; it multiplies the usual limits and must be above zero")
        return {"created": self._keys.create(wanted.key, wanted.secret, wanted.funds, wanted.pace)}

    async def _transfer(self, body: bytes) -> dict[str, Any]:
        wanted, venue, account = self._money(body)
        return self._moved(
            venue.transfer(account, wanted.asset, atoms(wanted.amount), self._now(), wanted.reference), wanted
        )

    async def _deposit(self, body: bytes) -> dict[str, Any]:
        wanted, venue, account = self._money(body)
        return self._moved(
            venue.deposit(account, wanted.asset, atoms(wanted.amount), self._now(), wanted.reference), wanted
        )

    async def _withdrawal(self, body: bytes) -> dict[str, Any]:
        wanted, venue, account = self._money(body)
        amount, fee = atoms(wanted.amount), atoms(wanted.fee)
        return self._moved(venue.withdraw(account, wanted.asset, amount, self._now(), fee, wanted.reference), wanted)

    async def _rebate(self, body: bytes) -> dict[str, Any]:
        """What a venue gives: a share of fees, a distribution."""
        wanted, venue, account = self._money(body)
        given = venue.treasury.rebate(account, wanted.asset, atoms(wanted.amount), self._now(), wanted.reference)
        return self._moved(given, wanted)

    async def _order(self, body: bytes) -> dict[str, Any]:
        """As somebody orders at the venue's own page: no client of ours knows it."""
        wanted = msgspec.json.decode(body, type=OrderRequest)
        sides = {"buy": BUY, "sell": SELL}
        if wanted.side not in sides:
            raise BadInput(f"side '{wanted.side}' is neither buy nor sell")
        venue, account = self._wallet(wanted.key, wanted.market)
        self._by_hand += 1
        new = NewOrder(
            symbol=wanted.symbol,
            side=sides[wanted.side],
            style=Style.MARKET if wanted.price is None else Style.LIMIT,
            client_id=f"web_{self._now()}_{self._by_hand}",
            quantity=_decimal("quantity", wanted.quantity),
            price=None if wanted.price is None else _decimal("price", wanted.price),
            leg=wanted.leg,
        )
        order = venue.submit(account, new, self._now())
        self._runner.tell()
        return {"order_id": str(order.id), "client_id": order.client_id, "status": order.status}

    async def _instruments(self, body: bytes) -> dict[str, Any]:  # noqa: ARG002
        world = self._runner.world
        status = {name: str(self._venue_of(listing).status[listing.symbol]) for name, listing in world.listings.items()}
        return {"markets": list(world.venues), "instruments": status}

    async def _instrument(self, body: bytes) -> dict[str, Any]:
        """Halts, resumes, delists; or changes rules."""
        wanted = msgspec.json.decode(body, type=InstrumentRequest)
        self._runner.catch_up()
        listing = self._runner.world.listings.get(InstrumentId(wanted.instrument))
        if listing is None:
            known = ", ".join(self._runner.world.listings)
            raise BadInput(f"no instrument '{wanted.instrument}' here; known are {known}")
        venue = self._venue_of(listing)
        if wanted.rules:
            venue.set_rules(_with_rules(listing, wanted.rules, self._now()), self._now())
        if wanted.status is not None:
            venue.set_status(listing.symbol, wanted.status, self._now())
        self._runner.tell()
        rules = self._runner.world.listings[InstrumentId(wanted.instrument)].instrument
        shown = {name: plain(value) for name in RULES if (value := getattr(rules, name)) is not None}
        return {"instrument": wanted.instrument, "status": venue.status[listing.symbol], "rules": shown}

    def _money(self, body: bytes) -> tuple[MoneyRequest, Venue, Account]:
        wanted = msgspec.json.decode(body, type=MoneyRequest)
        return wanted, *self._wallet(wanted.key, wanted.market)

    def _wallet(self, key: str, market: str) -> tuple[Venue, Account]:
        """Brings market time up first."""
        self._runner.catch_up()
        known = self._keys.find(key)
        if known is None or market not in known.accounts:
            raise BadInput(f"no wallet of key '{key[:4]}…' on market '{market}'")
        return self._runner.world.venues[market], known.accounts[market]

    def _moved(self, row: Income, wanted: MoneyRequest) -> dict[str, Any]:
        self._runner.tell()
        return {"entry_id": str(row.id), "amount": str(Decimal(wanted.amount))}

    def _now(self) -> int:
        return self._runner.world.now

    def _venue_of(self, listing: Listing) -> Venue:
        return self._runner.world.venues[str(listing.instrument.market)]


def _with_rules(listing: Listing, rules: dict[str, str], now: int) -> Listing:
    """Other steps are multiples of those that the books count in."""
    unknown = set(rules) - set(RULES)
    if unknown:
        raise BadInput(f"{', '.join(sorted(unknown))} can't be changed; allowed are {', '.join(RULES)}")
    changed: dict[str, Any] = {name: _decimal(name, value) for name, value in rules.items()}
    instrument: Instrument = msgspec.structs.replace(listing.instrument, **changed, valid_from=now)
    return msgspec.structs.replace(
        listing,
        instrument=instrument,
        min_price=max(listing.min_price, instrument.price_tick),
        market_max_quantity=changed.get(
            "market_max_quantity", min(listing.market_max_quantity, instrument.max_quantity)
        ),
        grid_tick=Decimal(listing.tick) / ATOM,
        grid_lot=Decimal(listing.lot) / ATOM,
    )


def _decimal(name: str, value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise BadInput(f"{name} '{value}' is not a number") from error
    if not number.is_finite():
        raise BadInput(f"{name} '{value}' is not a finite number")
    return number
