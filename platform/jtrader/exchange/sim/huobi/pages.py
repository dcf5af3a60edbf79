"""Pages by number, as the older requests of the contract markets have them: `page_index` from 1, `page_size`."""

from typing import TypeVar

from jtrader.exchange.sim.huobi.call import Call

_Row = TypeVar("_Row")


def slice_of(call: Call, rows: list[_Row], usual: int = 20, most: int = 50) -> list[_Row]:
    index, size = _index(call), call.limit("page_size", usual, most)
    return rows[(index - 1) * size : index * size]


def numbers(call: Call, total: int, usual: int = 20, most: int = 50) -> dict[str, int]:
    size = call.limit("page_size", usual, most)
    return {"total_page": -(-total // size), "current_page": _index(call), "total_size": total}


def _index(call: Call) -> int:
    return max(1, call.integer("page_index") or 1)
