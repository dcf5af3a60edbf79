"""What the journal of this desk tells of an order or a parent."""

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.desk import journal_folder
from jtrader.report.timeline import Moment, timeline
from jtrader.store.journal.reader import read_journal


def find_timeline(name: str, settings: Settings | None = None) -> list[Moment]:
    """Empty where the journal knows no order or parent of that name. Fills are told by their lineage. Raises Broken."""
    if name == "last" or "#" in name or name.isdigit():
        return []
    folder = journal_folder(settings or load_settings())
    return timeline(lambda: read_journal(folder), name)
