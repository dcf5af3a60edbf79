"""Figures that the venues and their customers have published, made by the venue's own arithmetic."""

from decimal import Decimal

import msgspec
import pytest

from fixtures.venue_market import VenueMarket
from jtrader.domain.instrument import Product
from jtrader.domain.times import parse_time
from jtrader.venue.position import entry_price, open_price, unrealised
from jtrader.venue.records import IncomeKind
from jtrader.venue.terms import XBT_LOTS
from jtrader.venue.units import atoms, text
from jtrader.venue.value_rules import To, ValueRule
from jtrader.venue.words import Leg

LONG, SHORT = (Leg.LONG, Leg.SHORT), (Leg.SHORT, Leg.LONG)


def at(market: VenueMarket, name: str, mark: str, leg: Leg = Leg.BOTH) -> str:
    """Unrealised P&L at a mark."""
    return text(unrealised(market.held(name, leg=leg), market.listings[0], atoms(mark)))


def single_contracts(market: str = "bitmex:XBTUSD", fee: str = "0", **terms: object) -> VenueMarket:
    """XBTUSD as it was when one contract was a lot."""
    made = VenueMarket.listed(market, mark="10000", **terms)
    listing = made.listings[0]
    rules = msgspec.structs.replace(
        listing.instrument, quantity_step=Decimal(1), min_quantity=Decimal(1), maker_fee=Decimal(fee)
    )
    made.venue.listings[listing.symbol] = made.listings[0] = msgspec.structs.replace(listing, instrument=rules)
    return made


@pytest.mark.parametrize(("rules", "profit"), [((), "0.47619048"), (XBT_LOTS, "0.47619000")])
def test_bitmex_guide_of_inverse_futures(rules: tuple[ValueRule, ...], profit: str) -> None:
    """100,000 contracts from 10,000 to 10,500: 0.476190 XBT; to the last satoshi it is a matter of rounding."""
    market = VenueMarket.listed("bitmex:XBTZ26", mark="10000", value_rules=rules)
    market.ts = parse_time("2026-01-01")
    market.deal("a", "b", "100000", "10000")
    market.deal("b", "a", "100000", "10500")
    assert market.rows("a", IncomeKind.REALIZED_PNL) == [("REALIZED_PNL", profit, "BTC")]


def test_bitmex_guide_of_profit_and_loss() -> None:
    """Long 1,000 at 1,000: +0.20 at a mark of 1,250; half of it sold at 1,500: +0.1667."""
    market = VenueMarket.listed("bitmex:XBTUSD", mark="1000", value_rules=())
    market.deal("a", "b", "1000", "1000")
    assert at(market, "a", "1250") == "0.20000000"
    market.mark("1500")
    market.deal("b", "a", "500", "1500")
    assert market.rows("a", IncomeKind.REALIZED_PNL) == [("REALIZED_PNL", "0.16666667", "BTC")]
    assert text(entry_price(market.held("a"), market.listings[0])) == "1000.00000000"


# the account's side, prices of 100 and of 200 contracts → worth of the two, average entry
ENTRIES = [
    ("long", "29800", "30000", (335570, 666666), "29933.07"),
    ("short", "29800", "30000", (335570, 666666), "29933.07"),
    ("long", "29950", "30000", (333889, 666666), "29983.36"),
    ("short", "29950", "30000", (333890, 666666), "29983.33"),
]


@pytest.mark.parametrize(("side", "first", "second", "worths", "average"), ENTRIES)
def test_bitmex_average_entry(side: str, first: str, second: str, worths: tuple[int, int], average: str) -> None:
    """support.bitmex.com 6205210741277: lots of 100, floored for a long, rounded for a short."""
    market = VenueMarket.listed("bitmex:XBTUSD", mark="30000")
    market.ts = parse_time("2026-01-01")
    buyer, seller = ("a", "b") if side == "long" else ("b", "a")
    market.deal(buyer, seller, "100", first)
    market.deal(buyer, seller, "200", second)
    assert [trade.quote for trade in market["a"].trades] == list(worths)
    assert abs(market.held("a").cost) == sum(worths)
    assert f"{Decimal(text(entry_price(market.held('a'), market.listings[0]))):.2f}" == average


