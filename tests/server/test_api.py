"""The REST door: what it answers, and how it refuses."""

import hashlib
import http.client
import json
from collections.abc import Iterator

import httpx2
import pytest

from assethub.protocol.frames import CONTENT_TYPE, frame
from assethub.server.api import app
from tests.conftest import Live

MODEL = "/assets/ada/model/vision/net"


@pytest.fixture
def http_(live: Live) -> Iterator[httpx2.Client]:
    with httpx2.Client(
        base_url=f"{live.url}/api/v1", headers={"Authorization": f"Bearer {live.api_key}"}, timeout=60
    ) as client:
        client.post("/assets", json={"path": "model/vision/net"}).raise_for_status()
        yield client


def put(client: httpx2.Client, body: bytes) -> str:
    sha256 = hashlib.sha256(body).hexdigest()
    assert client.put(f"{MODEL}/objects/{sha256}", content=body).status_code == 201
    return sha256


def commit(client: httpx2.Client, path: str, body: bytes) -> None:
    entry = {"path": path, "sha256": put(client, body), "size": len(body)}
    assert client.post(f"{MODEL}/commits", json={"message": "Add", "add": [entry]}).status_code == 201


def test_health_and_openapi_need_no_key(live: Live) -> None:
    assert httpx2.get(f"{live.url}/healthz").json() == {"status": "ok"}
    document = httpx2.get(f"{live.url}/api/v1/openapi.json").json()
    assert "/runs/{id}/cancel" in document["paths"]


@pytest.mark.parametrize(
    ("method", "url", "body", "status", "type", "sentence"),
    [
        ("GET", "/nowhere", None, 404, "NotFound", "nothing at this address"),
        ("GET", "/assets/ada/model/vision/none", None, 404, "NotFound", "no asset 'ada/model/vision/none'"),
        ("GET", "/assets/ada/thing/vision/net", None, 422, "Invalid", "path.kind"),
        ("GET", f"{MODEL}/tree?ref=v9", None, 404, "NotFound", "no branch, tag or commit 'v9'"),
        ("GET", f"{MODEL}/tree?limit=0", None, 422, "Invalid", "1 to 10000"),
        ("GET", f"{MODEL}/files/none.txt", None, 404, "NotFound", "no file 'none.txt'"),
        ("GET", f"{MODEL}/files/%2e%2e%2fetc%2fpasswd", None, 404, "NotFound", "no file '../etc/passwd'"),
        ("POST", "/assets", {"path": "model/vision/net"}, 409, "Conflict", "exists already"),
        ("POST", "/assets", {"path": "model/vision/NET"}, 409, "Conflict", "exists already"),
        ("POST", "/assets", {"path": "model/vision/a b"}, 422, "Invalid", "not allowed"),
        ("POST", "/assets", {"path": "model/vision/x", "colour": 1}, 422, "Invalid", "colour"),
        ("POST", "/assets", {"path": "eve/model/vision/x"}, 404, "NotFound", "no owner 'eve'"),
        ("POST", f"{MODEL}/commits", {"message": " ", "delete": ["a"]}, 422, "Invalid", "needs a message"),
        ("POST", f"{MODEL}/commits", {"message": "x", "branch": "none"}, 404, "NotFound", "no branch 'none'"),
        ("POST", f"{MODEL}/objects/missing", {"objects": "x"}, 422, "Invalid", "objects"),
        ("PUT", f"{MODEL}/objects/short", "x", 422, "Invalid", "is not a sha256"),
        ("DELETE", f"{MODEL}/branches/main", None, 409, "Conflict", "cannot be deleted"),
        ("POST", "/folders/ada/model/none/restore", None, 404, "NotFound", "no deleted folder"),
        ("GET", "/runs/17", None, 404, "NotFound", "no run '17'"),
        ("GET", "/runs/not-a-run", None, 404, "NotFound", "no run 'not-a-run'"),
        ("POST", "/runs", {"type": "train", "model": "model/vision/net"}, 422, "Invalid", "Name the branch"),
    ],
)  # fmt: skip
def test_refusals_are_problems_with_a_sentence(
    http_: httpx2.Client, method: str, url: str, body: object, status: int, type: str, sentence: str
) -> None:
    options = {"content": body} if isinstance(body, str) else {"json": body} if body is not None else {}
    answer = http_.request(method, url, **options)
    problem = answer.json()
    assert (answer.status_code, problem["type"], problem["status"]) == (status, type, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert sentence in problem["detail"]


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer", "Basic eDp5", "Bearer ahr_x_1_y", f"Bearer ahr_{'0' * 32}_1_x"]
)
def test_a_key_that_is_none_is_refused(live: Live, header: str) -> None:
    answer = httpx2.get(f"{live.url}/api/v1/folders", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["type"]) == (401, "SignInNeeded")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_without_a_key_nothing_is_seen(live: Live, http_: httpx2.Client) -> None:
    for url in ("/folders", MODEL, f"{MODEL}/tree", "/runs", "/keys"):
        assert httpx2.get(f"{live.url}/api/v1{url}").status_code in (401, 404)
    assert httpx2.get(f"{live.url}/api/v1/me").json()["user"] is None


