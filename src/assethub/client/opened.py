"""Single files of versions as fsspec opens them: read by blocks, or written whole and committed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fsspec.spec import AbstractBufferedFile
from fsspec.transaction import Transaction

from assethub.client.versions import Version
from assethub.domain.errors import Forbidden, HubError, NotFound
from assethub.protocol.objects import TreePage

if TYPE_CHECKING:
    from assethub.client.filesystem import AssetFileSystem


@contextmanager
def as_os_error(path: str) -> Iterator[None]:
    """What the hub refuses, as the errors that users of file systems know."""
    try:
        yield
    except NotFound as error:
        raise FileNotFoundError(f"{path}: {error}") from error
    except Forbidden as error:
        raise PermissionError(f"{path}: {error}") from error
    except HubError as error:
        raise OSError(f"{path}: {error}") from error


class AssetTransaction(Transaction):  # type: ignore[misc]
    """Files that become one commit per asset and branch."""

    files: Any

    def complete(self, commit: bool = True) -> None:
        files: list[AssetFile] = list(self.files or [])
        self.files = None
        self.fs._intrans = False
        self.fs._transaction = None
        try:
            by_version: dict[str, list[AssetFile]] = {}
            for file in files if commit else ():
                by_version.setdefault(str(file.version), []).append(file)
            for together in by_version.values():
                commit_files(together)
        finally:
            for file in files:
                file.discard()


class AssetFile(AbstractBufferedFile):  # type: ignore[misc]
    """One file: read by blocks from the commit that it was opened at, or gathered on the local disk and committed."""

    def __init__(self, fs: "AssetFileSystem", path: str, mode: str, *arguments: Any, **options: Any) -> None:
        with as_os_error(path):
            _, version, inner = fs.split(path)
            if version is None or not inner:
                raise IsADirectoryError(path)
            self.version, self.inner = (fs.pinned(version) if mode == "rb" else version), inner
            if mode == "rb" and not options.get("size"):
                options["size"] = size_of(self.version, inner)
        self.spool: Path | None = None
        super().__init__(fs, path, mode, *arguments, **options)

    def _fetch_range(self, start: int, end: int) -> bytes:
        with as_os_error(self.path):
            return read_range(self.version, self.inner, start, end)

    def _initiate_upload(self) -> None:
        with tempfile.NamedTemporaryFile(prefix="assethub-", delete=False) as file:
            self.spool = Path(file.name)

    def _upload_chunk(self, final: bool = False) -> bool:
        assert self.spool is not None
        with self.spool.open("ab") as file:
            file.write(self.buffer.getvalue())
        if final and self.autocommit:
            self.commit()
        return True

    def commit(self) -> None:
        try:
            commit_files([self])
        finally:
            self.discard()

    def discard(self) -> None:
        if self.spool is not None:
            self.spool.unlink(missing_ok=True)
            self.spool = None


def commit_files(files: list[AssetFile]) -> None:
    """One commit of files of the same version."""
    add = {str(file.spool): file.inner for file in files}
    with as_os_error(files[0].path):
        files[0].version.commit(f"Write {told(list(add.values()))}", [add])


def told(paths: list[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def read_range(version: Version, path: str, start: int, end: int | None) -> bytes:
    if end is not None and end <= start:
        return b""
    headers = {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else {}
    url = f"{version.url}/files/{quote(path)}"
    return version.connection.request("GET", url, params={"ref": version.ref}, headers=headers).content


def size_of(version: Version, path: str) -> int:
    page = version.connection.get(TreePage, f"{version.url}/tree", ref=version.ref, prefix=path, limit=1)
    if not page.entries or page.entries[0].path != path:
        raise NotFound(f"{version} has no file {path!r}.")
    return page.entries[0].size
