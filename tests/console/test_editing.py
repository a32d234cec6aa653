"""Editing files in the console over plain HTTP: what is kept, what is refused, and that nothing written is lost."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.testclient import TestClient

from assethub.domain.assets import TrainingSettings
from assethub.domain.names import AssetPath, Reference, parse_asset_path
from assethub.domain.owners import Caller
from assethub.server.app import create_app
from assethub.services import assets, history, objects, sessions, staging
from assethub.services.work import Hub
from tests.services.conftest import upload

MODEL = parse_asset_path("ada/model/texts/reader")
DATASET = parse_asset_path("ada/dataset/texts/words")
WRONG = (
    "", "/", "/x", "../x", "a/../x", "x/", "x//y", "./x", "a\0b", "new\nline", "x" * 4096, "a.txt", "data", "a.txt/x",
    "data/b.txt/x/y",
)  # fmt: skip
TEXTS = (
    "a\nb\n",
    "a\nb",
    "a\r\nb\r\n",
    "\n\na\n\n",
    "a\rb\r",
    "\ufeffa\nb\n",
    "a\r\nb\nc\r\nd\n",
    "",
    "x\u2028y\x0cz\n",
)
ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
FILES = {"a.txt": "one\n", "data/b.txt": "two\n", "data/c.txt": "three\n", "picture.bin": "\0\1"}


@dataclass
class Console:
    """ada's browser, without scripts."""

    hub: Hub
    ada: Caller
    client: TestClient
    csrf: str = field(init=False)

    def __post_init__(self) -> None:
        self.client.cookies.set("ah_session", sessions.open_session(self.hub, self.ada.user))
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.client.get("/").text)
        assert found
        self.csrf = found[1]

    def get(self, page: str, asset: AssetPath = MODEL, /, **query: str) -> Any:
        return self.client.get(f"/{asset}{page}", params=query)

    def post(self, page: str, asset: AssetPath = MODEL, /, **form: Any) -> Any:
        return self.client.post(f"/{asset}/-/{page}", data={"csrf": self.csrf, **form})

    def commit(self, files: dict[str, str], path: AssetPath = MODEL, branch: str = "main") -> None:
        new = upload(self.hub, self.ada, path, files)
        with self.hub.work(self.ada) as work:
            history.commit_changes(work, path, branch, "Change", add=new)

    def read(self, ref: str = "main", path: AssetPath = MODEL) -> dict[str, bytes]:
        with self.hub.work(self.ada, reading=True) as work:
            found = objects.list_objects(work, Reference(path, ref))[1]
            opened = objects.open_files(work, Reference(path, ref), [one.path for one in found])
        return {one.path: one.read_all() for one in opened}

    def staged(self, branch: str = "main") -> list[str]:
        with self.hub.work(self.ada, reading=True) as work:
            return [f"{one.kind} {one.path}" for one in staging.staged_status(work, MODEL, branch)]

    def seen(self, file: str, **query: str) -> dict[str, str]:
        """The form of an edit as it is shown: its hidden fields and the text."""
        page = self.get(f"/-/edit/{file}", **query)
        assert page.status_code == 200
        return form_of(page.text)


def form_of(page: str) -> dict[str, str]:
    """What a browser would send back: it drops the first line end of a text area and ends all lines by \\r\\n."""
    fields = dict(re.findall(r'name="(ref|seen|to)" value="([^"]*)"', page))
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert text
    plain = re.sub(r"\r\n|\r|\n", "\r\n", html.unescape(text[1]))
    return {name: html.unescape(value) for name, value in fields.items()} | {"text": plain}


@pytest.fixture
def console(hub: Hub, ada: Caller) -> Iterator[Console]:
    with hub.work(ada) as work:
        for path in (MODEL, DATASET):
            assets.create_asset(work, path, "", (), TrainingSettings())
    with TestClient(create_app(hub), raise_server_exceptions=False, follow_redirects=False) as client:
        made = Console(hub, ada, client)
        made.commit(FILES)
        yield made


