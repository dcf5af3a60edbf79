"""A recorded book and its trades, served by the simulator's process as Binance serves its market."""

from pathlib import Path

from fixtures.recorded_book import LIVE, book, trades, write
from fixtures.simulator import StartSimulator
from jtrader.domain.times import SECOND

USDM, PERP = "fapi.binance.com", "binance_usdm:BTCUSDT"


def test_a_replay_is_served_and_traded_in_across_a_kill(start_simulator: StartSimulator, tmp_path: Path) -> None:
    folder = tmp_path / "recorded"
    folder.mkdir()
    write(folder, book(), trades())
    simulator = start_simulator(replay=folder, instruments=(PERP,), live_start="auto", days=1)
    assert simulator.clock()["live_start"] == LIVE
    simulator.add_account("k", "s")
    depth = simulator.get(USDM, "/fapi/v1/depth", symbol="BTCUSDT", limit=5)
    assert (depth["bids"][0], depth["asks"][0]) == (["99999.9", "2.000"], ["100000.1", "3.000"])
    assert float(simulator.get(USDM, "/fapi/v1/premiumIndex", symbol="BTCUSDT")["markPrice"]) == 100_000.0
    resting = simulator.order_by_hand("k", PERP, "sell", "0.4", price="100000.0")
    simulator.run(60.0, LIVE + 20 * SECOND)
    simulator.kill()
    simulator.start()
    simulator.run(60.0, LIVE + 60 * SECOND)
    told = simulator.get(USDM, "/fapi/v1/aggTrades", symbol="BTCUSDT", startTime=LIVE // 10**6, limit=100)
    assert [(row["p"], row["q"]) for row in told] == [
        ("100000.0", "0.400"),
        ("100000.1", "1.100"),
        ("100000.1", "0.500"),
        ("100000.0", "0.700"),
        ("100000.5", "2.500"),
    ]
    assert resting["status"] == "new"
    assert simulator.stats()["fills"] == 1
    simulator.stop()
