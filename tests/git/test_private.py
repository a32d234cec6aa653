"""Private repositories: whose credentials open them, and for whom."""

import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, update

from assethub.database.people_tables import credentials as table
from assethub.domain.assets import TrainingSettings
from assethub.domain.credentials import CredentialKind
from assethub.domain.errors import Conflict, Damaged, Forbidden, Invalid, NotFound, SignInNeeded
from assethub.domain.folders import Role
from assethub.domain.owners import Caller, Scope, Visitor
from assethub.services import accounts, assets, credentials, deletions, keys, repositories, run_code, runs, sharing
from assethub.services.repeating import run_again
from assethub.services.sealing import seal, unseal
from tests.conftest import make_repository
from tests.git.conftest import DATASET, TEAM, TOKEN, Desk, person
from tests.git.servers import HttpsGit


def shared(desk: Desk, name: str, role: Role) -> Desk:
    """The same hub for somebody else, who has a role in the team's folder."""
    other = person(desk.hub, name)
    with desk.hub.work(desk.me) as work:
        sharing.grant_role(work, TEAM, name, role)
        sharing.grant_role(work, DATASET.parent, name, Role.VIEWER)
    return desk.as_(other)


def test_a_private_repository_is_opened_by_ones_own_credential_alone(desk: Desk, forge: HttpsGit) -> None:
    url = forge.url("private/project")
    with pytest.raises(Invalid, match=r"open to everybody; if it is private, keep a Git credential .*credential add"):
        desk.start(url)
    desk.keep(forge.url("private"), "tok-wrong", name="wrong")
    with pytest.raises(Invalid, match=r"The Git credential 'wrong' does not open"):
        desk.start(url)
    desk.keep(url)
    run = desk.start(url)
    assert TOKEN not in run.code.url
    by_name = {one.name: one for one in desk.kept()}
    assert by_name[url.removeprefix("https://")].last_used_at is not None

    runner = shared(desk, "grace", Role.RUNNER)
    with pytest.raises(Invalid, match="open to everybody"):
        runner.start(url)


def test_a_folders_credential_opens_for_runners_there_and_for_nobody_else(desk: Desk, forge: HttpsGit) -> None:
    url = forge.url("private/project")
    desk.keep(forge.url(""), folder=TEAM)
    runner = shared(desk, "grace", Role.RUNNER)
    run = runner.start(url)
    assert desk.code(run).startswith(b"PACK")
    viewer = shared(desk, "vera", Role.VIEWER)
    with pytest.raises(Forbidden):
        viewer.start(url)
    for somebody in (runner, viewer, shared(desk, "edith", Role.EDITOR)):
        with pytest.raises(Forbidden, match="Only owners of ada/model/team see"):
            somebody.kept(TEAM)
        with pytest.raises(Forbidden, match="role owner"):
            somebody.keep(url, folder=TEAM)
        assert somebody.kept() == []
    with pytest.raises(NotFound):
        desk.as_(person(desk.hub, "stan")).kept(TEAM)


def test_the_longest_address_wins_and_then_ones_own(desk: Desk, forge: HttpsGit) -> None:
    url = forge.url("private/project")
    desk.keep(forge.url(""), "tok-wide", folder=TEAM, name="wide")
    desk.keep(forge.url("private/projector"), "tok-neighbour", name="neighbour")
    desk.keep(forge.url("private"), "tok-team", folder=TEAM, name="team")
    desk.keep(forge.url("private"), "tok-mine", name="mine")
    desk.keep(forge.url("private/project.git"), TOKEN, folder=TEAM, name="exact")
    desk.start(url)
    assert {seen.password for seen in forge.seen} == {None, TOKEN}
    for name, token in (("exact", "tok-mine"), ("mine", "tok-team"), ("team", "tok-wide")):
        for folder in (None, TEAM):
            for one in desk.kept(folder):
                if one.name == name:
                    with desk.hub.work(desk.me) as work:
                        credentials.delete_credential(work, one.id, folder)
        forge.seen.clear()
        with pytest.raises(Invalid, match="does not open"):
            desk.start(url)
        assert {seen.password for seen in forge.seen} == {None, token}


