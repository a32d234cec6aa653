"""Private repositories over SSH: keys, host keys, and judged addresses."""

import subprocess
from pathlib import Path

import pytest

from assethub.domain.errors import Invalid
from tests.git.conftest import Desk
from tests.git.servers import make_key, require_ssh, ssh_git


def test_an_ssh_key_opens_what_it_is_for(desk: Desk, served: Path, tmp_path: Path) -> None:
    require_ssh()
    secret = make_key(tmp_path / "mine")
    with ssh_git(tmp_path / "sshd") as server:
        url = server.url(served / "private/project")
        with pytest.raises(Invalid, match=r"is open to everybody; .* Permission denied"):
            desk.start(url)
        with pytest.raises(Invalid, match="the hub's own machine"):
            desk.reaching().start(url)
        kept = desk.keep(f"ssh://{server.user}@127.0.0.1:{server.port}", secret)
        with pytest.raises(Invalid, match=r"does not open .* Permission denied"):
            desk.start(url)
        server.keys.write_text((tmp_path / "mine.pub").read_text())
        shown = subprocess.run(["ssh-keygen", "-lf", str(tmp_path / "mine.pub")], capture_output=True, text=True)
        assert kept.fingerprint == f"ssh-ed25519 {shown.stdout.split()[1]}"
        run = desk.start(url)
        assert desk.code(run).startswith(b"PACK")
        known = (desk.hub.folder / "git" / "known_hosts").read_text()
        assert known.startswith(f"[127.0.0.1]:{server.port} ")
        assert list((desk.hub.folder / "git" / "private").iterdir()) == []

        asked: list[str] = []

        def resolver(host: str, port: int) -> list[str]:
            asked.append(f"{host}:{port}")
            return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

        named = desk.reaching("127.0.0.1", resolver=resolver)
        named.keep(f"ssh://{server.user}@git.example", secret)
        with pytest.raises(Invalid, match="Permission denied"):  # another port is another server
            named.start(server.url(served / "private/project", "git.example"))
        named.keep(f"ssh://git.example:{server.port}", secret)
        asked.clear()
        named.start(server.url(served / "private/project", "git.example"))
        assert asked == [f"git.example:{server.port}"]
        with pytest.raises(Invalid, match="metadata"):
            named.start(server.url(served / "private/project", "git.example"))
    with (
        ssh_git(tmp_path / "another", server.port),
        pytest.raises(Invalid, match="shows another host key than before"),
    ):
        desk.start(url)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-t", "rsa", "-b", "2048"], None),
        (["-t", "rsa", "-b", "2048", "-m", "PEM"], None),
        (["-t", "ecdsa", "-m", "PKCS8"], None),
        (["-t", "rsa", "-b", "1024"], "make one with at least 2048"),
        (["-t", "ed25519", "-N", "secret"], "has a passphrase"),
        (["-t", "ecdsa", "-m", "PEM", "-N", "secret"], "has a passphrase"),
        (["-t", "rsa", "-m", "PKCS8", "-N", "secret"], "has a passphrase"),
    ],
)
def test_kinds_of_ssh_keys(desk: Desk, tmp_path: Path, options: list[str], sentence: str | None) -> None:
    require_ssh()
    given = options if "-N" in options else [*options, "-N", ""]
    subprocess.run(["ssh-keygen", "-q", *given, "-f", str(tmp_path / "key")], check=True, capture_output=True)
    text = (tmp_path / "key").read_text()
    if sentence is None:
        shown = subprocess.run(["ssh-keygen", "-lf", str(tmp_path / "key.pub")], capture_output=True, text=True)
        assert (desk.keep("ssh://git@git.example", text).fingerprint or "").endswith(shown.stdout.split()[1])
    else:
        with pytest.raises(Invalid, match=sentence):
            desk.keep("ssh://git@git.example", text)
