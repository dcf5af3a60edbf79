"""One MLflow server, its failures translated once."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from mlflow import MlflowClient
from mlflow import environment_variables as settings
from mlflow.exceptions import MlflowException, RestException

from jtrader.domain.errors import BadInput, Unavailable
from jtrader.registry.errors import UnknownVersion

_RETRIES = 1
_TIMEOUT_SECONDS = 10
"""A caller that polls must not hang on a server that is away; whoever can wait tries again by itself."""

_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}
_INVALID = "INVALID_PARAMETER_VALUE"
_FIRST_SERVER_FAULT = 500


def connect(uri: str) -> MlflowClient:
    """A client with bounded patience. MLflow has one setting of it a process, and its telemetry stays off."""
    settings.MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(_RETRIES)
    settings.MLFLOW_HTTP_REQUEST_TIMEOUT.set(_TIMEOUT_SECONDS)
    settings.MLFLOW_DISABLE_TELEMETRY.set(True)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def translated(uri: str, doing: str) -> Iterator[None]:
    """Turns the client's exceptions into ours: absent → UnknownVersion, no answer or a server's fault → Unavailable,
    a refusal → BadInput."""
    try:
        yield
    except RestException as error:
        if error.error_code in _ABSENT:
            raise UnknownVersion(f"{doing}: {error.message}; the page at {uri} lists what is registered") from error
        if error.get_http_status_code() >= _FIRST_SERVER_FAULT:
            raise Unavailable(f"MLflow at {uri} failed while {doing}: {error.message}") from error
        raise BadInput(f"MLflow refused {doing}: {error.message}") from error
    except MlflowException as error:
        if error.error_code in _ABSENT:
            raise UnknownVersion(f"{doing}: {error.message}; the page at {uri} lists what is registered") from error
        if error.error_code == _INVALID:
            raise BadInput(f"MLflow refused {doing}: {error.message}") from error
        raise Unavailable(_silent(uri, doing, error)) from error
    except (requests.RequestException, ConnectionError, TimeoutError) as error:
        raise Unavailable(_silent(uri, doing, error)) from error


def _silent(uri: str, doing: str, error: Exception) -> str:
    refused = "Connection refused" in str(error)
    cause = (
        "connection refused" if refused else str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    )
    return f"MLflow at {uri} did not answer while {doing} ({cause}); see 'jtrader status', start it with 'make up'"