def test_a_deactivated_users_and_a_deleted_folders_credentials_open_nothing(desk: Desk, forge: HttpsGit) -> None:
    url = forge.url("private/project")
    grace = shared(desk, "grace", Role.RUNNER)
    grace.keep(url)
    run = grace.start(url)
    with desk.hub.work(desk.me) as work:
        asset = work.asset_by_id(run.asset, needs=Role.VIEWER)
        assert credentials.find_opener(work, url, grace.me.user.id, asset) is not None
        accounts.change_user(work, "grace", active=False)
        assert credentials.find_opener(work, url, grace.me.user.id, asset) is None
    desk.keep(url, folder=TEAM)
    with desk.hub.work(desk.me) as work:
        assert credentials.find_opener(work, url, grace.me.user.id, asset) is not None
        runs.cancel_run(work, str(run.id))
        deletions.delete_folder(work, TEAM)
        assert credentials.find_opener(work, url, grace.me.user.id, asset) is None


def test_what_a_credential_opened_is_out_of_reach_without_it(desk: Desk, forge: HttpsGit) -> None:
    url = forge.url("private/project")
    kept = desk.keep(url)
    run = desk.start(url)
    assert desk.code(run) == desk.code(run)
    grace = shared(desk, "grace", Role.RUNNER)
    with pytest.raises(Invalid, match="open to everybody"):
        grace.start(url, run.code.sha)
    with desk.hub.work(grace.me) as work:
        again = run_again(work, str(run.id), "again")
    with pytest.raises(Invalid, match="open to everybody"):
        desk.code(again)
    with desk.hub.work(desk.me) as work:
        credentials.delete_credential(work, kept.id)
    folder = desk.hub.folder / "git" / kept.id.hex
    assert folder.exists()
    credentials.sweep_credentials(desk.hub)
    assert not folder.exists()
    with pytest.raises(Invalid, match="open to everybody"):
        desk.code(run)


def test_pinned_code_is_fetched_again_when_the_hubs_copy_is_gone(desk: Desk, forge: HttpsGit, served: Path) -> None:
    kept = desk.keep(forge.url("private"))
    run = desk.start(forge.url("private/project"))
    make_repository(served / "private/project", {"code.txt": "later\n"}, message="Go on")
    copy = repositories.cache_of(desk.hub, run.code.url, None).parent / kept.id.hex
    subprocess.run(["rm", "-r", str(copy)], check=True)
    assert desk.code(run).startswith(b"PACK")
    subprocess.run(["rm", "-r", str(copy)], check=True)
    forge.users.clear()
    with pytest.raises(Invalid, match="does not open"):
        desk.code(run)


def test_a_runs_code_is_for_the_run_itself(desk: Desk, forge: HttpsGit) -> None:
    one, other = desk.start(forge.url("public/project")), desk.start(forge.url("public/project"))
    caller = keys.run_caller(desk.hub, keys.run_token(desk.hub, one.id, 1))
    for stranger in (caller, desk.me, Visitor()):
        with pytest.raises(NotFound):
            run_code.open_code(desk.hub, stranger, other.id)


def test_a_sealed_secret_opens_in_its_own_row_and_for_its_own_address(desk: Desk, forge: HttpsGit) -> None:
    one, other = desk.keep(forge.url("private/project")), desk.keep(forge.url("elsewhere"), "tok-other")
    with desk.hub.engine.begin() as connection:
        sealed = {row.id: row.sealed for row in connection.execute(select(table.c.id, table.c.sealed))}
        assert TOKEN.encode() not in sealed[one.id]
        connection.execute(update(table).where(table.c.id == other.id).values(sealed=sealed[one.id]))
    with pytest.raises(Damaged, match="elsewhere' cannot be used; remove it and add it again"):
        desk.start(forge.url("elsewhere"))
    with desk.hub.engine.begin() as connection:
        connection.execute(update(table).where(table.c.id == one.id).values(url=forge.url("elsewhere/project")))
        connection.execute(update(table).where(table.c.id == other.id).values(url=forge.url("nowhere")))
    with pytest.raises(Damaged):
        desk.start(forge.url("elsewhere/project"))
    assert forge.seen == []


def test_seals_of_other_purposes_secrets_and_bytes_stay_shut() -> None:
    sealed = seal(b"s" * 32, "a", "text", "row")
    assert unseal(b"s" * 32, "a", sealed, "row") == "text"
    assert seal(b"s" * 32, "a", "text", "row") != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for attempt in ((b"t" * 32, "a", sealed, "row"), (b"s" * 32, "b", sealed, "row"), (b"s" * 32, "a", sealed, "other"),
                    (b"s" * 32, "a", changed, "row"), (b"s" * 32, "a", b"", "row")):  # fmt: skip
        with pytest.raises(Damaged):
            unseal(*attempt)


