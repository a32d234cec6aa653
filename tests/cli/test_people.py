"""Sharing and people, as they are typed."""

import json

from assethub.client.connection import connect
from assethub.domain.owners import Scope
from tests.cli.conftest import Typing
from tests.conftest import Live


def key_of(live: Live, user: str) -> dict[str, str]:
    return {"ASSETHUB_API_KEY": live.server.create_key(user, "tests", Scope.WRITE)}


def test_a_folder_is_shared_with_a_group_and_with_everyone(ah: Typing, live: Live) -> None:
    ah("create", "model/vision/net")
    for name in ("bob", "eve"):
        assert ah("user", "create", name, "--password-stdin", stdin="correct horse\n").stdout == f"Signed up {name}\n"
    assert ah("group", "create", "lab", "--title", "The lab").stdout == "Created the group lab\n"
    assert ah("group", "add", "lab", "bob").stdout == "bob is a member of lab\n"
    rows = [
        line.split() for line in ah("share", "model/vision", "--group", "lab", "--role", "editor").stdout.splitlines()
    ]
    assert rows == [["ada", "user", "owner"], ["lab", "group", "editor"]]
    bob, eve = key_of(live, "bob"), key_of(live, "eve")
    assert "ada/model/vision" in ah("ls", "--shared", **bob).stdout
    assert "ada/model/vision" not in ah("ls", "--mine", **bob).stdout
    assert ah("create", "ada/model/vision/other", **bob).stdout == "Created ada/model/vision/other\n"
    hidden = ah("ls", "ada/model/vision", **eve, status=3)
    assert hidden.stderr == ah("ls", "ada/model/nothing", **eve, status=3).stderr.replace("nothing", "vision")
    ah("share", "model/vision", "--everyone", "--role", "viewer")
    assert "net" in ah("ls", "ada/model/vision", **eve).stdout
    refused = ah("delete", "ada/model/vision/net", "--yes", **eve, status=1)
    assert "needs the role editor" in refused.stderr
    ah("group", "remove", "lab", "bob")
    assert [one["name"] for one in json.loads(ah("group", "ls", "lab", "--json").stdout)] == ["ada"]
    sharing = json.loads(ah("share", "model/vision", "--everyone", "--role", "none", "--json").stdout)
    assert (sharing["everyone"], sharing["public"]) == (None, False)
    ah("ls", "ada/model/vision", **bob, status=3)
    ah("group", "delete", "lab", "--yes")
    ah("group", "ls", "lab", status=3)


def test_wrong_usage_of_share_is_told(ah: Typing) -> None:
    ah("create", "model/vision/net")
    for arguments in (["--role", "viewer"], ["--user", "x"], ["--user", "x", "--everyone", "--role", "viewer"]):
        assert "Name one of" in ah("share", "model/vision", *arguments, status=2).stderr
    assert "roles are given on folders" in ah("share", "model/vision/net", status=2).stderr
    assert "no public folders" in ah("share", "model/vision", "--public", "--role", "viewer", status=1).stderr


def test_a_key_for_one_folder_and_one_of_a_service_account(ah: Typing, live: Live) -> None:
    for path in ("model/vision/net", "model/other/net"):
        ah("create", path)
    narrow = {"ASSETHUB_API_KEY": ah("key", "create", "narrow", "--folder", "model/vision").stdout.strip()}
    assert ah("ls", **narrow).stdout.split()[0] == "ada/model/vision"
    ah("ls", "ada/model/other", **narrow, status=3)
    assert "one folder only" in ah("key", "ls", **narrow, status=1).stderr
    assert "ada/model/vision" in ah("key", "ls").stdout
    ah("user", "create", "ci", "--service")
    secret = ah("key", "create", "nightly", "--user", "ci", "--scope", "read").stdout.strip()
    assert ah("whoami", ASSETHUB_API_KEY=secret).stdout.startswith("ci at ")
    (key,) = json.loads(ah("key", "ls", "--user", "ci", "--json").stdout)
    ah("key", "revoke", key["id"], "--user", "ci")
    ah("whoami", ASSETHUB_API_KEY=secret, status=1)


def test_a_deactivated_user_is_out_at_once(ah: Typing, live: Live) -> None:
    ah("user", "create", "bob", "--password-stdin", stdin="correct horse\n")
    bob = key_of(live, "bob")
    assert ah("whoami", **bob).stdout.startswith("bob")
    ah("user", "change", "bob", "--deactivate")
    assert "is not known" in ah("whoami", **bob, status=1).stderr
    assert "deactivated" in ah("user", "ls").stdout
    assert "hub administrator" in ah("user", "ls", **key_of(live, "ada"), status=1).stderr  # scope write


def test_the_sdk_says_who_there_is(live: Live) -> None:
    with connect(live.url, live.api_key) as hub:
        hub.create_user("bob", "correct horse", title="Bob Stone", email="bob@example.org")
        group = hub.create_group("lab")
        group.add("bob", admin=True)
        assert [(one.name, one.admin) for one in group.members()] == [("ada", True), ("bob", True)]
        assert [one.name for one in hub.search_owners("stone")] == ["bob"]
        assert [one.name for one in hub.search_owners("lab", kind="group")] == ["lab"]
        assert group.update(title="The lab").info.title == "The lab"
        assert [one.name for one in hub.groups(mine=True)] == [one.name for one in hub.groups()] == ["lab"]
        hub.set_password("another horse", user="bob")
        assert hub.update_user("bob", admin=True).admin
        assert hub.sessions() == []
