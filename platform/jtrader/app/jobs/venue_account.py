"""Reads what a venue tells of an account, so that all of it belongs to one moment."""

import logging
from collections.abc import Iterable
from decimal import Decimal

from jtrader.domain.account import VenueEntry
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.money import amount
from jtrader.domain.order import Fill
from jtrader.domain.times import DAY, MINUTE
from jtrader.ledger.rollback import VenueNow
from jtrader.ports.broker import Account

ATTEMPTS = 8

log = logging.getLogger(__name__)


async def read_account(account: Account, instruments: Iterable[InstrumentId], start: int, market_now: int) -> VenueNow:
    """Balances, positions, and all rows from `start` until now.

    Trading may go on meanwhile: rows are read before and after, and all again until they are the same. Raises
    Unavailable where the account does not stand still, and what the account raises.
    """
    names = sorted(set(instruments))
    end = market_now + DAY
    rows = await _rows(account, names, start, end)
    for _ in range(ATTEMPTS):
        balances, positions = await account.balances(), await account.positions()
        names = sorted({*names, *(position.instrument for position in positions)})
        again = await _rows(account, names, start, end)
        if again == rows:
            return VenueNow(
                balances=tuple(balances), positions=tuple(positions), fills=tuple(rows[0]), entries=tuple(rows[1])
            )
        log.info("the account moved while it was read; reading it again")
        rows = again
    raise Unavailable(f"the account traded on through {ATTEMPTS} readings: no moment to compare at; try again later")


async def marks_at(account: Account, instruments: Iterable[InstrumentId], ts: int) -> dict[InstrumentId, Decimal]:
    """The venue's marks at a minute boundary; what has none is left out."""
    marks: dict[InstrumentId, Decimal] = {}
    if ts % MINUTE:
        return marks
    for name in instruments:
        try:
            marks[name] = amount(await account.mark_at(name, ts))
        except BadInput as error:
            log.info("%s", error)
    return marks


async def _rows(
    account: Account, instruments: Iterable[InstrumentId], start: int, end: int
) -> tuple[list[Fill], list[VenueEntry]]:
    fills: list[Fill] = []
    for name in instruments:
        fills += await account.fills(name, start, end)
    return fills, list(await account.entries(start, end))
