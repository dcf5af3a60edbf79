"""What each venue answers when it knows of no order and no trade: a look-up's empty or negative answer.

By host, method and path, as the venues answer for an id that never was (ccxt 4.5.83 maps each to OrderNotFound or to
an empty list). A path that ends with `/` stands for everything below it.
"""

from typing import Any

_BINANCE_NO_ORDER = (400, {"code": -2013, "msg": "Order does not exist."})
_EMPTY: tuple[int, Any] = (200, [])
_HTX_NO_RECORD = (
    200,
    {"status": "error", "err-code": "base-record-invalid", "err-msg": "record invalid", "data": None},
)
_HTX_SPOT_EMPTY = (200, {"status": "ok", "data": []})
_HTX_NO_ORDER = (200, {"status": "error", "err_code": 1017, "err_msg": "Order doesnt exist.", "ts": 0})
_HTX_V5_NO_ORDER = (200, {"code": 1017, "message": "Order doesnt exist.", "data": None, "ts": 0})
_HTX_V5_ROWS = (200, {"code": 200, "message": "Success", "data": [], "ts": 0})
_HTX_SPOT_V2_ROWS = (200, {"code": 200, "data": []})
_HTX_PAGE = (
    200,
    {"status": "ok", "data": {"orders": [], "total_page": 1, "current_page": 1, "total_size": 0}, "ts": 0},
)
_HTX_ROWS = (200, {"code": 200, "msg": "ok", "data": [], "ts": 0})

Denials = dict[tuple[str, str], tuple[int, Any]]


def _binance_futures(prefix: str) -> Denials:
    return {
        ("GET", f"{prefix}/order"): _BINANCE_NO_ORDER,
        ("GET", f"{prefix}/openOrder"): _BINANCE_NO_ORDER,
        ("GET", f"{prefix}/openOrders"): _EMPTY,
        ("GET", f"{prefix}/allOrders"): _EMPTY,
        ("GET", f"{prefix}/userTrades"): _EMPTY,
        ("GET", f"{prefix}/algoOrder"): _BINANCE_NO_ORDER,
        ("GET", f"{prefix}/openAlgoOrders"): _EMPTY,
        ("GET", f"{prefix}/allAlgoOrders"): _EMPTY,
    }


def _htx_contracts() -> Denials:
    found: Denials = {}
    for prefix, old in (("/swap-api", "swap"), ("/api", "contract"), ("/linear-swap-api", "swap")):
        found |= {
            ("POST", f"{prefix}/v1/{old}_order_info"): _HTX_NO_ORDER,
            ("POST", f"{prefix}/v1/{old}_order_detail"): _HTX_NO_ORDER,
            ("POST", f"{prefix}/v1/{old}_openorders"): _HTX_PAGE,
            ("POST", f"{prefix}/v1/{old}_trigger_openorders"): _HTX_PAGE,
            ("POST", f"{prefix}/v1/{old}_tpsl_openorders"): _HTX_PAGE,
            ("POST", f"{prefix}/v1/{old}_trigger_hisorders"): _HTX_PAGE,
            ("POST", f"{prefix}/v1/{old}_tpsl_hisorders"): _HTX_PAGE,
            ("POST", f"{prefix}/v3/{old}_hisorders"): _HTX_ROWS,
            ("POST", f"{prefix}/v3/{old}_hisorders_exact"): _HTX_ROWS,
            ("POST", f"{prefix}/v3/{old}_matchresults"): _HTX_ROWS,
            ("POST", f"{prefix}/v3/{old}_matchresults_exact"): _HTX_ROWS,
        }
    for path in ("opens", "history", "details"):
        found["GET", f"/v5/trade/order/{path}"] = _HTX_V5_ROWS
    for path in ("opens", "history"):
        found["GET", f"/v5/algo/order/{path}"] = _HTX_V5_ROWS
    found["GET", "/v5/trade/order"] = _HTX_V5_NO_ORDER
    return found


DENIALS: dict[str, Denials] = {
    "api.binance.com": {
        ("GET", "/api/v3/order"): _BINANCE_NO_ORDER,
        ("GET", "/api/v3/openOrders"): _EMPTY,
        ("GET", "/api/v3/allOrders"): _EMPTY,
        ("GET", "/api/v3/myTrades"): _EMPTY,
    },
    "fapi.binance.com": _binance_futures("/fapi/v1"),
    "dapi.binance.com": _binance_futures("/dapi/v1"),
    "www.bitmex.com": {
        ("GET", "/api/v1/order"): _EMPTY,
        ("GET", "/api/v1/execution"): _EMPTY,
        ("GET", "/api/v1/execution/tradeHistory"): _EMPTY,
    },
    "api.huobi.pro": {
        ("GET", "/v1/order/orders/"): _HTX_NO_RECORD,
        ("GET", "/v1/order/orders/getClientOrder"): _HTX_NO_RECORD,
        ("GET", "/v1/order/orders"): _HTX_SPOT_EMPTY,
        ("GET", "/v1/order/openOrders"): _HTX_SPOT_EMPTY,
        ("GET", "/v1/order/history"): _HTX_SPOT_EMPTY,
        ("GET", "/v1/order/matchresults"): _HTX_SPOT_EMPTY,
        ("GET", "/v2/algo-orders/opening"): _HTX_SPOT_V2_ROWS,
        ("GET", "/v2/algo-orders/history"): _HTX_SPOT_V2_ROWS,
    },
    "api.hbdm.vn": _htx_contracts(),
}


def denial(host: str, method: str, path: str) -> tuple[int, Any] | None:
    """(status, body) where the request looks up orders or trades, else None."""
    known = DENIALS.get(host, {})
    exact = known.get((method, path))
    if exact is not None:
        return exact
    return next(
        (
            found
            for (verb, above), found in known.items()
            if above.endswith("/") and verb == method and path.startswith(above)
        ),
        None,
    )