def test_bitmex_wallet_puzzle() -> None:
    """885 contracts bought at 7,299 and sold at 6,635.5 while one contract was a lot: the wallet says −1,208,157."""
    market = single_contracts(fee="-0.00025")
    market.mark("7000")
    market.deal("a", "b", "885", "7299")
    market.deal("b", "a", "885", "6635.5")
    bought, sold = market["a"].trades
    assert (bought.quote, sold.quote) == (885 * 13_701, 885 * 15_070)
    assert (sold.realised, -sold.fee, sold.maker) == (-1_211_565, 3_334, True)
    assert sold.realised - sold.fee + 783 - 709 == -1_208_157


def test_the_rounding_in_force_is_that_of_the_trade_s_time() -> None:
    """The same deal before and after the lot size changed."""
    costs = []
    for when in ("2021-06-08T04:29:59Z", "2021-06-08T04:30:00Z"):
        market = VenueMarket.listed("bitmex:XBTUSD", mark="30000")
        market.ts = parse_time(when)
        market.deal("a", "b", "1000", "29950")
        costs.append((-market.held("a").cost, market.held("b").cost))
    # 1 / 29,950 = 0.0000333889… is 3,339 satoshis a contract; 100 / 29,950 is 333,889 floored and 333,890 rounded
    assert costs == [(3_339_000, 3_339_000), (3_338_890, 3_338_900)]


def test_a_quantity_beside_the_lots_is_worth_its_part() -> None:
    rule = ValueRule(since=0, contracts=100, buys=To.DOWN, sells=To.NEAREST)
    assert rule.value(atoms("250"), atoms("1"), atoms("29950")) == 2 * 333_889 + 166_944
    assert rule.value(atoms("-250"), atoms("1"), atoms("29950")) == -(2 * 333_890 + 166_945)


def test_bitmex_quanto_guide() -> None:
    """1,000 contracts of ETHUSD from 500 to 550 at 0.000001 XBT a point: 0.05 XBT, whatever bitcoin does."""
    market = VenueMarket.listed("bitmex:ETHUSD", mark="500")
    market.deal("a", "b", "1000", "500")
    assert at(market, "a", "550") == "0.05000000"
    market.deal("b", "a", "1000", "550")
    assert market.rows("a", IncomeKind.REALIZED_PNL) == [("REALIZED_PNL", "0.05000000", "BTC")]


def test_binance_linear_guide() -> None:
    """size · direction · (mark − entry): 0.2 BTC from 50,000 to 55,000."""
    market = VenueMarket.listed("binance_usdm:BTCUSDT")
    market.deal("a", "b", "0.2", "50000")
    assert (at(market, "a", "55000"), at(market, "b", "55000")) == ("1000.00000000", "-1000.00000000")


def test_binance_inverse_guide() -> None:
    """size · multiplier · direction · (1/entry − 1/mark): 10 contracts of 100 USD from 50,000 to 55,000."""
    market = VenueMarket.listed("binance_coinm:BTCUSD_PERP")
    market.deal("a", "b", "10", "50000")
    assert (at(market, "a", "55000"), at(market, "b", "55000")) == ("0.00181818", "-0.00181818")


def test_htx_settlement_moves_profit_and_rebases_the_position() -> None:
    """huobi.com support 900000728106: 1,000 contracts of 100 USD from 6,000; settled at 6,200; then 6,300."""
    market = VenueMarket.listed("huobi_swap:BTC-USD", mark="6000", band=Decimal(1))
    listing = market.listings[0]
    market.deal("a", "b", "1000", "6000", legs=LONG)
    long = market.held("a", leg=Leg.LONG)
    before = market["a"].holdings["BTC"].total
    assert at(market, "a", "6150", Leg.LONG)[:6] == "0.4065"
    market.venue.settle_periodic(7, {"BTC-USD": atoms("6200")})
    row = market["a"].income[-1]
    assert (row.kind, text(row.amount), row.price, row.lots) == (
        IncomeKind.SETTLEMENT,
        "0.53763441",
        atoms("6200"),
        1_000,
    )
    assert market["a"].holdings["BTC"].total - before == row.amount == long.settled
    assert round(entry_price(long, listing), -4) == atoms("6200")
    assert round(open_price(long, listing), -4) == atoms("6000")
    assert at(market, "a", "6300", Leg.LONG)[:7] == "0.25601"[:7]
    rest = unrealised(long, listing, atoms("6300"))
    assert long.settled + rest == listing.worth(1_000, atoms("6300")) - listing.worth(1_000, atoms("6000"))
    assert market["b"].income[-1].amount == -row.amount


