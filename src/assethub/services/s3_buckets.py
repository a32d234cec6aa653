"""Buckets that S3 clients make and remove: assets in the folder that their key names."""

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, Forbidden
from assethub.domain.folders import Role
from assethub.domain.history import MAIN
from assethub.domain.s3_keys import S3Key
from assethub.services.assets import create_asset
from assethub.services.deletions import delete_asset
from assethub.services.s3 import MARKS, Bucket
from assethub.services.versions import commit_at
from assethub.services.work import Work


class BucketExists(Exception):
    """There is one of this name that the caller may see, or an asset of this name in the key's own folder."""


class BucketNotEmpty(Exception):
    pass


def create_bucket(work: Work, name: str, by: S3Key | None) -> Asset:
    """An asset named like the bucket. Its bucket has this name too if no other has it.

    A bucket that the caller has already is told as such, with any key: clients ask for theirs before they write.
    """
    base = next((name.partition(mark)[0] for mark in MARKS if mark in name), name)
    if work.seen(work.assets.by_bucket(base)) is not None:
        raise BucketExists
    if by is None or by.folder is None:
        told = "This key makes no buckets: make an asset with `ah create`, or a key with a folder for new buckets."
        raise work.refused(Forbidden(told), "asset.create", name)
    folder = work.folders.by_id(by.folder)
    if folder is None:
        raise work.refused(Forbidden("The folder for this key's new buckets is gone."), "asset.create", name)
    path = folder[0].path.asset(name)
    if work.assets.find(path) is not None:
        raise BucketExists
    return create_asset(work, path, "", (), TrainingSettings())


def delete_bucket(work: Work, bucket: Bucket, by: S3Key | None) -> None:
    """Take an asset away that holds nothing: no file on main, nothing staged, no other branch."""
    asset = bucket.asset
    if by is None or by.folder != asset.folder:
        told = "This key removes no buckets outside of its folder for new ones; use `ah delete`."
        raise work.refused(Forbidden(told), "asset.delete", str(asset.path), asset.folder)
    if bucket.ref is not None:
        raise Conflict("This bucket is one branch of an asset; delete the branch with `ah delete`.")
    refs = work.refs.of(asset.id)
    staged = any(work.staging.count(asset.id, ref.name) for ref in refs)
    work.asset_by_id(asset.id, needs=Role.EDITOR)
    if [ref.name for ref in refs] != [MAIN] or staged or len(work.trees.get(commit_at(work, asset, MAIN).tree)):
        raise BucketNotEmpty
    delete_asset(work, asset.path)
