"""Who may start runs where they are not kept apart, and how the hub tells."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assethub.client.connection import connect
from assethub.client.folders import Folder
from assethub.client.hub import Hub as Client
from assethub.domain.errors import Forbidden, Invalid
from assethub.domain.owners import Scope
from assethub.server.running import RunningServer
from assethub.server.settings import Settings
from assethub.services import accounts, keys
from assethub.services.engines import tell_isolation
from assethub.services.opening import open_hub
from tests.conftest import PASSWORD, Live, require
from tests.runs.conftest import Bench, make_bench, retry, settle

DATA = "ada/dataset/texts/words"
OFF = "Only administrators of this hub may start runs, since it cannot keep runs from what is not theirs: the setting"


@pytest.fixture
def broken_bubblewrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bubblewrap that is there and can make no sandbox, as in many containers."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "bwrap").write_text("#!/bin/sh\necho 'bwrap: Operation not permitted' >&2; exit 1\n")
    (folder / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def settings_of(folder: Path, database: str | None, store: str | None) -> Settings:
    return Settings(
        data=folder / "data", port=0, database=database or "", store=store or "", admin_user="ada",
        admin_password=PASSWORD, git_roots=(folder / "code",),
    )  # fmt: skip


def join(bench: Bench) -> Client:
    """A second user, who may run and change what the bench has."""
    with bench.live.hub.work(None) as work:
        _, secret = keys.make_key(work, accounts.add_user(work, "eve", "another horse"), "tests", Scope.WRITE)
    for folder in ("model/texts", "dataset/texts"):
        found = bench.hub.get(folder)
        assert isinstance(found, Folder)
        found.share("eve", "editor")
    return connect(bench.live.url, secret)


@pytest.mark.parametrize("sandbox", ["off"])
def test_without_a_sandbox_only_administrators_start_runs_once_there_is_a_second_user(
    bench: Bench, sandbox: str
) -> None:
    bench.command("test {shout} = true && echo fine > {output}/x", "    params: {shout: false}\n")
    mine = bench.train("alone").wait(check=False)
    settle(bench)
    with join(bench) as eve:
        theirs = eve.model("ada/model/texts/reader")
        starts: list[Callable[[], object]] = [
            lambda: theirs.train("x", dataset=DATA), lambda: theirs.evaluate(dataset=DATA),
            eve.run(mine.number).retry, eve.run(mine.number).again,
        ]  # fmt: skip
        for start in starts:
            with pytest.raises(Forbidden, match=OFF):
                start()
        assert [run.number for run in bench.hub.runs()] == [mine.number]
        assert bench.train("not-alone", params={"shout": True}).wait().state == "succeeded"
        assert retry(bench, mine.number).wait(check=False).state == "failed"


@pytest.mark.usefixtures("broken_bubblewrap")
def test_a_bubblewrap_that_can_make_no_sandbox_counts_as_none(bench: Bench) -> None:
    assert bench.train().wait().state == "succeeded"
    sentence = (
        r"cannot make a sandbox here \(Operation not permitted\)\. Ask an administrator to follow docs/sandbox\.md"
    )
    with join(bench) as eve, pytest.raises(Forbidden, match=sentence):
        eve.model("ada/model/texts/reader").train("x", dataset=DATA)


@pytest.mark.usefixtures("broken_bubblewrap")
@pytest.mark.parametrize("sandbox", ["require"])
def test_where_a_sandbox_is_required_and_there_is_none_nobody_starts_runs(bench: Bench, sandbox: str) -> None:
    with pytest.raises(Forbidden, match="starts runs in a sandbox only, and it has none"):
        bench.train()
    assert bench.hub.runs() == []


@pytest.mark.parametrize("sandbox", ["require"])
def test_where_a_sandbox_is_required_and_usable_everybody_starts_runs(bench: Bench, sandbox: str) -> None:
    require("a bubblewrap that can make a sandbox", bench.live.hub.executor.isolation().problem is None)
    with join(bench) as eve:
        assert eve.model("ada/model/texts/reader").train("x", dataset=DATA).wait().info.creator == "eve"


def test_a_run_that_waits_is_refused_when_its_hub_has_no_sandbox_any_more(
    tmp_path: Path, database: str | None, store: str | None
) -> None:
    (tmp_path / "code").mkdir()
    settings = replace(settings_of(tmp_path, database, store), slots=0)
    with RunningServer(settings) as server:
        require("a bubblewrap that can make a sandbox", server.hub.executor.isolation().problem is None)
        live = Live(server, server.create_key("ada", "tests", Scope.ADMIN), tmp_path / "code")
        with connect(live.url, live.api_key) as hub:
            bench = make_bench(live, hub, tmp_path)
            with join(bench) as eve:
                theirs, mine = (
                    eve.model("ada/model/texts/reader").train("theirs", dataset=DATA).number,
                    bench.train("mine").number,
                )
    with (
        RunningServer(replace(settings, sandbox="off", slots=2)) as server,
        connect(server.local_url, live.api_key) as hub,
    ):
        assert hub.run(mine).wait().state == "succeeded"
        refused = hub.run(theirs).wait(check=False)
        assert (refused.state, refused.info.reason) == ("failed", next(refused.logs()).text)
        assert str(refused.info.reason).startswith(OFF)
        with pytest.raises(Forbidden, match=OFF):
            refused.retry()  # it would be her code, whoever asks


@pytest.mark.parametrize(
    ("sandbox", "level", "words"),
    [
        ("auto", "INFO", "every run is kept from what is not its own, in a sandbox"),
        ("off", "WARNING", "with several users, only administrators may start runs; to change that, set it to auto"),
    ],
)
def test_the_log_says_at_the_start_whether_runs_are_kept_apart(
    live: Live, sandbox: str, level: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    if sandbox == "auto":
        require("a bubblewrap that can make a sandbox", live.hub.executor.isolation().problem is None)
    with caplog.at_level(logging.INFO):
        tell_isolation(live.hub)
    assert [one.levelname for one in caplog.records if words in one.message][-1:] == [level]


def test_a_wrong_word_and_folders_that_hold_secrets_are_refused_when_the_hub_is_opened(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="`sandbox` is auto, require or off, not 'perhaps'"):
        open_hub(tmp_path / "data", sandbox="perhaps")
    for folder in (tmp_path / "data", tmp_path, Path("/"), Path.home(), Path("relative")):
        with pytest.raises(Invalid, match="Runs cannot be shown"):
            open_hub(tmp_path / "data", sandbox_folders=(folder,))


def test_runs_may_read_the_folders_that_the_administrator_names(
    tmp_path: Path, database: str | None, store: str | None
) -> None:
    for name in ("shown", "not-shown", "code"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    settings = replace(settings_of(tmp_path, database, store), sandbox_folders=(tmp_path / "shown",))
    with RunningServer(settings) as server:
        require("a bubblewrap that can make a sandbox", server.hub.executor.isolation().problem is None)
        live = Live(server, server.create_key("ada", "tests", Scope.ADMIN), tmp_path / "code")
        with connect(live.url, live.api_key) as hub:
            bench = make_bench(live, hub, tmp_path)
            bench.command(
                f"cat {tmp_path}/shown/file {tmp_path}/not-shown/file > {{output}}/x; touch {tmp_path}/shown/new; true"
            )
            assert bench.train().wait().branch.read("x") == b"shown"
    assert not (tmp_path / "shown" / "new").exists()
