"""The rules for names of owners, folders, assets, branches, tags and object paths, and the paths made of them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID

from assethub.domain.errors import Invalid

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
RESERVED_OWNERS = frozenset({
    "api", "s3", "hf", "healthz", "static", "raw", "runs", "search", "sign-in", "sign-out", "settings", "user", "group",
    "shared", "public", "datasets", "spaces", "models", "kernels", "buckets", "cas", "lfs", "model", "dataset",
})  # fmt: skip
RESERVED_NAMES = frozenset(["resolve", "tree", "blob", "raw", "refs", "commit", "discussions", "settings", "revision"])
COMMIT_ID = re.compile(r"[0-9a-f]{64}")
COMMIT_PREFIX = re.compile(r"[0-9a-f]{4,64}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
REF_PREFIXES = ("branch/", "tag/", "commit/", "refs/")
LONGEST_BUCKET = 63


class Kind(StrEnum):
    MODEL = "model"
    DATASET = "dataset"


def check_name(what: str, name: str) -> str:
    """The name itself, if an owner, folder or asset may have it."""
    if not NAME.fullmatch(name):
        raise Invalid(
            f"{what.capitalize()} name {name!r} is not allowed: use 1 to 96 letters, digits, '.', '_' or '-', "
            "beginning with a letter or digit."
        )
    for part in ("..", "--"):
        if part in name:
            raise Invalid(f"{what.capitalize()} name {name!r} is not allowed: it contains {part!r}.")
    if name.endswith((".", "-", ".git")):
        raise Invalid(f"{what.capitalize()} name {name!r} is not allowed: it ends in '.', '-' or '.git'.")
    if what == "folder" and "__" in name:
        raise Invalid(f"Folder name {name!r} is not allowed: it contains '__'.")
    if name.lower() in (RESERVED_OWNERS if what == "owner" else RESERVED_NAMES):
        raise Invalid(f"{what.capitalize()} name {name!r} is not allowed: the word is reserved.")
    return name


def check_asset_name(folder: str, name: str) -> str:
    check_name("asset", name)
    if len(folder) + len(name) > 94:
        raise Invalid(f"The names {folder!r} and {name!r} are together longer than 94 characters; shorten one.")
    return name


def check_ref_name(what: str, name: str) -> str:
    """Git's rules for branch and tag names (git-check-ref-format), and none that reads as an explicit reference."""
    reason = None
    if not name or len(name.encode()) > 255:
        reason = "it must have 1 to 255 bytes"
    elif name.startswith(REF_PREFIXES) or name in ("HEAD", "@"):
        reason = "it begins with branch/, tag/, commit/ or refs/, or is HEAD or @"
    elif re.search(r"[\x00-\x20\x7f~^:?*\[\\]", name):
        reason = "it contains a space, a control character or one of ~ ^ : ? * [ \\"
    elif ".." in name or "//" in name or "@{" in name:
        reason = "it contains '..', '//' or '@{'"
    elif name.startswith(("/", "-")) or name.endswith(("/", ".")):
        reason = "it begins with '/' or '-', or ends in '/' or '.'"
    elif any(part.startswith(".") or part.endswith(".lock") for part in name.split("/")):
        reason = "one of its parts begins with '.' or ends in '.lock'"
    elif COMMIT_ID.fullmatch(name):
        reason = "it reads as a commit id"
    if reason:
        raise Invalid(f"{what.capitalize()} name {name!r} is not allowed: {reason}.")
    return name


def check_path(path: str) -> str:
    """An object's path inside an asset."""
    try:
        length = len(path.encode())
    except UnicodeEncodeError:
        raise Invalid(f"Path {path!r} is not allowed: it is not valid UTF-8.") from None
    if not 1 <= length <= 1024:
        raise Invalid(f"Path {path[:80]!r} is not allowed: it must have 1 to 1024 bytes, not {length}.")
    if CONTROL.search(path):
        raise Invalid(f"Path {path!r} is not allowed: it contains a control character.")
    for segment in path.removesuffix("/").split("/"):
        if segment in ("", ".", ".."):
            raise Invalid(f"Path {path!r} is not allowed: it has an empty, '.' or '..' segment.")
    return path


@dataclass(frozen=True)
class FolderPath:
    """`owner/kind/folder`"""

    owner: str
    kind: Kind
    folder: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.kind}/{self.folder}"

    def asset(self, name: str) -> "AssetPath":
        return AssetPath(self.owner, self.kind, self.folder, name)


@dataclass(frozen=True)
class AssetPath:
    """`owner/kind/folder/name`"""

    owner: str
    kind: Kind
    folder: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.kind}/{self.folder}/{self.name}"

    @property
    def parent(self) -> FolderPath:
        return FolderPath(self.owner, self.kind, self.folder)


@dataclass(frozen=True)
class Reference:
    """`owner/kind/folder/name:ref`; without a ref it means `main`."""

    asset: AssetPath
    ref: str | None = None

    def __str__(self) -> str:
        return f"{self.asset}:{self.ref}" if self.ref else str(self.asset)

    @classmethod
    def parse(cls, text: str, *, me: str | None = None) -> Self:
        path, _, ref = text.partition(":")
        return cls(parse_asset_path(path, me=me), ref or None)


def bucket_names(path: AssetPath, id: UUID) -> tuple[str, ...]:
    """What an asset's bucket may be called in S3, the best first: its path, with ever more of its id behind it.

    S3 allows 3 to 63 lower-case letters, digits and hyphens, and no name that begins with `xn--`; a name that reads
    as an id would be taken for another asset's.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", f"{path.owner}-{path.folder}-{path.name}".lower()).strip("-")
    plain = (slug,) if len(slug) <= LONGEST_BUCKET and not is_id(slug) else ()
    tails = [id.hex[-digits:] for digits in (8, 16, 32)]
    return *plain, *(f"{slug[: LONGEST_BUCKET - 1 - len(tail)].rstrip('-')}-{tail}" for tail in tails)


def is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", text) is not None


def parse_path(text: str, *, me: str | None = None) -> FolderPath | AssetPath:
    """A folder's or an asset's path; the owner may be left out where `me` is known."""
    parts = text.strip("/").split("/")
    kinds = [kind.value for kind in Kind]
    if parts[0] in kinds and (len(parts) < 2 or parts[1] not in kinds):
        if me is None:
            raise Invalid(f"{text!r} names no owner; write it as owner/{text}.")
        parts.insert(0, me)
    if len(parts) not in (3, 4) or parts[1] not in kinds or not all(parts):
        raise Invalid(
            f"{text!r} is not a path; write owner/model/folder or owner/model/folder/name (or dataset for model)."
        )
    folder = FolderPath(parts[0], Kind(parts[1]), parts[2])
    return folder.asset(parts[3]) if len(parts) == 4 else folder


def parse_asset_path(text: str, *, me: str | None = None) -> AssetPath:
    path = parse_path(text, me=me)
    if isinstance(path, FolderPath):
        raise Invalid(f"{text!r} is a folder; an asset's path is {path}/NAME.")
    return path


def parse_folder_path(text: str, *, me: str | None = None) -> FolderPath:
    path = parse_path(text, me=me)
    if isinstance(path, AssetPath):
        raise Invalid(f"{text!r} is an asset; its folder is {path.parent}.")
    return path
