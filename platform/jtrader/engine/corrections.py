"""What people say of breaks, and how they correct the books: named, reasoned and journaled; nothing is edited."""

import re

from jtrader.domain.errors import BadInput
from jtrader.domain.events import BreakAcknowledged, LedgerAdjusted
from jtrader.domain.times import iso, parse_time
from jtrader.engine.core import Core
from jtrader.engine.inputs import AcknowledgeAsked, AdjustAsked, Moment
from jtrader.engine.intents import ACCEPTED, Answer
from jtrader.risk.verdict import RefusalCode


def acknowledge(core: Core, given: AcknowledgeAsked, now: Moment) -> Answer:
    """Journals who explains a break, and how. Saying it again changes nothing."""
    fault = _nameless(given) or _stranger(core, given)
    if not fault and not (_is_day(given.date) and re.fullmatch("[0-9a-f]{8}", given.break_id)):
        fault = f"break '{given.break_id}' of '{given.date}': write a day as 2026-01-15 and the id that its line shows"
    if fault:
        return Answer(False, RefusalCode.NOT_POSSIBLE, fault)
    if (given.account, given.date, given.break_id) not in core.state.acknowledged:
        core.emit(
            BreakAcknowledged(
                ts=now.market,
                account=given.account,
                date=given.date,
                break_id=given.break_id,
                actor=given.actor,
                reason=given.reason,
            )
        )
    return ACCEPTED


def adjust(core: Core, given: AdjustAsked, now: Moment) -> Answer:
    """Posts an ADJUST entry of the wallet against the book `adjusted`."""
    opened, at = core.state.opened.get(given.account), now.market if given.at is None else given.at
    fault = _nameless(given) or _stranger(core, given)
    if not fault and opened is None:
        fault = f"account '{given.account}' was never opened: there are no books to correct"
    if not fault and not (given.amount.is_finite() and given.amount and given.asset.strip()):
        fault = f"{given.amount} of '{given.asset}': name an asset and an amount that is not zero"
    if not fault and opened is not None and not opened.ts < at <= now.market:
        fault = f"{iso(at)} is not between the opening at {iso(opened.ts)} and now, {iso(now.market)}"
    if fault:
        return Answer(False, RefusalCode.NOT_POSSIBLE, fault)
    core.emit(
        LedgerAdjusted(
            ts=now.market,
            adjustment_id=f"adjustment:{core.state.counts['ledger_adjusted'] + 1}",
            account=given.account,
            asset=given.asset,
            amount=given.amount,
            at=at,
            actor=given.actor,
            reason=given.reason,
        )
    )
    return ACCEPTED


def _nameless(given: AcknowledgeAsked | AdjustAsked) -> str:
    named = given.actor.strip() and given.reason.strip()
    return "" if named else "say who you are and why: actor and reason may not be empty"


def _stranger(core: Core, given: AcknowledgeAsked | AdjustAsked) -> str:
    if given.account in core.accounts:
        return ""
    return f"account '{given.account}' is not traded here; there are {', '.join(sorted(core.accounts))}"


def _is_day(text: str) -> bool:
    try:
        return len(text) == len("2026-01-15") and parse_time(text) > 0
    except BadInput:
        return False
