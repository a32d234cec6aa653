"""A large file that is mostly holes."""

import hashlib
from pathlib import Path

from assethub.client.assets import Dataset
from assethub.client.connection import asset_url


def send_holes(dataset: Dataset, folder: Path, size: int) -> None:
    """It goes up, and what is read back has its size and sha256; nothing of it is whole in memory or on our disk."""
    large = folder / "sparse.bin"
    with large.open("wb") as file:
        file.truncate(size)
        file.seek(size // 2)
        file.write(b"in the middle")
    dataset.commit("Large", [str(large)])
    (entry,) = dataset.list_object("sparse.bin")
    digest, count = hashlib.sha256(), 0
    with dataset.connection.stream("GET", f"{asset_url(dataset.where)}/files/sparse.bin") as answer:
        for piece in answer.iter_raw():
            digest.update(piece)
            count += len(piece)
    assert (count, digest.hexdigest()) == (size, entry.sha256)
    with large.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256