@ONE_DATABASE
def test_a_new_file_is_committed_with_its_folders_and_the_commit_can_be_reverted(console: Console) -> None:
    assert 'value="data/"' in console.get("/-/new-file", ref="main", below="data/").text
    answer = console.post("new-file", ref="main", to="deep/er/new.txt", text="hello\r\n", message="Say hello")
    page = console.client.get(answer.headers["location"]).text
    assert console.read()["deep/er/new.txt"] == b"hello\n"
    assert "Say hello" in page
    revert = re.search(r'action="/[^"]*(commit/[0-9a-f]{64}/revert)"', page)
    assert revert
    assert console.post(revert[1], branch="main").status_code == 303
    assert "deep/er/new.txt" not in console.read()


@ONE_DATABASE
def test_line_ends_marks_and_the_last_line_stay_as_they_were(console: Console) -> None:
    for original in TEXTS:
        console.commit({"text.txt": original})
        form = console.seen("text.txt", ref="main")
        assert console.post("edit/text.txt", **form).status_code == 422  # nothing changes
        form["text"] = f"first\r\n{form['text']}"
        assert console.post("edit/text.txt", **form).status_code == 303
        mark = "\ufeff" * original.startswith("\ufeff")
        end = next((one for one in ("\r\n", "\n", "\r") if one in original), "\n")
        assert console.read()["text.txt"].decode() == f"{mark}first{end}{original.removeprefix(mark)}"


@ONE_DATABASE
def test_a_new_path_in_the_editor_moves_the_file(console: Console) -> None:
    form = console.seen("a.txt", ref="main") | {"to": "data/a.md"}
    assert console.post("edit/a.txt", **form).status_code == 303
    assert "a.txt" not in console.read()
    assert console.read()["data/a.md"] == b"one\n"


@ONE_DATABASE
def test_who_edits_what_somebody_else_changed_meanwhile_keeps_the_text(console: Console) -> None:
    form = console.seen("a.txt", ref="main") | {"text": "mine <b>\r\n", "message": "Why"}
    console.commit({"a.txt": "theirs\n"})
    refused = console.post("edit/a.txt", **form)
    assert refused.status_code == 409
    again = form_of(refused.text)
    assert again["text"] == "mine <b>\r\n"
    assert ("theirs" in refused.text, 'value="Why"' in refused.text) == (True, True)
    assert console.read()["a.txt"] == b"theirs\n"
    assert console.post("edit/a.txt", **again).status_code == 303
    assert console.read()["a.txt"] == b"mine <b>\n"


@ONE_DATABASE
def test_what_was_deleted_or_became_no_text_meanwhile_is_told_too(console: Console) -> None:
    form = console.seen("a.txt", ref="main") | {"text": "mine"}
    console.commit({"a.txt": "\0"})
    refused = console.post("edit/a.txt", **form)
    assert (refused.status_code, form_of(refused.text)["text"]) == (409, "mine")
    console.post("delete-files", path="a.txt", confirm="1", ref="main")
    gone = console.post("edit/a.txt", **form)
    assert (gone.status_code, form_of(gone.text)["seen"]) == (409, "")
    assert console.post("edit/a.txt", **form_of(gone.text)).status_code == 303
    assert console.read()["a.txt"] == b"mine"


