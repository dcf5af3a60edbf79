"""Why a fill happened, read from Postgres."""

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.reading import open_reader
from jtrader.domain.errors import BadInput
from jtrader.report.lineage import Lineage, lineage_of


def find_lineage(trade: str, settings: Settings | None = None) -> Lineage:
    """Of `market:SYMBOL#trade id`, of a trade id alone where only one fill has it, or of `last`, the newest fill.

    Raises BadInput for an unknown or ambiguous one, Unavailable.
    """
    with open_reader(settings or load_settings()) as reader:
        rows = reader.lineage(None if trade == "last" else trade)
    if not rows and trade == "last":
        raise BadInput("no fill is in Postgres yet: trade first, or give the oms a moment to write it")
    if not rows:
        raise BadInput(f"no fill '{trade}' in Postgres; 'jtrader lineage last' shows the newest, the page lists them")
    if len(rows) > 1:
        found = ", ".join(f"{row['instrument']}#{row['trade_id']} of {row['account']}" for row in rows)
        raise BadInput(f"several fills are '{trade}': {found}; write the instrument too")
    return lineage_of(rows[0])
