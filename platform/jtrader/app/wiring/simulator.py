"""From settings to a simulated market and its server."""

from pathlib import Path

from jtrader.app.settings import SimulatorSettings
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import parse_time
from jtrader.exchange.sim.faults.script import read_script
from jtrader.exchange.sim.keys import read_key_files
from jtrader.exchange.sim.market.market import build_market
from jtrader.exchange.sim.market.plan import MarketPlan
from jtrader.exchange.sim.server import SimulatorServer


def market_plan(settings: SimulatorSettings) -> MarketPlan:
    """Raises BadInput where the settings name no market that can be made."""
    return MarketPlan(
        seed=settings.seed,
        instruments=tuple(InstrumentId(name) for name in settings.instruments),
        live_start=_live_start(settings),
        live_minutes=settings.live_minutes,
        days=settings.days,
        intensity=settings.intensity,
        predictability=settings.predictability,
        history=settings.history,
        replay=settings.replay,
        expiries={InstrumentId(name): parse_time(expiry) for name, expiry in settings.expiries.items()},
    )


def _live_start(settings: SimulatorSettings) -> int | None:
    """None = right after the recorded history, or where the replay begins. A TOML file can't say None: it says "auto",
    or leaves the default, which is meant for the generated market."""
    is_recorded = settings.history is not None or settings.replay is not None
    left_out = settings.live_start == SimulatorSettings().live_start and is_recorded
    if settings.live_start in (None, "auto") or left_out:
        return None
    return parse_time(str(settings.live_start))


def build_simulator(settings: SimulatorSettings, port: int, secrets: Path, home: Path | None = None) -> SimulatorServer:
    """Its keys are those of the folder `secrets`, each with the settings' funds on its market. With a `home`, the
    folder of its state, it goes on from what is there."""
    if not 0 <= port <= 65_535:
        raise BadInput(f"port is {port}; allowed is 0 (any free one) to 65535")
    faults = read_script(settings.faults) if settings.faults is not None else None
    server = SimulatorServer(build_market(market_plan(settings)), port, faults, home)
    for file in read_key_files(secrets, server.markets):
        server.keys.create(file.key, file.secret, {file.market: _funds(settings, server, file.market)})
    return server


def _funds(settings: SimulatorSettings, server: SimulatorServer, market: str) -> dict[str, str]:
    """What a new key's wallet on a market holds: dollars where it trades for them, the coins that it settles in."""
    listings = server.runner.world.venues[market].listings.values()
    settles = {listing.instrument.settle for listing in listings} or {"USDT"}
    coins = {asset: amount for asset, amount in settings.coins.items() if asset in settles}
    held = coins | (settings.funds if "USDT" in settles else {})
    return {asset: str(amount) for asset, amount in held.items()}