@ONE_DATABASE
def test_binary_and_large_files_say_why_they_are_not_edited(console: Console) -> None:
    console.commit({"large.txt": "x" * (512 * 1024 + 1), "latin.txt": "y"})
    assert "not a text" in console.get("/-/edit/picture.bin").text
    large = console.get("/-/edit/large.txt")
    assert (large.status_code, "512 KiB" in large.text) == (422, True)
    assert console.post("new-file", to="big.txt", text="é" * (256 * 1024 + 1)).status_code == 422
    assert console.post("new-file", to="big.txt", text="文" * (512 * 1024 // 3)).status_code == 303
    assert console.post("new-file", to="nul.txt", text="a\0b").status_code == 422


def test_no_file_is_made_at_a_path_that_cannot_be_or_is_taken(console: Console) -> None:
    for to in WRONG:
        refused = console.post("new-file", ref="main", to=to, text="mine")
        assert (to, refused.status_code) == (to, 422)
        assert form_of(refused.text)["text"] == "mine"
        moved = console.post("move-files", ref="main", path="picture.bin", to=to if to != "x/" else "../")
        assert (to, moved.status_code) == (to, 422)
    assert set(console.read()) == set(FILES)
    seen = console.seen("a.txt", ref="main")
    assert console.post("edit/a.txt", **{name: seen[name] for name in ("ref", "to", "seen")}).status_code == 422
    assert console.post("edit/a.txt", **seen | {"text": "x", "message": "m" * 10_001}).status_code == 422


def test_files_are_changed_on_branches_alone(console: Console) -> None:
    with console.hub.work(console.ada) as work:
        assets.create_tag(work, MODEL, "v1")
        commit = history.log_commits(work, Reference(MODEL))[0].id
    for ref in ("v1", commit, "tag/v1", f"commit/{commit}"):
        assert console.get("/-/edit/a.txt", ref=ref).status_code == 422
        assert console.post("new-file", ref=ref, to="x", text="x").status_code == 422
        assert console.post("delete-files", ref=ref, path="a.txt", confirm="1").status_code == 422
        assert console.get("/-/staged", branch=ref).status_code == 404
        assert "New file" not in console.get("", ref=ref).text
    assert console.get("/-/staged", branch="a\0b").status_code in (404, 422)
    assert console.get("/-/edit/a%00b").status_code in (404, 422)
    assert set(console.read()) == set(FILES)


@ONE_DATABASE
def test_a_commit_can_go_to_a_new_branch_of_a_model_and_to_no_other_of_a_dataset(console: Console) -> None:
    form = {"to": "new.txt", "text": "x", "how": "branch", "new_branch": "idea"}
    assert "ref=idea" in console.post("new-file", ref="main", **form).headers["location"]
    assert ("new.txt" in console.read("idea"), "new.txt" in console.read()) == (True, False)
    assert "exactly one branch" in console.post("new-file", DATASET, ref="main", **form).text
    assert "new branch" not in console.get("/-/new-file", DATASET).text
    assert console.post("new-file", ref="main", **form | {"new_branch": "a b"}).status_code == 422
    same = console.seen("a.txt", ref="main") | {"how": "branch", "new_branch": "same"}
    assert console.post("edit/a.txt", **same).status_code == 422
    with console.hub.work(console.ada, reading=True) as work:
        assert [ref.name for ref in assets.list_refs(work, MODEL)] == ["idea", "main"]


@ONE_DATABASE
def test_chosen_rows_are_deleted_once_that_is_confirmed(console: Console) -> None:
    asked = console.post("delete-files", ref="main", path=["data/", "a.txt"])
    assert (asked.status_code, "Delete 3 files?" in asked.text) == (200, True)
    assert set(console.read()) == set(FILES)
    done = console.post("delete-files", ref="main", path=["data/", "a.txt"], confirm="1")
    assert (done.status_code, list(console.read())) == (303, ["picture.bin"])
    assert console.post("delete-files", ref="main", confirm="1").status_code == 422
    assert console.post("delete-files", ref="main", path="none", confirm="1").status_code == 404


@ONE_DATABASE
def test_a_folder_is_renamed_and_several_things_are_moved_into_one(console: Console) -> None:
    assert console.post("move-files", ref="main", path="data/", to="data/").status_code == 422
    assert console.post("move-files", ref="main", path="data/", to="data/in").status_code == 422
    moved = console.post("move-files", ref="main", path="data/", to="new/place")
    assert "/-/files/new/place" in moved.headers["location"]
    assert {"new/place/b.txt", "new/place/c.txt"} < set(console.read())
    console.post("move-files", ref="main", path=["a.txt", "new/place/"], to="top")
    assert set(console.read()) == {"picture.bin", "top/a.txt", "top/place/b.txt", "top/place/c.txt"}


def test_edits_are_staged_shown_and_committed_or_dropped(console: Console) -> None:
    console.post("edit/a.txt", **console.seen("a.txt", ref="main") | {"text": "staged\r\n", "how": "stage"})
    console.post("move-files", ref="main", path="data/b.txt", to="b.txt", how="stage")
    console.post("delete-files", ref="main", path="data/c.txt", confirm="1", how="stage")
    console.post("new-file", ref="main", to="new.txt", text="", how="stage")
    assert console.staged() == ["changed a.txt", "added b.txt", "removed data/b.txt", "removed data/c.txt",
                                "added new.txt"]  # fmt: skip
    assert console.read()["a.txt"] == b"one\n"
    assert "5 paths wait for a commit" in console.get("").text
    page = console.get("/-/staged", branch="main").text
    assert "data/b.txt → <a" in page
    assert [page.index(f"<h2>{title}</h2>") for title in ("Moved", "Changed", "Added", "Deleted")]
    assert console.seen("a.txt", ref="main")["text"] == "staged\r\n"
    assert (
        "Discard 2 staged changes of main?" in console.post("staged", branch="main", discard="b.txt\ndata/b.txt").text
    )
    assert len(console.staged()) == 5
    console.post("staged", branch="main", act="discard-chosen", path=["b.txt", "data/b.txt"], sure="1")
    done = console.post("staged", branch="main", act="commit-chosen", path=["a.txt", "new.txt"], message="Some")
    assert done.status_code == 303
    assert console.read() == {name: text.encode() for name, text in FILES.items()} | {
        "a.txt": b"staged\n", "new.txt": b"",
    }  # fmt: skip
    assert console.post("staged", branch="main", act="commit-all").status_code == 303
    assert (console.staged(), "data/c.txt" in console.read()) == ([], False)


@ONE_DATABASE
def test_editing_a_staged_file_takes_the_staged_version_along_or_keeps_it_staged(console: Console) -> None:
    console.post("edit/a.txt", **console.seen("a.txt", ref="main") | {"text": "1", "how": "stage"})
    console.post("new-file", ref="main", to="new.txt", text="1", how="stage")
    console.post("edit/a.txt", **console.seen("a.txt", ref="main") | {"text": "2", "how": "branch", "new_branch": "x"})
    assert (console.read("x")["a.txt"], console.staged()) == (b"2", ["changed a.txt", "added new.txt"])
    console.post("edit/a.txt", **console.seen("a.txt", ref="main") | {"text": "3"})
    assert (console.read()["a.txt"], console.staged()) == (b"3", ["added new.txt"])
    console.post("edit/new.txt", **console.seen("new.txt", ref="main") | {"to": "newer.txt"})
    assert (console.read()["newer.txt"], console.staged()) == (b"1", [])


@ONE_DATABASE
def test_a_staged_change_that_the_branch_has_overtaken_is_marked_and_wins_only_when_told_to(console: Console) -> None:
    console.post("edit/a.txt", **console.seen("a.txt", ref="main") | {"text": "staged", "how": "stage"})
    console.commit({"a.txt": "meanwhile"})
    assert "The branch has changed here since" in console.get("/-/staged").text
    refused = console.post("staged", branch="main", act="commit-all", message="Mine")
    assert (refused.status_code, 'value="Mine"' in refused.text) == (422, True)
    assert console.read()["a.txt"] == b"meanwhile"
    assert console.post("staged", branch="main", act="commit-all", force="1").status_code == 303
    assert console.read()["a.txt"] == b"staged"


@ONE_DATABASE
def test_two_who_save_at_the_same_moment_never_lose_a_text(console: Console) -> None:
    forms = [console.seen("a.txt", ref="main") | {"text": text} for text in ("first", "second")]
    answers = [console.post("edit/a.txt", **form).status_code for form in forms]
    assert answers == [303, 409]
    assert console.read()["a.txt"] == b"first"
