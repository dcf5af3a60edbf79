"""How Binance keeps an account: position mode, collateral, leverage, fees in BNB."""

from collections.abc import Mapping

from jtrader.domain.account import AccountMode, PositionMode
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.exchange.binance.endpoints import ModeEndpoints
from jtrader.exchange.binance.fields import is_true, row_field
from jtrader.exchange.binance.rows import RowReader
from jtrader.exchange.binance.session import BinanceSession


async def account_mode(
    session: BinanceSession,
    at: ModeEndpoints,
    rows: RowReader,
    account: AccountId,
    traded: Mapping[str, InstrumentId],
) -> AccountMode:
    """`traded`: the symbols whose margin mode and leverage are asked about."""
    position_mode = multi_asset = discount = None
    if at.position_mode:
        is_dual = is_true(row_field(await session.call(at.position_mode, {}), "dualSidePosition"))
        position_mode = PositionMode.HEDGE if is_dual else PositionMode.ONE_WAY
    if at.multi_assets:
        multi_asset = is_true(row_field(await session.call(at.multi_assets, {}), "multiAssetsMargin"))
    if at.fee_burn:
        discount = is_true(row_field(await session.call(at.fee_burn, {}), at.fee_burn_field))
    told = await session.call(at.symbols, {}) if at.symbols else []
    found = [row for row in told if row_field(row, "symbol") in traded]
    return AccountMode(
        account=account,
        position_mode=position_mode,
        multi_asset=multi_asset,
        native_fee_discount=discount,
        margin_modes={traded[row["symbol"]]: rows.margin_mode(row) for row in found},
        leverage={traded[row["symbol"]]: rows.leverage(row) for row in found},
    )
