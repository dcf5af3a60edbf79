"""Funding instants as the market shows them: the stream's next funding time moves on when one has passed."""

import math
from decimal import Decimal

from jtrader.domain.events import FundingSeen
from jtrader.domain.money import round_half_even
from jtrader.domain.times import SECOND
from jtrader.engine.core import Core
from jtrader.engine.inputs import Moment
from jtrader.ledger.marks import MARK_UNIT

RATE_UNIT = Decimal("1E-12")
PATIENCE = 30 * SECOND
"""Market time within which fills from before the instant still come in."""


def passed(core: Core, now: Moment) -> None:
    """Journals what strategies with cancelling positions owe each other for; the ledger books it."""
    held = core.ledger.instruments_held()
    for before in core.market.take_funded(now.market - PATIENCE):
        if before.instrument in held and math.isfinite(before.funding_rate) and 0 < before.mark < math.inf:
            core.emit(
                FundingSeen(
                    ts=now.market,
                    instrument=before.instrument,
                    instant=before.next_funding,
                    mark=round_half_even(Decimal(repr(before.mark)), MARK_UNIT),
                    rate=round_half_even(Decimal(repr(before.funding_rate)), RATE_UNIT),
                )
            )
