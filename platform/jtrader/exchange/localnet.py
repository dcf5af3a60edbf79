"""The way to a simulated venue on this machine, for clients that believe they talk to the real one.

ccxt keeps its own URLs, so everything it derives from them (error tables by host, signed hosts and paths, spot or
futures streams) stays exact. Only the transport changes: https becomes http, wss becomes ws, host and port become the
simulator's, and the real host stays in the Host header. Since every request is bent there, nothing leaves the machine.
"""

import ipaddress
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import yarl

from jtrader.domain.errors import BadInput

_PLAIN = {"https": "http", "wss": "ws", "http": "http", "ws": "ws"}


class LocalTarget(NamedTuple):
    """Where a venue's URL leads on this machine: the address to open and the Host header to send with it."""

    url: str
    host: str


def local_target(url: str, simulator_uri: str) -> LocalTarget:
    """`wss://fstream.binance.com/ws/0` → (`ws://127.0.0.1:<port>/ws/0`, `fstream.binance.com`).

    Path and query are kept byte for byte, as signatures cover them. Raises BadInput unless the simulator's address is
    `http://<loopback>:<port>`.
    """
    wanted = yarl.URL(url, encoded=True)
    scheme = _PLAIN.get(wanted.scheme)
    if scheme is None or not wanted.host:
        raise BadInput(f"'{url}' is no http(s) or ws(s) address")
    return LocalTarget(f"{scheme}://{loopback_address(simulator_uri)}{wanted.raw_path_qs}", wanted.host)


def loopback_address(simulator_uri: str) -> str:
    """`http://127.0.0.1:8001` → `127.0.0.1:8001`. Raises BadInput for another scheme, host, or a missing port."""
    parts = urlsplit(simulator_uri)
    host, port = parts.hostname or "", parts.port
    if parts.scheme != "http" or port is None or not _is_loopback(host):
        raise BadInput(f"simulator address '{simulator_uri}' is not of the form http://127.0.0.1:port")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class LocalSession:
    """Stands where ccxt expects an `aiohttp.ClientSession`; opens a real one in the running loop at first use.

    It has only the methods that it bends, so a request that went around it would be an AttributeError. Redirects are
    not followed and proxies are ignored. ccxt never closes a session that was handed to it: `await session.close()`.
    """

    def __init__(self, simulator_uri: str) -> None:
        loopback_address(simulator_uri)
        self._uri = simulator_uri
        self._inner: aiohttp.ClientSession | None = None

    def get(self, url: Any, **options: Any) -> Any:
        return self._request("GET", url, options)

    def post(self, url: Any, **options: Any) -> Any:
        return self._request("POST", url, options)

    def put(self, url: Any, **options: Any) -> Any:
        return self._request("PUT", url, options)

    def delete(self, url: Any, **options: Any) -> Any:
        return self._request("DELETE", url, options)

    def patch(self, url: Any, **options: Any) -> Any:
        return self._request("PATCH", url, options)

    def ws_connect(self, url: Any, *, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
        target = local_target(str(url), self._uri)
        bent = {**(headers or {}), "Host": target.host}
        return self._open().ws_connect(yarl.URL(target.url, encoded=True), headers=bent, **_direct(options))

    @property
    def headers(self) -> Mapping[str, str]:
        """What a session adds to every request: nothing. ccxt merges it into its own headers."""
        return {}

    @property
    def cookie_jar(self) -> aiohttp.abc.AbstractCookieJar:
        return self._open().cookie_jar

    @property
    def closed(self) -> bool:
        return self._inner is None or self._inner.closed

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()

    async def __aenter__(self) -> "LocalSession":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._inner is None:
            self._inner = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64), trust_env=False)
        return self._inner

    def _request(self, method: str, url: Any, options: dict[str, Any]) -> Any:
        target = local_target(str(url), self._uri)
        bent = {**(options.pop("headers", None) or {}), "Host": target.host}
        options = {**_direct(options), "allow_redirects": False}
        return self._open().request(method, yarl.URL(target.url, encoded=True), headers=bent, **options)


def _direct(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in ("proxy", "proxy_auth", "allow_redirects")}


def local_session(simulator_uri: str) -> LocalSession:
    """For `ccxt.binance({"session": local_session(uri)})`, REST (async) and ccxt.pro alike. Close it yourself."""
    return LocalSession(simulator_uri)
