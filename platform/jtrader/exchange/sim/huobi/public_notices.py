"""What the contracts' notification streams tell everybody: `public.<contract|*>.funding_rate` once a minute,
`.liquidation_orders` and `.contract_info` as it happens. Source: coin_margined_swap v1, WebSocket order and user data.
"""

from collections.abc import Iterator
from typing import Any

from jtrader.domain.times import MINUTE, to_millis
from jtrader.exchange.sim.huobi.liquidations import liquidation_row
from jtrader.exchange.sim.huobi.listed import contract_row
from jtrader.exchange.sim.huobi.notice import Notice
from jtrader.exchange.sim.world import Told, World
from jtrader.venue.listing import Listing
from jtrader.venue.records import Execution, OrderReported, StatusChanged
from jtrader.venue.words import Origin

PUBLIC_KINDS = ("funding_rate", "liquidation_orders", "contract_info")


def public_topic(topic: str) -> tuple[str, str] | None:
    """`public.BTC-USD.funding_rate` → (`funding_rate`, `btc-usd`); None for any other topic."""
    first, _, rest = topic.lower().partition(".")
    name, _, kind = rest.rpartition(".")
    return (kind, name) if first == "public" and kind in PUBLIC_KINDS and name else None


class PublicNotices:
    """Of one market; accounts of the notices are empty."""

    def __init__(self, world: World, market: str) -> None:
        self._world = world
        self._market = market
        self._venue = world.venues[market]
        self._minute = world.now // MINUTE

    def opening(self, kind: str, listing: Listing) -> Notice | None:
        if kind == "funding_rate":
            return self._funding(listing)
        return self._info(listing, "init") if kind == "contract_info" else None

    def notices(self, told: Told) -> Iterator[Notice]:
        for one in told.happened:
            if isinstance(one, StatusChanged):
                yield self._info(self._venue.listings[one.symbol], "update")
            elif isinstance(one, OrderReported) and _is_forced(one):
                yield self._liquidation(one)
        if told.now // MINUTE != self._minute:
            self._minute = told.now // MINUTE
            for listing in self._venue.listings.values():
                funding = self._funding(listing)
                if funding is not None:
                    yield funding

    def _funding(self, listing: Listing) -> Notice | None:
        rules = listing.instrument
        if not rules.funding_interval:
            return None
        at = self._world.next_funding(rules.id)
        row = {
            "symbol": rules.base,
            "contract_code": listing.symbol,
            "fee_asset": rules.settle,
            "funding_time": str(to_millis(self._world.now // MINUTE * MINUTE)),
            "funding_rate": self._world.last_funding_rate(rules.id),
            "estimated_rate": self._world.last_funding_rate(rules.id),
            "settlement_time": str(to_millis(at)),
        }
        return self._notice("funding_rate", listing, {"data": [row]})

    def _liquidation(self, report: OrderReported) -> Notice:
        listing = self._venue.listings[report.order.symbol]
        row = liquidation_row(report.order, listing)
        del row["query_id"]
        return self._notice("liquidation_orders", listing, {"data": [row]})

    def _info(self, listing: Listing, event: str) -> Notice:
        now = self._world.now
        settles = self._world.duties.next_settlement(self._market, now) or 0
        row = contract_row(listing, self._venue.status[listing.symbol], settles, now)
        return self._notice("contract_info", listing, {"event": event, "data": [row]})

    def _notice(self, kind: str, listing: Listing, body: dict[str, Any]) -> Notice:
        return Notice(kind, "", listing.symbol.lower(), {"ts": to_millis(self._world.now), **body})


def _is_forced(report: OrderReported) -> bool:
    return report.execution is Execution.NEW and report.order.origin is Origin.LIQUIDATION
