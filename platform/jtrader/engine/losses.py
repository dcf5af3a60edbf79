"""Daily loss and drawdown of accounts, and of strategies on their capital: at mark, fees and funding included, net of
transfers, by UTC day. Where a limit is passed, risk takes no new risk there until a named person releases it."""

from collections.abc import Iterator
from decimal import Decimal

from jtrader.domain.errors import BadInput
from jtrader.domain.events import EquityMarked
from jtrader.domain.ids import AccountId, StrategyId
from jtrader.domain.money import ZERO, plain, rounded
from jtrader.domain.times import DAY, MINUTE
from jtrader.engine.core import Core, TradingAccount
from jtrader.engine.inputs import Moment
from jtrader.engine.latches import latch
from jtrader.risk.limits import Limits, StrategyLimits
from jtrader.risk.verdict import RefusalCode


def watch(core: Core, now: Moment) -> None:
    """Where a mark is missing nothing is told: the gate takes no order there either."""
    for account in core.accounts.values():
        if account.id not in core.state.opened or account.limits.daily_loss is None:
            continue
        for asset, equity in (equity_of(core, account) or {}).items():
            _judge(core, now, account.id, None, asset, equity, account.limits)
        for strategy, asset, equity in _strategies(core, account):
            _judge(core, now, account.id, strategy, asset, equity, account.strategies[strategy])


def equity_of(core: Core, account: TradingAccount) -> dict[str, Decimal] | None:
    """Net of transfers, per asset that the account's instruments settle or are quoted in; spot holdings at mark. None
    where a mark is missing."""
    try:
        equity = core.ledger.equity(account.id, core.mark)
    except BadInput:
        return None
    listed = [rules for rules in core.instruments.values() if rules.market == account.market]
    coins = {rules.base for rules in listed if rules.is_spot}
    paid = {rules.quote if rules.is_spot else rules.settle for rules in listed} - coins
    for name, held in core.ledger.net_holdings(account.id).items():
        rules, mark = core.instruments[name], core.mark(name)
        if rules.is_spot and mark is None:
            return None
        if rules.is_spot and mark is not None:
            equity[rules.quote] = equity.get(rules.quote, ZERO) + held.quantity * mark
    moved = core.state.risk.moved
    return {asset: equity[asset] - moved.get((account.id, asset), ZERO) for asset in sorted(paid & equity.keys())}


def _strategies(core: Core, account: TradingAccount) -> Iterator[tuple[StrategyId, str, Decimal]]:
    """Capital + P&L of those that have capital, per asset."""
    capital = {name: limits.capital for name, limits in account.strategies.items() if limits.capital is not None}
    if not capital:
        return
    sums: dict[tuple[StrategyId, str], Decimal] = {}
    for state in core.ledger.positions(core.mark):
        if state.account == account.id and state.strategy in capital:
            if state.quantity and state.mark is None:
                return
            key = (state.strategy, state.settle)
            sums[key] = sums.get(key, capital[state.strategy]) + state.pnl
    for (strategy, asset), equity in sorted(sums.items()):
        yield strategy, asset, equity


def _judge(
    core: Core,
    now: Moment,
    account: AccountId,
    strategy: StrategyId | None,
    asset: str,
    equity: Decimal,
    limits: Limits | StrategyLimits,
) -> None:
    owner = (account, strategy, asset)
    known = core.state.risk.standpoints.get(owner)
    risen = known is not None and equity > known.peak and core.watch.equity_told.get(owner) != now.market // MINUTE
    if known is None or now.market // DAY > known.day or risen:
        core.watch.equity_told[owner] = now.market // MINUTE
        core.emit(EquityMarked(ts=now.market, account=account, asset=asset, equity=equity, strategy=strategy))
        known = core.state.risk.standpoints[owner]
    whose = f"account '{account}'" if strategy is None else f"strategy '{strategy}' on account '{account}'"
    release = f"'jtrader kill L0 --account {account}{f' --strategy {strategy}' if strategy else ''}' releases it"
    for code, since, start, limit in (
        (RefusalCode.DAILY_LOSS, "today", known.start, limits.daily_loss),
        (RefusalCode.DRAWDOWN, "from its highest", known.peak, limits.drawdown),
    ):
        if limit is not None and start - equity > limit:
            lost = f"{whose} lost {rounded(start - equity)} {asset} {since}, the limit is {plain(limit)}"
            latch(core, now.market, code, f"kill level 1 by risk: {lost}; {release}", account, strategy)
