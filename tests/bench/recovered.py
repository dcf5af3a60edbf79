"""A process that recovers an oms from a journal, and tells how long it took: `python recovered.py FOLDER`."""

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "platform")]

import msgspec  # noqa: E402

from bench.order_flow import engine  # noqa: E402
from jtrader.app.services.oms.core_loop import CoreLoop  # noqa: E402
from jtrader.app.services.oms.latch import LatchFile  # noqa: E402
from jtrader.domain.money import use_exact_context  # noqa: E402
from jtrader.store.journal.files import FileJournal  # noqa: E402


class Recovered(msgspec.Struct):
    """Seconds of the whole, its CPU seconds, those of decoding alone; what was found."""

    seconds: float
    cpu: float
    decoding: float
    events: int
    orders: int
    fills: int


class StillClock:
    """Recovery asks no clock."""

    def market(self) -> int:
        return 0

    def wall(self) -> int:
        return 0


def recover(folder: Path) -> Recovered:
    began, worked = time.perf_counter(), time.process_time()
    journal = FileJournal(folder)
    loop = CoreLoop(engine(), journal, StillClock(), LatchFile(folder / "latch.json"), lambda _: None, lambda _: None)
    events = loop.replay()
    seconds, cpu, state = time.perf_counter() - began, time.process_time() - worked, loop.engine.state
    worked = time.process_time()
    for _ in journal.replay():
        pass
    decoding = time.process_time() - worked
    journal.close()
    return Recovered(seconds, cpu, decoding, events, len(state.orders), len(state.fills))


if __name__ == "__main__":
    use_exact_context()
    sys.stdout.buffer.write(msgspec.json.encode(recover(Path(sys.argv[1]))))
