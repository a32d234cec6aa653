"""Limits through the doors: quotas before bytes travel, rates before work begins, attempts to sign in."""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from assethub.client.connection import connect
from assethub.domain.errors import Forbidden, QuotaExceeded, TooMany
from assethub.domain.owners import Scope
from assethub.protocol.owners import OwnerUsageInfo
from assethub.server.running import RunningServer
from assethub.server.settings import Settings
from tests.conftest import PASSWORD

MODEL = "/assets/ada/model/vision/net"
Serving = Callable[..., RunningServer]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """serving(quota=…): a hub with these settings, and the administrator ada."""
    running: list[RunningServer] = []

    def start(**settings: object) -> RunningServer:
        given = {"data": tmp_path / "data", "port": 0, "admin_user": "ada", "admin_password": PASSWORD, **settings}
        server = RunningServer(Settings(**given))  # type: ignore[arg-type]
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


def client_of(server: RunningServer, scope: Scope = Scope.ADMIN) -> httpx2.Client:
    key = server.create_key("ada", "tests", scope)
    return httpx2.Client(base_url=f"{server.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_every_way_of_sending_more_than_the_quota_is_refused_with_413_and_a_sentence(serving: Serving) -> None:
    with client_of(serving(quota="1kB")) as client:
        client.post("/assets", json={"path": "model/vision/net"}).raise_for_status()
        large = b"x" * 1001
        announced = {"objects": [digest(large)], "sizes": [1001]}
        answers = [
            client.post(f"{MODEL}/objects/missing", json=announced),
            client.post(f"{MODEL}/uploads", json={"sha256": digest(large), "size": 1001}),
            client.put(f"{MODEL}/objects/{digest(large)}", content=large),
            client.put(f"{MODEL}/objects/{digest(large)}", content=iter([large])),  # says no size before
            client.put(f"{MODEL}/staged/a.bin", content=large),
        ]
        for answer in answers:
            assert answer.status_code == 413
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"] == "QuotaExceeded"
            assert "ada holds 0 B of the 1.0 kB that this hub allows them" in answer.json()["detail"]
        assert client.get("/owners/ada/usage").json() == {
            "owner": "ada", "stored": 0, "assets": 1, "quota": None, "limit": 1000,
        }  # fmt: skip
        raised = client.put("/owners/ada/quota", json={"quota": 2000})
        assert (raised.status_code, raised.json()["limit"]) == (200, 2000)
        assert client.put(f"{MODEL}/objects/{digest(large)}", content=large).status_code == 201
        assert client.get("/owners/ada/usage").json()["stored"] == 1001


def test_the_sdk_is_refused_before_it_sends_anything(serving: Serving, tmp_path: Path) -> None:
    server = serving()
    (tmp_path / "one.bin").write_bytes(b"1" * 600)
    (tmp_path / "two.bin").write_bytes(b"2" * 600)
    with connect(server.url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        assert hub.set_quota("ada", 1000).limit == 1000
        net = hub.create("model/vision/net")
        with pytest.raises(QuotaExceeded, match=r"needs 1\.2 kB more"):
            net.commit("Add", [str(tmp_path / "one.bin"), str(tmp_path / "two.bin")])  # type: ignore[union-attr]
        assert hub.owner_usage("ada").stored == 0
        net.commit("Add", [str(tmp_path / "one.bin")])  # type: ignore[union-attr]
        found = hub.owner_usage("ada")
    assert found == OwnerUsageInfo(owner="ada", stored=600, assets=1, quota=1000, limit=1000)


def test_who_asks_too_often_is_refused_until_there_is_room_again(serving: Serving) -> None:
    server = serving(requests_per_minute=6)
    with client_of(server) as client, httpx2.Client(base_url=server.url) as visitor:
        answers = [client.get("/me") for _ in range(8)]
        assert [answer.status_code for answer in answers] == [200] * 7 + [429]  # the first was its address's
        last = answers[-1]
        assert last.json()["type"] == "TooMany"
        assert 1 <= int(last.headers["retry-after"]) <= 10
        assert "more than 6 requests in a minute" in last.json()["detail"]
        pages = [visitor.get("/sign-in") for _ in range(6)]
        assert [page.status_code for page in pages] == [200] * 5 + [429]
        assert 1 <= int(pages[-1].headers["retry-after"]) <= 10
        assert "more than 6 requests in a minute" in pages[-1].text
        assert visitor.get("/api/v1/me").status_code == 429  # one count for all doors
        assert visitor.get("/static/console.css").status_code == 200


def test_the_sdk_waits_as_long_as_the_hub_asks(serving: Serving) -> None:
    server = serving(requests_per_minute=120)
    with connect(server.url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        told: list[float] = []
        hub.connection.on_wait = lambda seconds, refused: told.append(seconds)
        for _ in range(123):
            assert hub.info().user is not None
    assert told
    assert set(told) == {1.0}


def test_guessing_passwords_is_slowed_down_at_both_doors_together(serving: Serving) -> None:
    server = serving()
    wrong = {"user": "ada", "password": "wrong"}
    with httpx2.Client(base_url=server.url) as client:
        for _ in range(5):
            assert client.post("/api/v1/sign-in", json=wrong).status_code == 401
        refused = client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert "Too many attempts to sign in failed" in refused.text
        again = client.post("/api/v1/sign-in", json={"user": "ada", "password": PASSWORD})
        assert (again.status_code, again.json()["type"]) == (429, "TooMany")
        assert client.get("/sign-in/link?token=x").status_code == 303  # a link is another matter
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("proxies", "believed"), [("127.0.0.1", True), ("192.0.2.1,192.0.2.2", False)])
def test_where_a_request_came_from_is_taken_from_a_trusted_proxy_alone(
    serving: Serving, proxies: str, believed: bool
) -> None:
    with client_of(serving(proxies=proxies)) as client:
        client.post("/keys", json={"name": "one"}, headers={"X-Forwarded-For": "203.0.113.7"})
        (event,) = client.get("/audit?action=key&search=the+key+tests").json()["events"]
    assert event["address"] == ("203.0.113.7" if believed else "127.0.0.1")


def test_the_audit_log_through_rest_and_the_sdk(serving: Serving, tmp_path: Path) -> None:
    server = serving()
    with connect(server.url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        hub.create("model/vision/net")
        for number in range(5):
            hub.connection.request("POST", f"{MODEL}/tags", json={"name": f"v{number}"})
        names = [event.target.rsplit(":", 1)[-1] for event in hub.audit(action="tag")]
        assert names == ["v4", "v3", "v2", "v1", "v0"]
        assert [event.target[-2:] for event in hub.audit(action="tag", limit=2)] == ["v4", "v3"]
        first = hub.connection.request("GET", "/audit", params={"limit": 2, "action": "tag"}).json()
        second = hub.connection.request("GET", "/audit", params={"before": first["next"], "action": "tag"}).json()
        assert [event["target"][-2:] for event in second["events"]] == ["v2", "v1", "v0"]
        assert second["next"] is None
        assert {event.action for event in hub.audit(folder="model/vision")} == {"tag.create", "asset.create",
                                                                                "folder.create"}  # fmt: skip
        lines = hub.export_audit(tmp_path / "log.jsonl", folder="ada/model/vision").read_text().splitlines()
        assert len(lines) == 7
        assert '"action":"folder.create"' in lines[0]
        hub.create_user("eve", PASSWORD)
    with httpx2.Client(base_url=f"{server.url}/api/v1") as client:
        secret = client.post("/sign-in", json={"user": "eve", "password": PASSWORD}).json()["secret"]
    with connect(server.url, secret) as hub:
        assert [event.action for event in hub.audit()] == ["key.create"]
        with pytest.raises(Forbidden):
            hub.export_audit(tmp_path / "no.jsonl")
        assert not (tmp_path / "no.jsonl").exists()


def test_the_console_shows_events_filtered_and_page_by_page(serving: Serving) -> None:
    server = serving()
    with server.hub.work(None) as work:
        for number in range(120):
            work.record("test.note", f"<b>{number}</b>", said="a sentence")
    with httpx2.Client(base_url=server.url, follow_redirects=True) as browser:
        assert "sign-in" in str(browser.get("/-/audit").url)
        browser.post("/sign-in", data={"name": "ada", "password": PASSWORD})
        seen: list[str] = []
        address = "/-/audit?action=test&search=&user="
        while True:
            page = browser.get(address)
            assert page.status_code == 200
            seen += re.findall(r"&lt;b&gt;(\d+)&lt;/b&gt;", page.text)
            older = re.search(r'href="(/-/audit\?[^"]*before=[^"]*)"', page.text)
            if older is None:
                break
            address = older[1].replace("&amp;", "&")
        assert seen == [str(number) for number in range(119, -1, -1)]
        assert "The hub itself" in browser.get("/-/audit?action=test").text
        assert "&lt;b&gt;7&lt;" not in browser.get("/-/audit?until=2020-01-31").text
        for wrong in ("since=yesterday", "folder=nonsense", "folder=ada/model/vision/net"):
            assert browser.get(f"/-/audit?{wrong}").status_code == 422
        assert browser.get("/-/audit?folder=ada/model/none").status_code == 404
        lines = browser.get("/-/audit.jsonl?action=test")
        assert lines.headers["content-type"] == "application/x-ndjson"
        assert len(lines.text.splitlines()) == 120


def test_who_is_no_administrator_sees_what_they_did_and_downloads_nothing(serving: Serving) -> None:
    server = serving()
    with connect(server.url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        hub.create_user("eve", PASSWORD)
    with httpx2.Client(base_url=server.url, follow_redirects=True) as browser:
        browser.post("/sign-in", data={"name": "eve", "password": PASSWORD})
        page = browser.get("/-/audit")
        assert "session.open" in page.text
        assert "user.create" not in page.text
        assert "audit.jsonl" not in page.text
        assert browser.get("/-/audit.jsonl").status_code == 403


def test_too_many_is_an_error_of_its_own_in_the_sdk(serving: Serving) -> None:
    server = serving(requests_per_minute=1)
    with connect(server.url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        hub.connection.attempts = 1
        hub.info()
        hub.info()
        with pytest.raises(TooMany, match="more than 1 requests"):
            hub.info()
