"""JupyterHub for real: sign in, start a server, run a cell that reads the desk and can't write to it."""

import json
import os
import pwd
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import httpx
import psutil
import pytest
from websockets.sync.client import connect

from jtrader.app.settings import load_settings
from jtrader.app.stack import Stack, processes
from jtrader.app.stack.hub import PROXY
from jtrader.app.stack.service import wait_until
from jtrader.app.stack.site import Site

pytestmark = pytest.mark.skipif(not PROXY.exists(), reason="JupyterHub's proxy is not installed; run 'make setup'")

AS_ROOT = os.geteuid() == 0
CELL = """
import os, getpass, psycopg2
print("user", getpass.getuser())
with psycopg2.connect(os.environ["JTRADER_POSTGRES_URI"]) as desk, desk.cursor() as cursor:
    cursor.execute("SELECT current_user")
    print("reads as", cursor.fetchone()[0])
    try:
        cursor.execute("CREATE TABLE mine (x int)")
    except psycopg2.Error as error:
        print("refused:", error)
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A hub whose home other users may enter, as a desk's is."""
    with tempfile.TemporaryDirectory(prefix="jt-hub-") as folder:
        Path(folder).chmod(0o755)
        stack = Stack(load_settings(home=Path(folder) / "home", stack={"base_port": 0}))
        stack.up(services=["jupyterhub"])
        try:
            yield stack
        finally:
            stack.down()


@pytest.fixture(scope="module")
def person(stack: Stack) -> Iterator[str]:
    """Who works in the notebook: oneself, or under root somebody whom the hub makes a system user for."""
    if not AS_ROOT:
        yield pwd.getpwuid(os.geteuid()).pw_name
        return
    name = f"jt-{uuid.uuid4().hex[:8]}"
    yield name
    subprocess.run(["userdel", "--force", name], check=True, capture_output=True)


@pytest.fixture(scope="module")
def site(stack: Stack) -> Site:
    return stack.site()


def api(site: Site) -> httpx.Client:
    token = site.secrets.password("hub_token")
    return httpx.Client(base_url=f"{site.url('hub')}/hub/api", headers={"Authorization": f"token {token}"}, timeout=30)


def sign_in(site: Site, name: str, password: str) -> httpx.Response:
    with httpx.Client(base_url=site.url("hub"), follow_redirects=True, timeout=30) as browser:
        form = browser.get("/hub/login")
        fields = {"username": name, "password": password, "_xsrf": browser.cookies.get("_xsrf", path="/hub/")}
        assert form.is_success
        return browser.post("/hub/login", data=fields)


def test_a_wrong_password_is_refused(site: Site, person: str) -> None:
    assert sign_in(site, person, "wrong-password-1234").status_code == 403


@pytest.mark.skipif(not AS_ROOT, reason="an ordinary user has the hub for themselves")
def test_nobody_becomes_an_account_of_the_machine(site: Site) -> None:
    assert sign_in(site, "root", site.secrets.password("hub_password")).status_code == 403
    assert sign_in(site, "nobody", site.secrets.password("hub_password")).status_code == 403


def test_a_cell_reads_the_desk_and_cannot_write(site: Site, person: str) -> None:
    with api(site) as hub:
        hub.post(f"/users/{person}").raise_for_status()
        hub.post(f"/users/{person}/server").raise_for_status()

        def ready() -> bool:
            server = hub.get(f"/users/{person}").json()["servers"].get("")
            return bool(server and server["ready"])

        wait_until(ready, 90, "the notebook server: ready", Event(), poll=0.3)
        token = hub.post(f"/users/{person}/tokens", json={"expires_in": 600}).raise_for_status().json()["token"]
        said = run_cell(site, person, token)
        hub.delete(f"/users/{person}/server").raise_for_status()
    assert f"user {person}" in said
    assert "reads as analyst" in said
    assert "refused: cannot execute CREATE TABLE in a read-only transaction" in said


def run_cell(site: Site, person: str, token: str) -> str:
    """What the cell printed, in a kernel of its own."""
    base, headers = f"{site.url('hub')}/user/{person}", {"Authorization": f"token {token}"}
    kernel = httpx.post(f"{base}/api/kernels", headers=headers, json={"name": "python3"}, timeout=60)
    session, message = uuid.uuid4().hex, uuid.uuid4().hex
    address = f"{base.replace('http', 'ws', 1)}/api/kernels/{kernel.json()['id']}/channels?session_id={session}"
    header = {"msg_id": message, "username": "", "session": session, "msg_type": "execute_request", "version": "5.3"}
    content = {"code": CELL, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    request = {"header": {**header, "date": ""}, "parent_header": {}, "metadata": {}, "content": content}
    said = ""
    with connect(address, additional_headers=headers, open_timeout=60) as socket:
        socket.send(json.dumps({**request, "channel": "shell", "buffers": []}))
        while True:
            answer = json.loads(socket.recv(timeout=60))
            if answer["parent_header"].get("msg_id") != message:
                continue
            if answer["msg_type"] == "stream":
                said += answer["content"]["text"]
            if answer["msg_type"] == "error":
                said += answer["content"]["evalue"]
            if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
                return said


def test_the_hub_comes_back_after_kill_9_and_its_proxy_with_it(stack: Stack) -> None:
    before = next(row for row in stack.status() if row.service == "jupyterhub")
    assert before.pid is not None
    psutil.Process(before.pid).kill()

    def back() -> bool:
        now = next(row for row in stack.status(memory=False) if row.service == "jupyterhub")
        return now.healthy and now.pid != before.pid

    wait_until(back, 60, "the hub: healthy again", Event(), poll=0.3)
    proxies = [each for each in processes.of_stack(stack.home) if "configurable-http-proxy" in " ".join(each.cmdline())]
    assert len(proxies) == 1
