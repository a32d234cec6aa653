"""The routes of the upload page, without a browser."""

import hashlib
import re

import httpx2
import pytest

from assethub.client.connection import connect
from tests.conftest import Live
from tests.console.test_uploads import DATASET


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_routes_take_only_what_the_page_sends(live: Live) -> None:
    with connect(live.url, live.api_key) as hub:
        hub.create("dataset/texts/words")
    with httpx2.Client(base_url=live.url) as client:
        client.post("/sign-in", data={"name": "ada", "password": live.admin_password})
        shown = client.get(f"/{DATASET}/-/upload")
        assert "wasm" not in shown.headers["content-security-policy"]
        worker = client.get("/static/upload-worker.js").headers["content-security-policy"]
        assert worker == "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"
        token = re.search(r'data-csrf="([0-9a-f]+)"', shown.text)
        assert token
        good, url = {"X-CSRF-Token": token[1]}, f"/{DATASET}/-/upload/"
        asked = {"objects": ["ab" * 32]}
        assert client.post(f"{url}missing", json=asked, headers=good).json() == {"missing": ["ab" * 32]}
        for bad in ({}, {"X-CSRF-Token": "0" * 64}, good | {"Origin": "https://evil.example"}):
            answer = client.post(f"{url}missing", json=asked, headers=bad)
            assert answer.status_code == 403
            assert answer.json()["detail"]
        entry = {"path": "a.txt", "sha256": "ab" * 32, "size": 1}
        answer = client.post(f"{url}commit", json={"add": [entry], "message": "x"}, headers=good)
        assert answer.status_code == 422
        assert "was not uploaded" in answer.json()["detail"]
        answer = client.post(f"{url}commit", json={"add": [entry | {"colour": 1}]}, headers=good)
        assert answer.status_code == 422
        assert "colour" in answer.json()["detail"]
        answer = client.put(f"{url}whole/{'ab' * 32}", content=b"other", headers=good)
        assert answer.status_code == 422
        assert client.put(f"{url}whole/{hashlib.sha256(b'x').hexdigest()}", content=b"x", headers=good).is_success
        assert client.post(f"{url}missing", content=b" " * (5 << 20), headers=good).status_code == 413
