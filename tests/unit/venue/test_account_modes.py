"""Hedge mode's two legs, isolated margin, leverage, and when a mode may change."""

from decimal import Decimal

import pytest

from fixtures.venue_market import VenueMarket
from jtrader.domain.instrument import Product
from jtrader.domain.order import OrderStatus
from jtrader.matching.entry import Style
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import atoms, text
from jtrader.venue.words import Ended, Leg

PERP = "binance_usdm:BTCUSDT"


@pytest.fixture
def hedged() -> VenueMarket:
    market = VenueMarket.listed(PERP)
    for account in market.accounts.values():
        market.venue.modes.set_hedge(account, True, 1)
    return market


def test_two_legs_are_kept_apart(hedged: VenueMarket) -> None:
    """a is long 0.3 and short 0.1 at once; the net is what one-way mode would have."""
    hedged.deal("a", "b", "0.3", "50000", legs=(Leg.LONG, Leg.SHORT))
    hedged.deal("b", "a", "0.1", "51000", legs=(Leg.LONG, Leg.SHORT))
    long, short = hedged.held("a", leg=Leg.LONG), hedged.held("a", leg=Leg.SHORT)
    assert (long.lots, short.lots, hedged["a"].net_lots("BTCUSDT")) == (300, -100, 200)
    margin = hedged.venue.margin
    assert margin is not None
    # (0.3 + 0.1) · 50,000 / 20
    assert margin.position_margin(hedged["a"], "BTCUSDT") == atoms("1000")
    hedged.venue.pay_funding("BTCUSDT", atoms("50000"), atoms("0.0001"), 9)
    assert [(row.leg, text(row.amount)) for row in hedged["a"].income[-2:]] == [
        (Leg.LONG, "-1.50000000"),
        (Leg.SHORT, "0.50000000"),
    ]


def test_a_leg_closes_with_the_other_side_and_never_turns(hedged: VenueMarket) -> None:
    hedged.deal("a", "b", "0.3", "50000", legs=(Leg.LONG, Leg.SHORT))
    with pytest.raises(Refused) as refused:
        hedged.order("a", "sell", "0.4", "50500", leg=Leg.LONG)
    assert refused.value.why is Why.REDUCE_ONLY
    with pytest.raises(Refused) as refused:
        hedged.order("a", "buy", "0.1", leg=Leg.SHORT)
    assert refused.value.why is Why.REDUCE_ONLY
    resting = hedged.order("a", "sell", "0.3", "50500", leg=Leg.LONG)
    assert resting.reduce_only
    hedged.foreign("buy", 200, "50000")
    assert hedged.order("a", "sell", "0.1", leg=Leg.LONG).status is OrderStatus.FILLED
    assert (resting.status, hedged.held("a", leg=Leg.LONG).lots) == (OrderStatus.EXPIRED, 200)


@pytest.mark.parametrize(("hedge", "leg"), [(True, Leg.BOTH), (False, Leg.LONG), (False, Leg.SHORT)])
def test_an_order_s_leg_must_go_with_the_mode(hedge: bool, leg: Leg) -> None:
    market = VenueMarket.listed(PERP)
    if hedge:
        market.venue.modes.set_hedge(market["a"], True, 1)
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", "0.1", "49000", leg=leg)
    assert refused.value.why is Why.LEG


def test_modes_change_only_while_nothing_depends_on_them() -> None:
    market = VenueMarket.listed(PERP, "binance_usdm:ETHUSDT")
    modes, account = market.venue.modes, market["a"]
    order = market.order("a", "buy", "0.1", "49000")
    for change in (
        lambda: modes.set_hedge(account, True, 1),
        lambda: modes.set_isolated(account, "BTCUSDT", True, 1),
    ):
        with pytest.raises(Refused) as refused:
            change()
        assert refused.value.why is Why.MODE_IN_USE
    modes.set_isolated(account, "ETHUSDT", True, 1)
    market.venue.cancel(account, order, 2)
    modes.set_hedge(account, True, 3)
    for unchanged in (
        lambda: modes.set_hedge(account, True, 4),
        lambda: modes.set_isolated(account, "ETHUSDT", True, 4),
        lambda: modes.set_multi_asset(account, False, 4),
    ):
        with pytest.raises(Refused) as refused:
            unchanged()
        assert refused.value.why is Why.MODE_UNCHANGED


