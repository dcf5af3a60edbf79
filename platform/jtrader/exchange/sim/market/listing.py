"""The instruments that can be simulated, with the steps and limits of Binance's own rows."""

from decimal import Decimal

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market, VenueSymbol, instrument_id
from jtrader.domain.instrument import Instrument, Product

_USDM = Market("binance_usdm")
_SPOT = Market("binance_spot")


def _perpetual(base: str, tick: str, step: str, most: str, min_notional: str) -> Instrument:
    return Instrument(
        id=instrument_id(_USDM, f"{base}USDT"),
        venue="binance",
        market=_USDM,
        venue_symbol=VenueSymbol(f"{base}USDT"),
        ccxt_symbol=f"{base}/USDT:USDT",
        product=Product.LINEAR,
        base=base,
        quote="USDT",
        settle="USDT",
        price_tick=Decimal(tick),
        quantity_step=Decimal(step),
        min_quantity=Decimal(step),
        max_quantity=Decimal(most),
        min_notional=Decimal(min_notional),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
    )


def _spot(base: str, tick: str, step: str, most: str, min_notional: str) -> Instrument:
    return Instrument(
        id=instrument_id(_SPOT, f"{base}USDT"),
        venue="binance",
        market=_SPOT,
        venue_symbol=VenueSymbol(f"{base}USDT"),
        ccxt_symbol=f"{base}/USDT",
        product=Product.SPOT,
        base=base,
        quote="USDT",
        settle="USDT",
        price_tick=Decimal(tick),
        quantity_step=Decimal(step),
        min_quantity=Decimal(step),
        max_quantity=Decimal(most),
        min_notional=Decimal(min_notional),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    )


LISTED: dict[InstrumentId, Instrument] = {
    instrument.id: instrument
    for instrument in (
        _perpetual("BTC", "0.1", "0.001", "1000", "100"),
        _perpetual("ETH", "0.01", "0.001", "10000", "20"),
        _spot("BTC", "0.01", "0.00001", "9000", "5"),
        _spot("ETH", "0.01", "0.0001", "9000", "5"),
    )
}


def listed(instrument: InstrumentId) -> Instrument:
    """Raises BadInput for an instrument that the simulator doesn't know."""
    if instrument not in LISTED:
        raise BadInput(f"instrument '{instrument}' can't be simulated; known are {', '.join(LISTED)}")
    return LISTED[instrument]
