"""/assets with their branches and tags"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from assethub.domain.assets import Asset
from assethub.domain.assets import TrainingSettings as Training
from assethub.domain.history import Ref, RefKind
from assethub.domain.names import parse_asset_path
from assethub.protocol.assets import (
    AssetChange,
    AssetInfo,
    NewAsset,
    TrainingInfo,
    TrainingSettings,
    UsageInfo,
    VersionUsage,
)  # fmt: skip
from assethub.protocol.history import NewBranch, NewTag, RefInfo, RefPage
from assethub.server.dependencies import ASSET, CurrentAsset, CurrentReference, CurrentWork, WorkRoute
from assethub.services import assets, deletions, refs, usage

router = APIRouter(tags=["assets"], route_class=WorkRoute)


def asset_info(asset: Asset) -> AssetInfo:
    training = asset.training
    return AssetInfo(
        id=asset.id, path=str(asset.path), bucket=asset.bucket, description=asset.description,
        labels=list(asset.labels),
        training=TrainingInfo(
            git=training.git, revision=training.revision, subpath=training.subpath, datasets=list(training.datasets),
            params=dict(training.params),
        ),
        created_at=asset.created_at, updated_at=asset.updated_at,
    )  # fmt: skip


def training_of(given: TrainingSettings) -> Training:
    return Training(given.git, given.revision, given.subpath, tuple(given.datasets), given.params)


def ref_info(ref: Ref) -> RefInfo:
    return RefInfo(
        kind=ref.kind.value, name=ref.name, commit=ref.commit, updated_at=ref.updated_at, message=ref.message
    )


@router.post("/assets", status_code=201)
def create_asset(work: CurrentWork, new: NewAsset) -> AssetInfo:
    """A new model or dataset with one empty commit on `main`; its folder is made if it is missing."""
    path = parse_asset_path(new.path, me=work.person.name)
    return asset_info(assets.create_asset(work, path, new.description, tuple(new.labels), training_of(new.training)))


@router.get(ASSET)
def get_asset(work: CurrentWork, path: CurrentAsset) -> AssetInfo:
    return asset_info(assets.get_asset(work, path))


@router.patch(ASSET)
def change_asset(work: CurrentWork, path: CurrentAsset, change: AssetChange) -> AssetInfo:
    """Rename, describe, or set the training settings; labels and training settings replace the old ones whole."""
    labels = tuple(change.labels) if change.labels is not None else None
    training = training_of(change.training) if change.training is not None else None
    return asset_info(
        assets.change_asset(
            work, path, name=change.name, description=change.description, labels=labels, training=training
        )
    )


@router.delete(ASSET, status_code=204)
def delete_asset(work: CurrentWork, path: CurrentAsset, force: bool = False) -> None:
    """`force`: although models were made from it or evaluated on it, or gates name it."""
    deletions.delete_asset(work, path, force=force)


@router.get(f"{ASSET}/usage")
def get_usage(work: CurrentWork, reference: CurrentReference) -> UsageInfo:
    """How many bytes the asset and one of its versions (default: main) take in the store."""
    of_asset = usage.asset_usage(work, reference.asset)
    of_version = usage.version_usage(work, reference)
    version = VersionUsage(
        commit=of_version.commit.id, files=of_version.files, listed=of_version.listed, stored=of_version.stored,
        added=of_version.added,
    )  # fmt: skip
    return UsageInfo(contents=of_asset.contents, own=of_asset.own, shared=of_asset.shared, version=version)


@router.get(f"{ASSET}/refs")
def find_refs(
    work: CurrentWork,
    path: CurrentAsset,
    only: Annotated[Literal["branch", "tag"] | None, Query(alias="kind")] = None,
    search: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=255)] = "",
    order: Annotated[Literal["name", "recent"], Query()] = "name",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RefPage:
    """A page of branches and tags with `search` in their names, by name or those that moved last first."""
    found, more = refs.find_refs(
        work, path, RefKind(only) if only else None, search=search, after=after, recent=order == "recent", limit=limit
    )
    return RefPage(refs=[ref_info(ref) for ref in found], next=more)


@router.get(f"{ASSET}/branches")
def list_branches(work: CurrentWork, path: CurrentAsset) -> list[RefInfo]:
    return [ref_info(ref) for ref in assets.list_refs(work, path, RefKind.BRANCH)]


@router.post(f"{ASSET}/branches", status_code=201)
def create_branch(work: CurrentWork, path: CurrentAsset, new: NewBranch) -> RefInfo:
    return ref_info(assets.create_branch(work, path, new.name, new.source, empty=new.empty))


@router.delete(f"{ASSET}/branches/{{branch:path}}", status_code=204)
def delete_branch(work: CurrentWork, path: CurrentAsset, branch: str, force: bool = False) -> None:
    """`force`: although runs or evaluations rest on versions that nothing else leads to."""
    deletions.delete_branch(work, path, branch, force=force)


@router.get(f"{ASSET}/tags")
def list_tags(work: CurrentWork, path: CurrentAsset) -> list[RefInfo]:
    return [ref_info(ref) for ref in assets.list_refs(work, path, RefKind.TAG)]


@router.post(f"{ASSET}/tags", status_code=201)
def create_tag(work: CurrentWork, path: CurrentAsset, new: NewTag) -> RefInfo:
    return ref_info(assets.create_tag(work, path, new.name, new.source, message=new.message))


@router.delete(f"{ASSET}/tags/{{tag:path}}", status_code=204)
def delete_tag(work: CurrentWork, path: CurrentAsset, tag: str, force: bool = False) -> None:
    deletions.delete_tag(work, path, tag, force=force)


@router.post(f"{ASSET}/restore")
def restore_asset(work: CurrentWork, path: CurrentAsset) -> AssetInfo:
    """Bring back an asset within 14 days of its deletion."""
    return asset_info(deletions.restore_asset(work, path))


@router.post(f"{ASSET}/refs/{{ref:path}}/restore")
def restore_ref(work: CurrentWork, path: CurrentAsset, ref: str) -> RefInfo:
    """Bring back a branch or a tag within 14 days of its deletion."""
    return ref_info(deletions.restore_ref(work, path, ref))