def test_an_isolated_position_stands_with_its_own_margin() -> None:
    market = VenueMarket.listed(PERP)
    margin, account = market.venue.margin, market["a"]
    assert margin is not None
    market.venue.modes.set_isolated(account, "BTCUSDT", True, 1)
    market.venue.set_leverage(account, "BTCUSDT", 10)
    market.deal("a", "b", "2", "50000")
    held = market.held("a")
    fees = atoms("50")
    assert held.margin == atoms("10000")
    assert margin.cross_wallet(account, "USDT") == atoms("990000") - fees
    assert margin.available(account, "USDT") == atoms("990000") - fees
    market.venue.pay_funding("BTCUSDT", atoms("50000"), atoms("0.001"), 5)
    assert held.margin == atoms("9900")
    market.deal("b", "a", "0.5", "50000")
    assert held.margin == atoms("7425")
    market.venue.modes.move_margin(account, "BTCUSDT", Leg.BOTH, atoms("1000"), 6)
    assert held.margin == atoms("8425")
    with pytest.raises(Refused) as refused:
        market.venue.modes.move_margin(account, "BTCUSDT", Leg.BOTH, atoms("-1000"), 7)
    assert refused.value.why is Why.MARGIN
    market.deal("b", "a", "1.5", "50000")
    assert (held.lots, held.margin) == (0, 0)
    assert margin.cross_wallet(account, "USDT") == account.holding("USDT").total


def test_a_settlement_leaves_an_isolated_position_as_safe_as_it_was() -> None:
    """Its unrealised profit becomes its margin."""
    market = VenueMarket.listed("huobi_linear:BTC-USDT")
    margin, account = market.venue.margin, market["a"]
    assert margin is not None
    market.venue.modes.set_isolated(account, "BTC-USDT", True, 1)
    market.deal("a", "b", "1000", "50000")
    held = market.held("a")
    market.mark("50500")
    before = (margin.pool_of(account, held).equity, margin.liquidation_price(account, held))
    market.venue.settle_periodic(9, {"BTC-USDT": atoms("50500")})
    assert (margin.pool_of(account, held).equity, margin.liquidation_price(account, held)) == before
    assert held.margin == atoms("2500") + atoms("500")


def test_leverage_is_bounded_and_must_be_carried() -> None:
    market = VenueMarket.listed(PERP, funds={"USDT": "10000"})
    market.deal("a", "b", "2", "50000")
    for leverage, why in ((0, Why.LEVERAGE), (126, Why.LEVERAGE), (5, Why.MARGIN)):
        with pytest.raises(Refused) as refused:
            market.venue.set_leverage(market["a"], "BTCUSDT", leverage)
        assert refused.value.why is why
    assert market["a"].leverage == {}
    market.venue.set_leverage(market["a"], "BTCUSDT", 25)
    assert market["a"].leverage == {"BTCUSDT": 25}


