"""Sources and imports through the REST API and the SDK, done by the server's own worker."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

import assethub
from assethub.client.connection import connect
from assethub.client.hub import Hub
from assethub.server.running import RunningServer
from tests.conftest import Live, until


@pytest.fixture
def hub(live: Live) -> Iterator[Hub]:
    with connect(live.url, live.api_key) as hub:
        hub.create("model/m/y")
        yield hub


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    (folder / "v1").mkdir(parents=True)
    (folder / "v1" / "small").write_text("small")
    (folder / "v1" / "large").write_bytes(b"0123456789abcdef" * (1 << 17))
    return folder


def test_an_import_runs_beside_the_server_and_its_links_are_watched(hub: Hub, live: Live, shelf: Path) -> None:
    assert hub.add_source("shelf", str(shelf)).url == str(shelf)
    assert [(one.name, one.created_by) for one in hub.sources()] == [("shelf", "ada")]
    model = hub.model("model/m/y")
    told: list[tuple[int, int]] = []
    made = model.import_from("shelf", "v1", to="in", message="Bring v1", link=True)
    made.wait(60, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (made.info.total_bytes, made.info.total_bytes)
    assert [one.info for one in model.imports()] == [made.info]
    (newest, _) = model.list_commit()
    assert (newest.id, newest.message, newest.added) == (made.info.commit, "Bring v1", 2)
    assert model.main.read("in/small") == b"small"
    with pytest.raises(assethub.Conflict, match="2 contents are linked"):
        hub.remove_source("shelf")

    for name in ("small", "large"):
        (shelf / "v1" / name).write_text("other")
        sentence = f"The content of 'in/{name}' cannot be read: the original 'v1/{name}' in the source 'shelf' changed"
        with pytest.raises(assethub.Unavailable, match=sentence):
            model.main.read(f"in/{name}")
        url, key = f"{live.url}/api/v1/assets/{model.path}/files", {"Authorization": f"Bearer {live.api_key}"}
        for answer in (
            httpx2.get(f"{url}/in/{name}", headers={**key, "Range": "bytes=1-3"}),
            httpx2.post(f"{url}/fetch", json={"paths": [f"in/{name}"]}, headers=key),
        ):
            assert (answer.status_code, answer.json()["type"]) == (500, "Damaged")
            assert sentence in answer.json()["detail"]

    hub.remove_source("shelf", force=True)
    with pytest.raises(assethub.NotFound, match="no source 'shelf'"):
        model.import_from("shelf")


def test_imports_that_fail_or_make_no_sense_say_why(hub: Hub, live: Live, shelf: Path) -> None:
    hub.add_source("shelf", str(shelf))
    model = hub.model("model/m/y")
    made = model.import_from("shelf", "none")
    with pytest.raises(assethub.ImportFailed, match="The source 'shelf' holds nothing at 'none'"):
        made.wait(60)
    until(lambda: made.refresh().ended)
    with pytest.raises(assethub.Conflict, match="has failed already"):
        made.cancel()
    url, key = f"{live.url}/api/v1", {"Authorization": f"Bearer {live.api_key}"}
    imports = f"{url}/assets/{model.path}/imports"
    for answer, status, sentence in [
        (httpx2.post(imports, json={"source": "none"}, headers=key), 404, "no source 'none'"),
        (httpx2.post(imports, json={"source": "shelf", "branch": "none"}, headers=key), 404, "no branch 'none'"),
        (httpx2.post(imports, json={"source": "shelf", "into": "x"}, headers=key), 422, "into"),
        (httpx2.post(imports, json={"source": "shelf", "target": "../x"}, headers=key), 422, "segment"),
        (httpx2.post(imports, json={"source": "shelf"}), 401, "Sign in"),
        (httpx2.get(f"{imports}/{'0' * 32}", headers=key), 404, "no import"),
        (httpx2.get(f"{url}/sources"), 401, "Sign in"),
        (httpx2.post(f"{url}/sources", json={"name": "x", "url": "http://h/x"}, headers=key), 422, "address"),
        (httpx2.delete(f"{url}/sources/none", headers=key), 404, "no source"),
    ]:
        assert (answer.status_code, sentence in answer.json()["detail"]) == (status, True), answer.text
    assert httpx2.post(imports, json={"source": "shelf"}, headers=key).status_code == 202


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_server_goes_on_with_what_an_earlier_one_began(tmp_path: Path, live: Live, hub: Hub, shelf: Path) -> None:
    hub.add_source("shelf", str(shelf))
    live.server.worker.importer.stop()
    made = hub.model("model/m/y").import_from("shelf", "v1")
    assert made.refresh().state == "queued"
    live.server.stop()
    with RunningServer(live.server.settings) as server, connect(server.local_url, live.api_key) as again:
        (found,) = again.model("model/m/y").imports()
        assert found.wait(60).info.id == made.info.id


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_answer_breaks_off_when_the_original_changes_on_its_way(live: Live, hub: Hub, shelf: Path) -> None:
    size = 64 << 20  # more than lies in buffers between the two
    with (shelf / "v1" / "large").open("wb") as file:
        file.truncate(size)
    hub.add_source("shelf", str(shelf))
    model = hub.model("model/m/y")
    model.import_from("shelf", "v1/large", link=True).wait(60)
    url, key = f"{live.url}/api/v1/assets/{model.path}/files/large", {"Authorization": f"Bearer {live.api_key}"}
    with httpx2.stream("GET", url, headers=key) as answer:
        body = answer.iter_raw()
        next(body)
        with (shelf / "v1" / "large").open("r+b") as file:
            file.write(b"other")
        with pytest.raises(httpx2.RemoteProtocolError):
            b"".join(body)
