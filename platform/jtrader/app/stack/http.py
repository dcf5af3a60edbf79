"""Health by HTTP: a door that answers 2xx within five seconds is open."""

import ssl
from functools import cache
from typing import Any

import httpx

_SECONDS = 5.0


@cache
def _no_authorities() -> ssl.SSLContext:
    """All is on the loopback, without TLS; httpx would read all certificate authorities for every request."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def get(url: str, seconds: float = _SECONDS) -> httpx.Response:
    return httpx.get(url, timeout=seconds, follow_redirects=True, trust_env=False, verify=_no_authorities())


def trouble(url: str) -> str | None:
    """None if the address answers well, else what it answered."""
    try:
        answer = get(url)
    except httpx.HTTPError as error:
        return f"{url} does not answer ({type(error).__name__})"
    return None if answer.is_success else f"{url} answers {answer.status_code}"


def json_of(url: str) -> Any:
    """The JSON at an address, None if there is none now."""
    try:
        answer = get(url)
        return answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError):
        return None