def test_wallets_of_two_settle_assets_do_not_mix() -> None:
    """One BitMEX account: XBTUSD and ETHUSD need bitcoin, XBTUSDT needs tether."""
    market = VenueMarket.listed(
        "bitmex:XBTUSD", "bitmex:XBTUSDT", "bitmex:ETHUSD", funds={"BTC": "1", "USDT": "100"}, band=Decimal(1)
    )
    margin = market.venue.margin
    assert margin is not None
    market.mark("2000", "ETHUSD")
    market.deal("a", "b", "100000", "50000")
    market.deal("a", "b", "1000", "2000", symbol="ETHUSD")
    market.deal("a", "b", "10000", "50000", symbol="XBTUSDT")
    market.mark("40000")
    market.mark("40000", "XBTUSDT")
    market.mark("1900", "ETHUSD")
    account = market["a"]
    # 100,000·(1/50,000 − 1/40,000) − 1,000·0.000001·100; 0.01·(40,000 − 50,000)
    assert text(margin.unrealised(account, "BTC")) == "-0.60000000"
    assert text(margin.unrealised(account, "USDT")) == "-100.00000000"
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", "10000", "40000", symbol="XBTUSDT")
    assert refused.value.why is Why.MARGIN
    assert market.order("a", "buy", "100", "40000").status is OrderStatus.NEW


def test_the_venue_s_own_coin_pays_while_it_lasts() -> None:
    """0.5 BTC at 50,000, taker 0.1 %: 25 USDT of fee, a quarter off, at 600 a BNB; then the base asset."""
    market = VenueMarket.listed("binance_spot:BTCUSDT", funds={"USDT": "1000000", "BTC": "10", "BNB": "0.05"})
    market.venue.native_prices["USDT"] = atoms("600")
    market.venue.modes.set_native_fee(market["a"], True, 1)
    for _ in range(2):
        market.deal("a", "b", "0.5", "50000")
    fees = [(trade.fee_asset, text(trade.fee)) for trade in market["a"].trades]
    assert fees == [("BNB", "0.03125000"), ("BTC", "0.00050000")]
    assert (market.wallet("a", "BNB"), market.wallet("a", "BTC")) == ("0.01875000", "10.99950000")
    assert [trade.fee_asset for trade in market["b"].trades] == ["USDT", "USDT"]


def test_on_usdm_the_own_coin_is_a_commission_row_in_that_coin() -> None:
    """0.02 BTC at 50,000, taker 0.05 %: 0.5 USDT, a tenth off, at 600 a BNB."""
    market = VenueMarket.listed(PERP, funds={"USDT": "100000", "BNB": "1"})
    market.venue.native_prices["USDT"] = atoms("600")
    market.venue.modes.set_native_fee(market["a"], True, 1)
    market.deal("a", "b", "0.02", "50000")
    assert market.rows("a") == [("COMMISSION", "-0.00075000", "BNB")]
    assert (market.wallet("a", "USDT"), market.wallet("a", "BNB")) == ("100000.00000000", "0.99925000")


def test_a_maker_s_rebate_keeps_its_sign() -> None:
    """BitMEX: the maker gets 0.01 %, the taker pays 0.05 %, of 2 XBT."""
    market = VenueMarket.listed("bitmex:XBTUSD")
    market.deal("a", "b", "100000", "50000")
    assert market.rows("a") == [("COMMISSION", "-0.00100000", "BTC")]
    assert market.rows("b") == [("COMMISSION", "0.00020000", "BTC")]
    assert market["b"].trades[0].fee == atoms("-0.0002")


@pytest.mark.parametrize(("name", "cancels"), [("bitmex:XBTUSD", True), (PERP, False)])
def test_post_only_that_would_take_is_cancelled_on_bitmex_and_refused_elsewhere(name: str, cancels: bool) -> None:
    market = VenueMarket.listed(name)
    market.foreign("sell", 100, "50000")
    if cancels:
        order = market.order("a", "buy", "100", "50000", Style.POST_ONLY)
        assert (order.status, order.ended, order.filled) == (OrderStatus.CANCELED, Ended.POST_ONLY, 0)
        return
    with pytest.raises(Refused) as refused:
        market.order("a", "buy", "0.1", "50000", Style.POST_ONLY)
    assert refused.value.why is Why.WOULD_TAKE


def test_spot_has_no_margin() -> None:
    market = VenueMarket(Product.SPOT)
    assert market.venue.margin is None
    with pytest.raises(Refused):
        market.venue.modes.move_margin(market["a"], "BTCUSDT", Leg.BOTH, 1, 1)
