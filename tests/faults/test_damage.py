"""Files of the store that rot: whom it hurts is told, nothing wrong is handed out as right, the rest stays readable."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from assethub.client.connection import connect
from assethub.client.errors import Unreachable
from assethub.client.hub import Hub
from assethub.domain.errors import Unavailable
from tests.conftest import free_port
from tests.faults.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path, free_port())
    started.start()
    yield started
    started.kill()


def fill(hub: Hub, server: Server, folder: Path, name: str, size: int) -> Path:
    """A dataset with a file of its own; answers the file of the store that holds it."""
    before = files(server)
    hub.create(f"dataset/d/{name}")
    (folder / name).write_bytes(os.urandom(size))
    hub.dataset(f"dataset/d/{name}").commit("Add", [str(folder / name)])
    (found,) = [path for path in files(server) - before if "trees" not in path.parts]
    return found


def files(server: Server) -> set[Path]:
    return {path for path in (server.data / "store").rglob("*") if path.is_file()}


def spoil(path: Path, *, cut: bool = False) -> None:
    path.chmod(0o600)
    body = path.read_bytes()
    middle = len(body) // 2
    path.write_bytes(body[:middle] if cut else body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :])


def test_damage_is_told_by_asset_and_path_and_the_rest_stays_readable(server: Server, tmp_path: Path) -> None:
    small, large, well = 1000, 3 << 20, {"well-small": 1000, "well-large": 2 << 20}
    key = server.create_key()
    with connect(server.url, key) as hub:
        spoil(fill(hub, server, tmp_path, "flipped-pack", small))
        spoil(fill(hub, server, tmp_path, "cut-pack", small), cut=True)
        spoil(fill(hub, server, tmp_path, "flipped-blob", large))
        spoil(fill(hub, server, tmp_path, "cut-blob", large), cut=True)
        fill(hub, server, tmp_path, "gone-blob", large).unlink()
        for name, size in well.items():
            fill(hub, server, tmp_path, name, size)
        before = files(server)
        fill(hub, server, tmp_path, "spoilt-tree", 2000)
        (nodes,) = [path for path in files(server) - before if "trees" in path.parts]
        spoil(nodes)
        server.kill()  # its memory still has the nodes
        server.start()

        verified = server.admin("verify", "--deep")
        assert verified.returncode == 1
        told = {line.split("@")[0].rsplit("/")[-1]: line for line in verified.stdout.splitlines() if "@" in line}
        hurt = {"flipped-pack", "cut-pack", "flipped-blob", "cut-blob", "gone-blob", "spoilt-tree"}
        assert told.keys() == hurt
        assert all(f" {name}: " in told[name] for name in hurt - {"spoilt-tree"})

        with pytest.raises(Unreachable, match="'flipped-blob' arrived damaged"):
            hub.dataset("dataset/d/flipped-blob").main.read("flipped-blob")
        with pytest.raises(Unavailable, match=r"content of 'flipped-pack' .* is damaged"):
            hub.dataset("dataset/d/flipped-pack").download(to=tmp_path / "down")
        assert not (tmp_path / "down" / "flipped-pack").exists()
        for name in well:
            assert hub.dataset(f"dataset/d/{name}").main.read(name) == (tmp_path / name).read_bytes()

    with httpx2.Client(headers={"Authorization": f"Bearer {key}"}, trust_env=False) as http:
        for name in hurt - {"flipped-blob"}:
            url = f"{server.url}/api/v1/assets/ada/dataset/d/{name}/files/{name}"
            if name == "cut-blob":  # found only when a part is on its way: the answer breaks off
                with pytest.raises(httpx2.RemoteProtocolError):
                    http.get(url)
            else:
                answer = http.get(url)
                assert (answer.status_code, answer.json()["type"]) == (500, "Damaged")