def test_the_sessions_of_the_console_are_worth_nothing_here(live: Live) -> None:
    with httpx2.Client(base_url=live.url, follow_redirects=False) as browser:
        browser.post("/sign-in", data={"name": "ada", "password": live.admin_password})
        assert "ah_session" in browser.cookies
        assert browser.get("/api/v1/folders").status_code == 401


def test_ranges_and_conditions(http_: httpx2.Client) -> None:
    commit(http_, "a.bin", b"0123456789")

    def get(**headers: str) -> tuple[int, bytes, str | None]:
        answer = http_.get(
            f"{MODEL}/files/a.bin", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        return answer.status_code, answer.content, answer.headers.get("content-range")

    assert get() == (200, b"0123456789", None)
    assert get(Range="bytes=2-4") == (206, b"234", "bytes 2-4/10")
    assert get(Range="bytes=7-") == (206, b"789", "bytes 7-9/10")
    assert get(Range="bytes=-3") == (206, b"789", "bytes 7-9/10")
    assert get(Range="bytes=5-99") == (206, b"56789", "bytes 5-9/10")
    assert get(Range="bytes=10-") == (416, b"", "bytes */10")
    assert get(Range="lines=1-2")[0] == 200
    etag = http_.head(f"{MODEL}/files/a.bin").headers["etag"]
    assert get(If_None_Match=etag)[0] == 304
    assert get(Range="bytes=0-1", If_Range='"other"') == (200, b"0123456789", None)


def test_user_bytes_are_sandboxed(http_: httpx2.Client) -> None:
    commit(http_, "evil.html", b"<script>alert(1)</script>")
    headers = http_.get(f"{MODEL}/files/evil.html").headers
    assert headers["content-security-policy"].startswith("sandbox")
    assert (headers["x-content-type-options"], headers["content-disposition"][:10]) == ("nosniff", "attachment")


def test_a_body_that_is_not_what_its_hash_says_is_not_kept(http_: httpx2.Client) -> None:
    sha256 = hashlib.sha256(b"right").hexdigest()
    assert http_.put(f"{MODEL}/objects/{sha256}", content=b"wrong").status_code == 422
    frames = frame({"sha256": hashlib.sha256(b"fine").hexdigest()}, b"fine") + frame({"sha256": sha256}, b"wrong")
    assert http_.post(f"{MODEL}/objects", content=frames, headers={"Content-Type": CONTENT_TYPE}).status_code == 422
    missing = http_.post(f"{MODEL}/objects/missing", json={"objects": [sha256]}).json()["missing"]
    assert missing == [sha256]


@pytest.mark.parametrize("cut", [1, 5, -1])
def test_frames_that_break_off_are_refused_whole(http_: httpx2.Client, cut: int) -> None:
    body = frame({"sha256": hashlib.sha256(b"abc").hexdigest()}, b"abc")
    answer = http_.post(f"{MODEL}/objects", content=body[:cut], headers={"Content-Type": CONTENT_TYPE})
    assert (answer.status_code, answer.json()["type"]) == (422, "Invalid")


def test_an_upload_that_breaks_off_leaves_nothing_behind(live: Live, http_: httpx2.Client) -> None:
    sha256 = hashlib.sha256(b"x" * 100).hexdigest()
    connection = http.client.HTTPConnection(live.url.removeprefix("http://"))
    connection.putrequest("PUT", f"/api/v1{MODEL}/objects/{sha256}")
    connection.putheader("Authorization", f"Bearer {live.api_key}")
    connection.putheader("Content-Length", "100")
    connection.endheaders()
    connection.send(b"x" * 50)
    connection.close()
    put(http_, b"x" * 100)
    assert list((live.hub.folder / "store" / "incoming").iterdir()) == []


def test_a_large_body_streams_through(live: Live, http_: httpx2.Client) -> None:
    body = bytes(range(256)) * 4096 * 40
    commit(http_, "large.bin", body)
    with http_.stream("GET", f"{MODEL}/files/large.bin") as answer:
        assert hashlib.sha256(b"".join(answer.iter_bytes())).digest() == hashlib.sha256(body).digest()


def test_rename_keeps_everything_of_an_asset(http_: httpx2.Client) -> None:
    commit(http_, "a", b"1")
    assert http_.patch(MODEL, json={"name": "renamed", "labels": ["x"]}).json()["path"] == "ada/model/vision/renamed"
    assert http_.get("/assets/ada/model/vision/renamed/tree").json()["entries"][0]["path"] == "a"
    assert http_.patch("/folders/ada/model/vision", json={"name": "sight"}).json()["path"] == "ada/model/sight"
    assert http_.get("/assets/ada/model/sight/renamed").json()["labels"] == ["x"]


def test_a_page_of_the_tree_goes_on_behind_the_last(http_: httpx2.Client) -> None:
    bodies = [str(number).encode() for number in range(25)]
    frames = b"".join(frame({"sha256": hashlib.sha256(body).hexdigest()}, body) for body in bodies)
    http_.post(f"{MODEL}/objects", content=frames).raise_for_status()
    add = [{"path": f"d/{n:02}", "sha256": hashlib.sha256(b).hexdigest(), "size": len(b)} for n, b in enumerate(bodies)]
    http_.post(f"{MODEL}/commits", json={"message": "Many", "add": add}).raise_for_status()
    seen, after = [], ""
    while after is not None:
        page = http_.get(f"{MODEL}/tree", params={"limit": 10, "after": after}).json()
        seen += [entry["path"] for entry in page["entries"]]
        after = page["next"]
    assert seen == [f"d/{number:02}" for number in range(25)]
    assert http_.get(f"{MODEL}/tree", params={"delimiter": "/"}).json()["prefixes"] == ["d/"]


def test_json_that_is_none_is_refused(http_: httpx2.Client) -> None:
    answer = http_.post("/assets", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, json.loads(answer.text)["type"]) == (422, "Invalid")


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> int:
    """The bytes that the API of this test takes into memory."""
    monkeypatch.setattr(app, "MOST_IN_MEMORY", 1 << 20)
    return 1 << 20


def test_what_is_read_whole_has_a_limit_and_what_streams_has_none(
    little: int, live: Live, http_: httpx2.Client
) -> None:
    body = bytes(3 * little)
    for content in (body, iter([body])):  # announced, and found out
        answer = http_.post("/assets", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["type"]) == (413, "Invalid")
    assert httpx2.post(f"{live.url}/sign-in", data={"name": "x" * (5 << 20)}).status_code == 413
    assert http_.put(f"{MODEL}/objects/{hashlib.sha256(body).hexdigest()}", content=body).status_code == 201
