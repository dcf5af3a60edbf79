"""What `live` on a market through ccxt waits for, shown with OKX: the probe, kept for the settings."""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.broker_desk import closing
from fixtures.okx_desk import BTC, NOW, broker_at, new_id, run
from fixtures.okx_venue import KEY, LAST, PASSPHRASE, SECRET, OkxVenue
from jtrader.app.jobs.probe import probe_account
from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.trading import broker_for
from jtrader.app.wiring.venues import venue_of
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId
from jtrader.domain.order import Side
from jtrader.exchange.ccxt.probe import Probe
from jtrader.exchange.ccxt.rest import CcxtRest
from jtrader.exchange.ccxt.spoken import OKX_SPOT


@pytest.fixture(scope="module")
def venue() -> Iterator[OkxVenue]:
    made = OkxVenue().start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def spot(venue: OkxVenue) -> Iterator[CcxtRest]:
    with CcxtRest(OKX_SPOT, venue.uri, patience=2) as made:
        yield made


@pytest.mark.parametrize(
    ("flaws", "may_trade", "missing"),
    [
        ((), True, set()),
        ((), False, {"fills_since"}),
        (("no client id",), True, {"conditional_orders"}),
        (("no algo list",), True, {"conditional_orders"}),
        (("no fills",), True, {"fills_since"}),
        (("one page",), True, {"open_orders", "conditional_orders", "fills_since"}),
    ],
    ids=["all is well", "no trade allowed", "no client id", "no list of conditional orders", "no fills", "no paging"],
)
def test_the_probe_proves_what_live_needs(
    spot: CcxtRest, flaws: tuple[str, ...], may_trade: bool, missing: set[str]
) -> None:
    (btc,) = spot.instruments()
    venue = OkxVenue(flaws=flaws).start()
    try:

        async def work() -> None:
            async with closing(broker_at(venue)) as broker:
                probe = Probe(broker, AccountId("alpha"), btc, Decimal(LAST), NOW, new_id, may_trade)
                proof = await probe.run()
            assert set(proof.why) == missing, proof.why
            assert proof.is_whole is (not missing)
            assert not any(row["state"] == "live" for row in venue.orders.values())
            if "no client id" not in flaws and "no algo list" not in flaws:
                assert not any(row["state"] == "live" for row in venue.algos.values())
            bought = [row["side"] for row in venue.fills]
            assert bought == ([Side.BUY, Side.SELL] if may_trade else [])

        run(work)
    finally:
        venue.stop()


# ---- from settings


def desk(home: Path, uri: str, broker: str) -> Settings:
    file = home / "keys.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"key": KEY, "secret": SECRET, "password": PASSPHRASE}))
    return load_settings(
        home=home,
        simulator_uri=uri,
        ccxt=[{"market": "okx_spot", "exchange": "okx", "type": "spot"}],
        accounts=[{"name": "alpha", "market": "okx_spot", "broker": broker, "key_file": "keys.json"}],
        strategies=[{"name": "m", "rule": "ma_cross", "account": "alpha", "instruments": [BTC]}],
    )


def test_live_waits_for_the_probe(tmp_path: Path) -> None:
    venue = OkxVenue().start()
    try:
        trading, probing = desk(tmp_path, venue.uri, "live"), desk(tmp_path, venue.uri, "sim")

        async def built() -> str:
            broker = broker_for(trading, trading.account("alpha"), live=True)
            await broker.close()
            return type(broker).__name__

        with pytest.raises(BadInput, match="nothing is proven of okx_spot yet; run 'jtrader account probe alpha"):
            asyncio.run(built())
        assert not probe_account("alpha", BTC, may_trade=False, settings=probing).is_whole
        with pytest.raises(BadInput, match=r"the probe failed \(fills_since: nothing may be traded"):
            asyncio.run(built())
        assert probe_account("alpha", BTC, may_trade=True, settings=probing).is_whole
        assert asyncio.run(built()) == "CcxtBroker"
    finally:
        venue.stop()


def test_markets_of_the_settings_are_known_and_others_are_not(tmp_path: Path) -> None:
    settings = desk(tmp_path, "http://127.0.0.1:1", "sim")
    assert venue_of("okx_spot", settings).name == "okx"
    with pytest.raises(BadInput, match=r"market 'okx_swap' is not known; known: binance_usdm, .*, okx_spot"):
        venue_of("okx_swap", settings)
