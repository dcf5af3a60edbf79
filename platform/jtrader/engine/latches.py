"""What risk itself has stopped: kept in the journal until a named person releases it. Exits stay open (level 1)."""

from jtrader.domain.events import RiskLatched
from jtrader.domain.ids import AccountId, InstrumentId, StrategyId
from jtrader.domain.order import Intent, Side
from jtrader.engine.core import Core


def latched(core: Core, intent: Intent) -> tuple[str, str] | None:
    """Code and sentence of the first latch that covers the intent."""
    for latch in core.state.risk.latches.values():
        if _covers(latch, intent):
            return latch.code, latch.reason
    return None


def latch(
    core: Core,
    ts: int,
    code: str,
    reason: str,
    account: AccountId,
    strategy: StrategyId | None = None,
    instrument: InstrumentId | None = None,
    side: Side | None = None,
) -> None:
    """Journals the stop, once."""
    event = RiskLatched(
        ts=ts,
        code=code,
        reason=reason,
        account=account,
        market=core.accounts[account].market,
        strategy=strategy,
        instrument=instrument,
        side=side,
    )
    if event.key not in core.state.risk.latches:
        core.emit(event)


def _covers(latch: RiskLatched, intent: Intent) -> bool:
    return (
        latch.account == intent.account
        and latch.strategy in (None, intent.strategy)
        and latch.instrument in (None, intent.instrument)
        and latch.side in (None, intent.side)
    )