def test_a_flip_closes_at_the_fill_and_opens_the_rest_there() -> None:
    """Long 100 at 10,000, sell 250 at 12,500: +0.0020, and short 150 from 12,500."""
    market = single_contracts(value_rules=())
    market.deal("a", "b", "100", "10000")
    market.deal("b", "a", "250", "12500")
    assert market.rows("a", IncomeKind.REALIZED_PNL) == [("REALIZED_PNL", "0.00200000", "BTC")]
    assert market.held("a").lots == -150
    assert text(entry_price(market.held("a"), market.listings[0])) == "12500.00000000"


def test_average_cost_not_first_in_first_out() -> None:
    """1 at 100 and 1 at 120, sold at 130 and 110: +20, then 0."""
    market = VenueMarket(Product.LINEAR)
    market.mark("120")
    for buyer, price in (("a", "115"), ("a", "125"), ("b", "126"), ("b", "114")):
        market.deal(buyer, "b" if buyer == "a" else "a", "1", price)
    # entered at 120 on average
    assert [trade.realised for trade in market["a"].trades] == [0, 0, atoms("6"), atoms("-6")]


# (instrument, quantity, mark, rate, payment to the long)
FUNDING = [
    ("binance_usdm:BTCUSDT", "0.2", "50000", "0.0001", "-1.00000000"),
    ("bitmex:XBTUSD", "100000", "10000", "0.0001", "-0.00100000"),
    ("binance_coinm:BTCUSD_PERP", "1000", "10000", "0.0001", "-0.00100000"),
    ("binance_coinm:BTCUSD_PERP", "1000", "30000", "-0.0003", "0.00100000"),
    ("bitmex:ETHUSD", "1000", "2000", "0.0001", "-0.00020000"),
    ("bitmex:XBTUSDT", "1000", "50000", "0.0001", "-0.00500000"),
]


@pytest.mark.parametrize(("name", "quantity", "mark", "rate", "amount"), FUNDING)
def test_funding_of_every_payoff(name: str, quantity: str, mark: str, rate: str, amount: str) -> None:
    market = VenueMarket.listed(name, mark=mark)
    market.deal("a", "b", quantity, mark)
    market.venue.pay_funding(market.symbol, atoms(mark), atoms(rate), 9)
    row = market["a"].income[-1]
    assert (row.kind, text(row.amount), row.rate, row.price) == (
        IncomeKind.FUNDING_FEE,
        amount,
        atoms(rate),
        atoms(mark),
    )
    assert market["b"].income[-1].amount == -row.amount


# (instrument, quantity, price, worth, taker's fee)
FEES = [
    ("binance_usdm:BTCUSDT", "0.02", "50000.1", "1000.00200000", "0.50000100"),
    ("binance_coinm:BTCUSD_PERP", "10", "50000", "0.02000000", "0.00001000"),
    ("bitmex:XBTUSD", "100000", "50000", "2.00000000", "0.00100000"),
    ("bitmex:XBTUSDT", "100000", "50000", "5000.00000000", "2.50000000"),
    ("bitmex:ETHUSD", "1000", "2000", "2.00000000", "0.00100000"),
    ("huobi_linear:BTC-USDT", "7", "50000", "350.00000000", "0.17500000"),
]


@pytest.mark.parametrize(("name", "quantity", "price", "worth", "fee"), FEES)
def test_fees_are_on_the_worth_in_the_settle_asset(name: str, quantity: str, price: str, worth: str, fee: str) -> None:
    market = VenueMarket.listed(name)
    market.mark(price)
    market.deal("a", "b", quantity, price)
    trade = market["a"].trades[0]
    assert (text(trade.quote), text(trade.fee), trade.fee_asset) == (worth, fee, market.listings[0].settle)
    assert market.rows("a")[-1] == ("COMMISSION", f"-{fee}", market.listings[0].settle)
