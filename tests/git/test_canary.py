"""A planted token and a planted key open private code, and are then nowhere to be found."""

import base64
import json
import logging
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from assethub.domain.errors import HubError, Invalid
from tests.conftest import make_repository, postgres_program, require
from tests.git.conftest import MODEL, TEAM, TOKEN, Running
from tests.git.servers import HttpsGit, make_key, require_ssh, ssh_git

LOOKING = """\
tasks:
  train:
    command: |
      env; git log --format=%H; git status --short; cat .git/config
      cat code.txt > {output}/weights.txt; cat code.txt
"""


def forms(secret: str) -> list[bytes]:
    """The ways in which a secret could lie somewhere."""
    plain = secret.encode()
    login = base64.b64encode(f"git:{secret}".encode())
    return [plain, plain.hex().encode(), base64.b64encode(plain), login, quote(secret, safe="").encode()]


def dump(data: Path, database: str | None, target: Path) -> bytes:
    if database is None:
        with sqlite3.connect(data / "hub.db") as connection:
            text = "\n".join(connection.iterdump())
        connection.close()
        return text.encode()
    program = postgres_program("pg_dump")
    require("pg_dump", program is not None)
    subprocess.run([str(program), "-f", str(target), database], check=True, capture_output=True)
    return target.read_bytes()


def ah(running: Running, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("ah")), *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, env=running.environment, check=False)


def test_a_planted_secret_is_found_nowhere(
    running: Running, forge: HttpsGit, served: Path, tmp_path: Path, database: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    require_ssh()
    caplog.set_level(logging.DEBUG)
    sha = make_repository(served / "private/project", {"assethub.yaml": LOOKING, "code.txt": "private code\n"})
    key = make_key(tmp_path / "key")
    said: list[str] = []
    model = running.client.model(str(MODEL))
    folder = running.client.get(str(TEAM))

    kept = ah(running, "credential", "add", forge.url("private"), "--name", "forge", given=f"{TOKEN}\n")
    said += [kept.stdout, kept.stderr]
    assert kept.returncode == 0, kept.stderr
    url = forge.url("private/project")
    run = model.train("by-token", git=url).wait()
    assert run.branch.read("weights.txt") == b"private code\n"
    log = "\n".join(line.text for line in run.logs())
    assert "private code" in log
    assert sha in log
    said.append(log)

    with ssh_git(tmp_path / "sshd") as server:
        server.keys.write_text((tmp_path / "key.pub").read_text())
        beginning = f"ssh://{server.user}@127.0.0.1:{server.port}"
        added = ah(running, "credential", "add", beginning, "--key-file", str(tmp_path / "key"), "--folder", str(TEAM))
        assert added.returncode == 0, added.stderr
        said += [added.stdout, added.stderr]
        second = model.train("by-key", git=server.url(served / "private/project")).wait()
        assert second.branch.read("weights.txt") == b"private code\n"
        said += [line.text for line in second.logs()]
        assert "SHA256:" in ah(running, "credential", "ls", "--folder", str(TEAM)).stdout
    for wrong in (forge.url("private/nothing"), f"https://git:{TOKEN}@127.0.0.1:{forge.port}/private/project"):
        with pytest.raises(Invalid) as refused:
            model.train("wrong", git=wrong)
        said.append(f"{refused.value} {refused.value.details}")
    said.append(refuse_everything(running, forge))

    listed = json.loads(ah(running, "credential", "ls", "--json").stdout)
    assert {one["name"] for one in listed} == {"forge"}
    said += [ah(running, "credential", "ls").stdout, json.dumps(listed)]
    for address in ("/credentials", f"/folders/{TEAM}/credentials", "/runs", f"/runs/{run.number}"):
        said.append(running.client.connection.request("GET", address).text)
    said += [seen.command_lines for seen in forge.seen]
    assert any("git" in seen.command_lines and str(forge.port) in seen.command_lines for seen in forge.seen)

    dumped = dump(running.data, database, tmp_path / "dump")
    assert b"credential.create" in dumped  # the audit log is in it
    found = {"what was said": "\n".join(said).encode(), "the log": caplog.text.encode(), "the database": dumped}
    found |= {str(path): path.read_bytes() for path in running.data.rglob("*") if path.is_file()}
    secrets = [*forms(TOKEN), *(line.encode() for line in key.splitlines()[1:-1])]
    assert {where for where, content in found.items() for secret in secrets if secret in content} == set()

    assert ah(running, "credential", "rm", "forge").returncode == 0
    assert running.client.credentials() == []
    assert folder.credentials()[0].fingerprint is not None  # type: ignore[union-attr]


def refuse_everything(running: Running, forge: HttpsGit) -> str:
    """What is said of secrets that are not taken."""
    said = []
    for url, secret in (
        (forge.url("private"), TOKEN + " \n" + TOKEN), ("ssh://git@127.0.0.1", TOKEN),
        (forge.url("private"), TOKEN * 1000), (f"https://{TOKEN}@127.0.0.1/x", "t"),
    ):  # fmt: skip
        with pytest.raises(HubError) as refused:
            running.client.create_credential(url, secret, name="refused")
        said.append(f"{refused.value} {refused.value.details}")
    answer = running.client.connection.http.post("/credentials", json={"url": 1, "secret": [TOKEN], TOKEN[:3]: 1})
    assert answer.status_code == 422
    return "\n".join([*said, answer.text])
