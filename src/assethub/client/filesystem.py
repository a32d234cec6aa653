"""Versions as an fsspec file system: `ah://owner/model/folder/name@ref/path`, for pandas, polars, pyarrow, DuckDB.

What reads, reads one commit. A file that is written is committed to its branch when it is closed; all that is written
within `with fs.transaction:` becomes one commit. Needs the extra `assethub[fsspec]`.
"""

import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from fsspec.spec import AbstractFileSystem

from assethub.client.connection import asset_url, connect
from assethub.client.hub import Hub
from assethub.client.opened import AssetFile, AssetTransaction, as_os_error, read_range, told
from assethub.client.versions import Version
from assethub.domain.errors import NotFound
from assethub.domain.history import MAIN
from assethub.domain.names import COMMIT_PREFIX, AssetPath, Kind
from assethub.protocol.history import RefInfo
from assethub.protocol.objects import ObjectInfo, TreePage

SIDE_BY_SIDE = 8
KINDS = tuple(kind.value for kind in Kind)


class AssetFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Refs may contain `/`: the longest one that fits wins; without `@ref` it is main. The owner may be left out."""

    protocol = "ah"
    root_marker = ""
    transaction_type = AssetTransaction

    def __init__(self, endpoint: str | None = None, api_key: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.endpoint, self.api_key = endpoint, api_key

    @cached_property
    def hub(self) -> Hub:
        hub = connect(self.endpoint, self.api_key)
        weakref.finalize(self, hub.close)
        return hub

    def split(self, path: str) -> tuple[str, Version | None, str]:
        """What stands before the path inside of the version, the version, and that path; no version above assets."""
        parts = self._strip_protocol(path).strip("/").split("/")
        owned = not (parts[0] in KINDS and (len(parts) < 2 or parts[1] not in KINDS))
        size = 4 if owned else 3
        if len(parts) < size:
            return "/".join(parts).strip("/"), None, ""
        name, at, ref = parts[size - 1].partition("@")
        asset = self.hub.path("/".join([*parts[: size - 1], name]))
        assert isinstance(asset, AssetPath)
        rest = parts[size:]
        if not at:
            return "/".join(parts[:size]), Version(self.hub.connection, asset, MAIN), "/".join(rest)
        text = "/".join([ref, *rest])
        ref = self.longest_ref(asset, text)
        head = "/".join([*parts[: size - 1], f"{name}@{ref}"])
        return head, Version(self.hub.connection, asset, ref), text[len(ref) + 1 :]

    def longest_ref(self, asset: AssetPath, text: str) -> str:
        """The longest ref that the text is, or begins with before a `/`. NotFound if there is none."""
        kind, _, rest = text.partition("/")
        prefix, text = (f"{kind}/", rest) if kind in ("branch", "tag", "commit") and rest else ("", text)
        first = text.partition("/")[0]
        if prefix == "commit/":
            return prefix + first
        refs: list[RefInfo] = []
        for one, listed in (("branch/", "branches"), ("tag/", "tags")):
            if prefix in ("", one):
                refs += self.hub.connection.get_list(RefInfo, f"{asset_url(asset)}/{listed}")
        fitting = [ref.name for ref in refs if text == ref.name or text.startswith(f"{ref.name}/")]
        if fitting:
            return prefix + max(fitting, key=len)
        if not prefix and COMMIT_PREFIX.fullmatch(first):
            return first
        raise NotFound(f"{asset} has no branch, tag or commit that {text!r} begins with.")

    def pinned(self, version: Version) -> Version:
        """The version at the commit that its ref names now."""
        return Version(version.connection, version.asset, f"commit/{version.head().id}")

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        with as_os_error(path):
            head, version, inner = self.split(path)
            found = self.above(head) if version is None else self.level(head, version, inner)
        return found if detail else [one["name"] for one in found]

    def above(self, head: str) -> list[dict[str, Any]]:
        """Owners, kinds, folders and assets, as folders."""
        depth = len(head.split("/")) if head else 0
        paths = [folder.path for folder in self.hub.folders()]
        if depth and head.split("/")[0] in KINDS:
            depth, head, cut = depth + 1, f"{self.hub.me}/{head}", len(self.hub.me) + 1
        else:
            cut = 0
        if depth == 3:
            paths = [asset.path for folder in self.hub.folders() if folder.path == head for asset in folder.list()]
        start = f"{head}/" if head else ""
        below = {"/".join(path.split("/")[: depth + 1])[cut:] for path in paths if path.startswith(start)}
        return [folder_info(one) for one in sorted(below)]

    def level(self, head: str, version: Version, inner: str) -> list[dict[str, Any]]:
        folders, files = version.list_folder(f"{inner}/" if inner else "")
        found = [folder_info(f"{head}/{one.rstrip('/')}") for one in folders]
        found += [file_info(head, one) for one in files if one.path != f"{inner}/"]
        return found if found or not inner else [self.info(f"{head}/{inner}")]

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        with as_os_error(path):
            head, version, inner = self.split(path)
            if version is None:
                self.above(head)
                return folder_info(head)
            if not inner:
                version.head()
                return folder_info(head)
            for prefix in (inner, f"{inner}/"):
                page = version.connection.get(
                    TreePage, f"{version.url}/tree", ref=version.ref, prefix=prefix, delimiter="/", limit=1
                )
                if page.entries and page.entries[0].path == inner:
                    return file_info(head, page.entries[0])
            if page.entries or page.prefixes:
                return folder_info(f"{head}/{inner}")
        raise FileNotFoundError(path)

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **options: Any
    ) -> Any:
        if maxdepth is not None or withdirs:
            return super().find(path, maxdepth=maxdepth, withdirs=withdirs, detail=detail, **options)
        with as_os_error(path):
            head, version, inner = self.split(path)
            if version is None:
                return super().find(path, detail=detail, **options)
            entries = version.list_object(f"{inner}/" if inner else "")
            if not entries and inner:
                entries = [one for one in version.list_object(inner) if one.path == inner]
        found = {f"{head}/{one.path}": file_info(head, one) for one in entries if not one.path.endswith("/")}
        return found if detail else list(found)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> bytes:
        with as_os_error(path):
            _, version, inner = self.split(path)
            if version is None or not inner:
                raise IsADirectoryError(path)
            if (start or 0) < 0 or (end is not None and end < 0):
                size = self.info(path)["size"]
                start = max(size + start, 0) if start is not None and start < 0 else start
                end = max(size + end, 0) if end is not None and end < 0 else end
            return read_range(version, inner, start or 0, end)

    def cat_ranges(
        self, paths: list[str], starts: Any, ends: Any, max_gap: int | None = None, on_error: str = "return",
        **options: Any,
    ) -> list[Any]:  # fmt: skip
        """Many ranges side by side."""
        starts = starts if isinstance(starts, list) else [starts] * len(paths)
        ends = ends if isinstance(ends, list) else [ends] * len(paths)

        def read(path: str, start: int | None, end: int | None) -> bytes | Exception:
            try:
                return self.cat_file(path, start, end)
            except OSError as error:
                if on_error == "return":
                    return error
                raise

        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return list(pool.map(read, paths, starts, ends))

    def _open(
        self, path: str, mode: str = "rb", block_size: int | None = None, autocommit: bool = True,
        cache_options: dict[str, Any] | None = None, **options: Any,
    ) -> AssetFile:  # fmt: skip
        if mode not in ("rb", "wb"):
            raise ValueError(f"A file of an asset is read or written whole; the mode {mode!r} is neither.")
        return AssetFile(self, path, mode, block_size or "default", autocommit, cache_options=cache_options, **options)

    def rm(self, path: str | list[str], recursive: bool = False, maxdepth: int | None = None) -> None:
        """One commit per version, that deletes the files, or with `recursive` all below the paths."""
        deletions: dict[str, tuple[Version, list[str]]] = {}
        for one in [path] if isinstance(path, str) else path:
            with as_os_error(one):
                _, version, inner = self.split(one)
            if version is None or not inner:
                raise OSError(f"{one}: this is no file or folder of a version; delete it by `ah delete`.")
            is_file = self.info(one)["type"] == "file"
            if not is_file and not recursive:
                raise IsADirectoryError(one)
            deletions.setdefault(str(version), (version, []))[1].append(inner if is_file else f"{inner}/")
        for version, gone in deletions.values():
            with as_os_error(str(version)):
                version.commit(f"Delete {told(gone)}", delete=gone)

    def _rm(self, path: str) -> None:
        self.rm(path)

    def mkdir(self, path: str, create_parents: bool = True, **options: Any) -> None:
        """Folders are there as soon as files lie in them."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Folders are there as soon as files lie in them."""

    def modified(self, path: str) -> Any:
        return self.info(path)["mtime"]

    def ukey(self, path: str) -> str:
        info = self.info(path)
        return str(info.get("sha256") or info["name"])


def folder_info(name: str) -> dict[str, Any]:
    return {"name": name, "type": "directory", "size": 0}


def file_info(head: str, entry: ObjectInfo) -> dict[str, Any]:
    return {
        "name": f"{head}/{entry.path}", "type": "file", "size": entry.size, "sha256": entry.sha256,
        "mtime": entry.mtime, "content_type": entry.content_type,
    }  # fmt: skip
