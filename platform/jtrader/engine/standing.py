"""Positions and working orders of one scope (account, strategy on it, market) beside one instrument."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from jtrader.domain.ids import AccountId, InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.domain.order import Side
from jtrader.domain.payoff import notional
from jtrader.engine.core import Core
from jtrader.engine.orders import Order

Line = list[Decimal]
"""What one account has in one instrument: net, working buys, working sells."""


def standing(
    core: Core,
    rules: Instrument,
    account: AccountId,
    accounts: Collection[AccountId],
    strategy: StrategyId | None,
    live: Collection[Order],
) -> dict[str, Any]:
    """The fields of a Standing that come of positions and working orders of one scope."""
    lines: dict[tuple[AccountId, InstrumentId], Line] = {
        (one, name): [held, ZERO, ZERO] for one in accounts for name, held in _holdings(core, one, strategy).items()
    }
    for order in live:
        line = lines.setdefault((order.child.account, order.child.instrument), [ZERO, ZERO, ZERO])
        line[1 if order.child.side is Side.BUY else 2] += order.leaves
    net, buys, sells = lines.pop((account, rules.id), [ZERO, ZERO, ZERO])
    gross = up = down = ZERO
    unpriced = ""
    for (_, name), (held, more, less) in lines.items():
        other = core.instruments[name]
        if asset_of(other) != asset_of(rules):
            continue
        mark = core.mark(name)
        if mark is None:
            unpriced = name
            continue
        highest, lowest = _worth(other, held + more, mark), _worth(other, held - less, mark)
        gross += max(abs(highest), abs(lowest))
        up += highest
        down += lowest
    return {
        "net": net,
        "open_buys": buys,
        "open_sells": sells,
        "gross_elsewhere": gross,
        "up_elsewhere": up,
        "down_elsewhere": down,
        "open_orders": len(live),
        "unpriced": unpriced,
    }


def asset_of(rules: Instrument) -> str:
    """The asset that notional is told in."""
    return rules.quote if rules.is_spot else rules.settle


def _holdings(core: Core, account: AccountId, strategy: StrategyId | None) -> dict[InstrumentId, Decimal]:
    if strategy is None:
        return {name: held.quantity for name, held in core.ledger.net_holdings(account).items()}
    names = (name for name, rules in core.instruments.items() if rules.market == core.accounts[account].market)
    held = {name: core.ledger.strategy_position(account, strategy, name) for name in names}
    return {name: quantity for name, quantity in held.items() if quantity}


def _worth(rules: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
    """Notional with the sign of the position."""
    worth = notional(rules.product, quantity, rules.contract_value, price)
    return worth if quantity >= 0 else -worth
