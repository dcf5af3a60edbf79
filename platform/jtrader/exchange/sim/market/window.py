"""When the live window of a planned market starts and ends, in minutes since 1970."""

from collections.abc import Mapping

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import MINUTE, iso
from jtrader.exchange.sim.market.plan import MarketPlan
from jtrader.exchange.sim.market.recording import Recording
from jtrader.exchange.sim.market.replay import Replay


def live_window(
    plan: MarketPlan, recordings: Mapping[InstrumentId, Recording], replays: Mapping[InstrumentId, Replay]
) -> tuple[int, int]:
    """[start, end). Raises BadInput where the plan's start is outside what is recorded."""
    start = _start(plan, recordings, replays)
    end = start + plan.live_minutes
    _refuse_hole(start, recordings)
    for instrument, replay in replays.items():
        if not replay.start <= start < replay.end:
            raise BadInput(
                f"live_start {iso(start * MINUTE)} is outside the recorded book of {instrument}: allowed is "
                f"{iso(replay.start * MINUTE)} to {iso((replay.end - 1) * MINUTE)}, or none: its first whole minute"
            )
        end = min(end, replay.end)
    return start, end


def refuse_expired(rules: Instrument, live_start: int) -> None:
    """`live_start` in ns."""
    if rules.expiry is not None and rules.expiry <= live_start:
        raise BadInput(
            f"{rules.id} expires at {iso(rules.expiry)}; the live window starts at {iso(live_start)}, and it must be "
            "listed then"
        )


def _start(
    plan: MarketPlan, recordings: Mapping[InstrumentId, Recording], replays: Mapping[InstrumentId, Replay]
) -> int:
    if plan.live_start is not None:
        return plan.live_start // MINUTE
    if replays:
        return max(replay.start for replay in replays.values())
    return min(recording.end for recording in recordings.values())


def _refuse_hole(start: int, recordings: Mapping[InstrumentId, Recording]) -> None:
    """The live window can't leave a hole behind recorded history."""
    for instrument, recording in recordings.items():
        if not recording.start < start <= recording.end:
            raise BadInput(
                f"live_start {iso(start * MINUTE)} does not follow the recorded history of {instrument}: allowed is "
                f"{iso((recording.start + 1) * MINUTE)} to {iso(recording.end * MINUTE)}, "
                "or none: right after the last candle"
            )
