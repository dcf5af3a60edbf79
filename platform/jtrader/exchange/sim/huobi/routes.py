"""Which handler answers which request, by host."""

from jtrader.exchange.sim.huobi.route import Table
from jtrader.exchange.sim.huobi.routes_inverse import INVERSE_SIGNED
from jtrader.exchange.sim.huobi.routes_linear import LINEAR_SIGNED
from jtrader.exchange.sim.huobi.routes_public import CONTRACT_PUBLIC, SPOT_PUBLIC
from jtrader.exchange.sim.huobi.routes_spot import SPOT_SIGNED

SPOT: Table = {**SPOT_PUBLIC, **SPOT_SIGNED}
CONTRACT: Table = {**CONTRACT_PUBLIC, **LINEAR_SIGNED, **INVERSE_SIGNED}
