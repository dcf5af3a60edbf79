"""The requests. Paths end in "/" where Metabase's description says so, and keys without a value are left out."""

from types import TracebackType
from typing import Any

import httpx

from jtrader.domain.errors import BadInput, Broken, Unavailable

Json = dict[str, Any]
SECONDS = 30.0


class Metabase:
    """A signed-in session. Raises Unavailable, BadInput (password refused), Broken (Metabase refuses a request)."""

    def __init__(self, uri: str) -> None:
        self._http = httpx.Client(base_url=uri.rstrip("/"), timeout=SECONDS)
        self._uri = uri

    def sign_in(self, email: str, password: str, site: str = "jtrader") -> bool:
        """Makes the first administrator where Metabase is new; returns whether it was."""
        properties = self._ask("GET", "/api/session/properties")
        token = properties.get("setup-token")
        fresh = not properties.get("has-user-setup", token is None)
        if fresh:
            user = {"email": email, "password": password, "first_name": "jtrader", "last_name": "desk"}
            prefs = {"site_name": site, "site_locale": "en"}
            answer = self._ask("POST", "/api/setup/", {"token": token, "user": user, "prefs": prefs})
        else:
            answer = self._ask("POST", "/api/session/", {"username": email, "password": password})
        self._http.headers["X-Metabase-Session"] = answer["id"]
        return fresh

    def databases(self) -> list[Json]:
        answer = self._ask("GET", "/api/database/")
        return list(answer["data"] if isinstance(answer, dict) else answer)

    def add_database(self, body: Json) -> Json:
        return self._object("POST", "/api/database/", body)

    def change_database(self, number: int, body: Json) -> Json:
        return self._object("PUT", f"/api/database/{number}", body)

    def collections(self) -> list[Json]:
        return list(self._ask("GET", "/api/collection/"))

    def add_collection(self, body: Json) -> Json:
        return self._object("POST", "/api/collection/", body)

    def cards(self) -> list[Json]:
        return list(self._ask("GET", "/api/card/", params={"f": "all"}))

    def add_card(self, body: Json) -> Json:
        return self._object("POST", "/api/card/", body)

    def change_card(self, number: int, body: Json) -> Json:
        return self._object("PUT", f"/api/card/{number}", body)

    def dashboards(self) -> list[Json]:
        return list(self._ask("GET", "/api/dashboard/"))

    def dashboard(self, number: int) -> Json:
        return self._object("GET", f"/api/dashboard/{number}")

    def add_dashboard(self, body: Json) -> Json:
        return self._object("POST", "/api/dashboard/", body)

    def change_dashboard(self, number: int, body: Json) -> Json:
        return self._object("PUT", f"/api/dashboard/{number}", body)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Metabase":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _object(self, method: str, path: str, body: Json | None = None) -> Json:
        return dict(self._ask(method, path, body))

    def _ask(self, method: str, path: str, body: Json | None = None, params: dict[str, str] | None = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body, params=params)
        except httpx.TransportError as error:
            raise Unavailable(f"Metabase at {self._uri} does not answer ({error}); is it started?") from error
        if answer.status_code in (401, 403):
            raise BadInput(
                f"Metabase at {self._uri} refuses these credentials; mend email and password in the key file"
            )
        if answer.status_code >= 500:
            raise Unavailable(f"Metabase at {self._uri} failed on {method} {path} ({answer.status_code}); try again")
        if answer.status_code >= 400:
            raise Broken(f"Metabase refused {method} {path}: {answer.status_code} {answer.text[:400]}")
        return answer.json()
