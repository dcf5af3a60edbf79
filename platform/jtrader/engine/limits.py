"""Limits that change while orders work: what is open stays, each further order meets the new ones."""

from msgspec.structs import replace

from jtrader.domain.events import LimitsChanged
from jtrader.domain.ids import AccountId
from jtrader.engine.core import Core
from jtrader.engine.inputs import LimitsAsked, Moment
from jtrader.engine.intents import ACCEPTED, Answer
from jtrader.risk.changes import changes
from jtrader.risk.limits import LimitSet
from jtrader.risk.verdict import RefusalCode


def sets_of(core: Core) -> dict[AccountId, LimitSet]:
    """Those in force."""
    return {name: account.limit_set for name, account in core.accounts.items()}


def change(core: Core, given: LimitsAsked, now: Moment) -> Answer:
    """All of them or none."""
    if not (given.actor.strip() and given.reason.strip()):
        return Answer(False, RefusalCode.NOT_POSSIBLE, "say who you are and why: actor and reason may not be empty")
    if given.limits.keys() != core.accounts.keys():
        known = ", ".join(sorted(core.accounts))
        reason = f"the accounts are others now; limits are changed for {known}, or start the oms anew"
        return Answer(False, RefusalCode.NOT_POSSIBLE, reason)
    found = {one.name: (one.before, one.after) for one in changes(sets_of(core), given.limits)}
    if found:
        core.emit(LimitsChanged(ts=now.market, changes=found, actor=given.actor, reason=given.reason))
    for name, limits in given.limits.items():
        core.accounts[name] = replace(
            core.accounts[name], limits=limits.account, strategies=limits.strategies, venue_limits=limits.venue
        )
    return ACCEPTED
