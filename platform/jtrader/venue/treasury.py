"""Money that moves without a trade: deposits, withdrawals, transfers, conversions of small amounts, rebates.

Each shows as a ledger row, or as one row an asset where two change.
"""

from collections.abc import Mapping

from jtrader.venue.account import Account
from jtrader.venue.floor import Floor
from jtrader.venue.records import Income, IncomeKind
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import ATOM


class Treasury:
    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def transfer(self, account: Account, asset: str, amount: int, ts: int, reference: str = "") -> Income:
        """Money comes in from another wallet (above zero) or goes out; `reference` names that wallet."""
        if amount < 0:
            self._check(account, asset, -amount)
        return self._move(account, IncomeKind.TRANSFER, asset, amount, ts, reference)

    def deposit(self, account: Account, asset: str, amount: int, ts: int, reference: str = "") -> Income:
        if amount <= 0:
            raise Refused(Why.AMOUNT, f"a deposit is above zero, not {amount} units of 1e-8")
        return self._move(account, IncomeKind.DEPOSIT, asset, amount, ts, reference)

    def withdraw(self, account: Account, asset: str, amount: int, ts: int, fee: int = 0, reference: str = "") -> Income:
        """`amount` arrives at `reference` (an address), `fee` stays with the venue; the row is −(amount + fee)."""
        if amount <= 0 or fee < 0:
            raise Refused(Why.AMOUNT, f"{amount} with a fee of {fee} units of 1e-8 can't be withdrawn")
        self._check(account, asset, amount + fee)
        return self._move(account, IncomeKind.WITHDRAWAL, asset, -amount - fee, ts, reference, fee)

    def convert_dust(
        self, account: Account, prices: Mapping[str, int], into: str, ts: int, fee_rate: int = 0
    ) -> list[Income]:
        """Turns all that is free of each asset in `prices` (one unit in atoms of `into`) into `into`, less a fee.

        Two rows an asset, of kind CONVERT under one reference: what left, and what came (floored). Nothing is changed
        when one of them has nothing free: Refused.
        """
        gone = {asset: account.holding(asset).free for asset in prices}
        for asset, amount in gone.items():
            if amount <= 0 or asset == into:
                raise Refused(Why.AMOUNT, f"there is no {asset} to convert into {into}")
        rows = []
        for asset, amount in gone.items():
            gross = amount * prices[asset] // ATOM
            fee = gross * fee_rate // ATOM
            reference = f"{asset}/{into} {self._floor.numbers.row}"
            rows += [
                self._row(account, IncomeKind.CONVERT, asset, -amount, ts, reference),
                self._row(account, IncomeKind.CONVERT, into, gross - fee, ts, reference, fee),
            ]
        self._floor.tell_balances(account, "ASSET_CONVERSION", ts, [*gone, into], rows=rows)
        return rows

    def rebate(self, account: Account, asset: str, amount: int, ts: int, reference: str = "") -> Income:
        """A share of fees paid back."""
        if amount <= 0:
            raise Refused(Why.AMOUNT, f"a rebate is above zero, not {amount} units of 1e-8")
        return self._move(account, IncomeKind.REBATE, asset, amount, ts, reference)

    def _check(self, account: Account, asset: str, amount: int) -> None:
        derivatives = self._floor.derivatives
        free = account.holding(asset).free
        if derivatives is not None:
            free = derivatives.margin.withdrawable(account, asset)
        if amount > free:
            raise Refused(Why.BALANCE, f"{account.name} has too little {asset} to send {amount} units of 1e-8")

    def _move(
        self, account: Account, kind: IncomeKind, asset: str, amount: int, ts: int, reference: str, fee: int = 0
    ) -> Income:
        row = self._row(account, kind, asset, amount, ts, reference, fee)
        reason = "DEPOSIT" if amount >= 0 else "WITHDRAW"
        self._floor.tell_balances(account, reason, ts, (asset,), moved=amount, rows=(row,))
        return row

    def _row(
        self, account: Account, kind: IncomeKind, asset: str, amount: int, ts: int, reference: str, fee: int = 0
    ) -> Income:
        row = Income(id=0, kind=kind, symbol="", asset=asset, amount=amount, ts=ts, reference=reference, fee=fee)
        return self._floor.book(account, row)
