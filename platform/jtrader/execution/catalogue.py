"""The algorithms by the name an intent calls them."""

from collections.abc import Mapping

from jtrader.execution.algorithm import Algorithm
from jtrader.execution.best_limit import BestLimit
from jtrader.execution.iceberg import Iceberg
from jtrader.execution.limit import Limit
from jtrader.execution.market import Market
from jtrader.execution.pov import Pov
from jtrader.execution.stop import Stop
from jtrader.execution.stop_limit import StopLimit
from jtrader.execution.trailing import Trailing
from jtrader.execution.twap import Twap
from jtrader.execution.vwap import Vwap

ALGORITHMS: Mapping[str, Algorithm] = {
    "market": Market(),
    "limit": Limit(),
    "twap": Twap(),
    "vwap": Vwap(),
    "pov": Pov(),
    "stop": Stop(),
    "stop_limit": StopLimit(),
    "trailing": Trailing(),
    "iceberg": Iceberg(),
    "best_limit": BestLimit(),
}