@pytest.mark.parametrize(
    ("url", "secret", "sentence"),
    [
        ("https://user:word@git.example/x", TOKEN, "has a name or a password before its host"),
        ("http://git.example/x", TOKEN, "not a Git address"),
        ("https://git.example/x", " ", "token is empty"),
        ("https://git.example/x", "two words", "give the token alone"),
        ("https://git.example/x", "t" * 5000, "at most 4096"),
        ("ssh://git@git.example", TOKEN, "This is not a private key"),
        ("ssh://git@git.example", "ssh-ed25519 AAAA me", "give the private key"),
        ("ssh://git@git.example", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "cannot be read"),
        ("ssh://git@git.example", "-----BEGIN PRIVATE KEY-----" + "A" * 20_000, "at most 16384"),
    ],
)  # fmt: skip
def test_what_is_no_credential_is_refused_without_repeating_it(
    desk: Desk, url: str, secret: str, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence) as refused:
        desk.keep(url, secret)
    assert "word" not in str(refused.value).replace("password", "")
    assert secret.strip() == "" or secret not in str(refused.value)
    assert desk.kept() == []


def test_credentials_are_kept_by_those_who_may(desk: Desk) -> None:
    desk.keep("https://git.example/a", name="one")
    with pytest.raises(Conflict, match="a credential 'one' already"):
        desk.keep("https://git.example/b", name="one")
    with pytest.raises(Invalid, match="model folders"):
        desk.keep("https://git.example/a", folder=DATASET.parent)
    with pytest.raises(Invalid, match="it is a private SSH key, not a token"), desk.hub.work(desk.me) as work:
        credentials.create_credential(work, "ssh://git@git.example", TOKEN, kind=CredentialKind.TOKEN)
    reader = desk.as_(Caller(desk.me.user, Scope.READ))
    assert [one.name for one in reader.kept()] == ["one"]
    with pytest.raises(Forbidden, match="only read"):
        reader.keep("https://git.example/b")
    with pytest.raises(Forbidden, match="one folder only"):
        desk.as_(Caller(desk.me.user, Scope.WRITE, uuid.uuid4())).keep("https://git.example/b")
    for nobody in (Visitor(), None):
        with pytest.raises(SignInNeeded), desk.hub.work(nobody) as work:
            credentials.list_credentials(work)
    other = desk.as_(person(desk.hub, "olga"))
    with pytest.raises(NotFound), desk.hub.work(other.me) as work:
        credentials.delete_credential(work, desk.kept()[0].id)


def test_the_keys_of_the_hubs_own_account_open_nothing(
    desk: Desk, forge: HttpsGit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text(f"machine 127.0.0.1 login git password {TOKEN}\n")
    (home / ".netrc").chmod(0o600)
    (home / "stored").write_text(f"https://git:{TOKEN}@127.0.0.1:{forge.port}\n")
    (home / ".gitconfig").write_text(f"[credential]\n\thelper = store --file={home / 'stored'}\n")
    monkeypatch.setenv("HOME", str(home))
    check = ["git", "ls-remote", forge.url("private/project")]
    subprocess.run(check, check=True, capture_output=True)
    with pytest.raises(Invalid, match="open to everybody"):
        desk.start(forge.url("private/project"))


def test_many_start_from_one_repository_at_once(desk: Desk, forge: HttpsGit, served: Path) -> None:
    url = forge.url("public/project")
    for text in ("one", "two"):
        sha = make_repository(served / "public/project", {"code.txt": text}, message=text)
        with ThreadPoolExecutor(8) as pool:
            pinned = list(pool.map(lambda _: repositories.pin(desk.hub, url, None, None)[0].sha, range(8)))
        assert set(pinned) == {sha}


def test_a_fetch_that_was_killed_hinders_no_later_one(desk: Desk, forge: HttpsGit, served: Path) -> None:
    run = desk.start(forge.url("public/project"))
    (repositories.cache_of(desk.hub, run.code.url, None) / "shallow.lock").touch()
    sha = make_repository(served / "public/project", {"code.txt": "later"}, message="Go on")
    assert desk.start(forge.url("public/project")).code.sha == sha


def test_training_settings_keep_no_password(desk: Desk) -> None:
    settings = TrainingSettings(git="https://me:word@git.example/x")
    with pytest.raises(Invalid, match="keep it as a Git credential"), desk.hub.work(desk.me) as work:
        assets.create_asset(work, TEAM.asset("new"), "", (), settings)
    with pytest.raises(Invalid, match="keep it as a Git credential"), desk.hub.work(desk.me) as work:
        assets.change_asset(work, TEAM.asset("reader"), training=settings)
