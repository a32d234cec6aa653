"""What people do with assets and their branches and tags."""

from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, Invalid
from assethub.domain.folders import Role, Which
from assethub.domain.history import MAIN, Ref, RefKind
from assethub.domain.names import AssetPath, FolderPath, Kind, Reference, bucket_names, check_asset_name, check_ref_name
from assethub.domain.repositories import refuse_secrets
from assethub.services import versions
from assethub.services.folders import clean_labels, ensure_folder
from assethub.services.recording import record_commit
from assethub.services.work import Work

FIRST_MESSAGE = "Repository created"
LONGEST_MESSAGE = 10_000  # characters


def create_asset(
    work: Work, path: AssetPath, description: str, labels: tuple[str, ...], training: TrainingSettings
) -> Asset:
    """A new asset with one empty commit on `main`; its folder is made if it is missing."""
    asset = add_asset(work, path, description, labels, checked_training(work, path.kind, training))
    first = record_commit(work, asset, work.trees.empty, (), FIRST_MESSAGE)
    work.refs.add(asset.id, RefKind.BRANCH, MAIN, first.id, asset.created_at)
    work.record("asset.create", asset.path, folder=asset.folder)
    return asset


def add_asset(
    work: Work, path: AssetPath, description: str, labels: tuple[str, ...], training: TrainingSettings
) -> Asset:
    """An asset without history yet; its folder is made if it is missing. Conflict if it exists."""
    check_asset_name(path.folder, path.name)
    folder = ensure_folder(work, path.parent, needs=Role.EDITOR)
    own = folder.path.asset(path.name)
    if work.assets.find(own):
        raise Conflict(f"The asset {own} exists already.")
    now = work.now()
    id = work.new_id()
    bucket = work.assets.free_bucket(bucket_names(own, id))
    if bucket is None:
        raise Conflict(f"Every bucket name for {own} is taken; give the asset another name.")
    asset = Asset(id, folder.id, own, description, clean_labels(labels), training, now, now, bucket)
    work.renames.take(str(own))
    work.assets.add(asset)
    return asset


def checked_training(work: Work, kind: Kind, training: TrainingSettings) -> TrainingSettings:
    """The settings with whole paths, which mean the same to whoever starts a run."""
    if kind is Kind.DATASET and training != TrainingSettings():
        raise Invalid("A dataset has no training settings; only models are trained.")
    refuse_secrets(training.git or "")
    datasets = []
    for dataset in training.datasets:
        reference = Reference.parse(dataset, me=work.person.name)
        if reference.asset.kind is not Kind.DATASET:
            raise Invalid(f"{dataset!r} is a model; training settings name datasets.")
        versions.version(work, reference)
        datasets.append(str(reference))
    return replace(training, datasets=tuple(datasets))


def get_asset(work: Work, path: AssetPath) -> Asset:
    return work.asset(path, needs=Role.VIEWER)


def get_asset_by_id(work: Work, id: UUID) -> Asset:
    return work.asset_by_id(id, needs=Role.VIEWER)


def list_assets(work: Work, folder: FolderPath) -> list[Asset]:
    return work.assets.in_folder(work.folder(folder, needs=Role.VIEWER).id)


def recent_assets(work: Work, which: Which = Which.ALL, limit: int = 12) -> list[Asset]:
    """The assets that the caller may see and that changed last."""
    work.may_list()
    return work.assets.recent(which, limit)


def change_asset(
    work: Work,
    path: AssetPath,
    *,
    name: str | None = None,
    description: str | None = None,
    labels: tuple[str, ...] | None = None,
    training: TrainingSettings | None = None,
) -> Asset:
    asset = work.asset(path, needs=Role.EDITOR)
    values: dict[str, Any] = {}
    if name is not None and name != asset.path.name:
        check_asset_name(path.folder, name)
        taken = work.assets.find(asset.path.parent.asset(name))
        if taken and taken[0].id != asset.id:
            raise Conflict(f"The asset {taken[0].path} exists already.")
        values |= {"name": name, "name_key": name.lower()}
        work.renames.take(str(asset.path.parent.asset(name)))
        work.renames.add(str(asset.path), asset=asset.id)
    if description is not None:
        values["description"] = description
    if labels is not None:
        values["labels"] = clean_labels(labels)
    if training is not None:
        values["training"] = asdict(checked_training(work, path.kind, training))
    if values:
        work.assets.change(asset.id, values | {"updated_at": work.now()})
        fields = [field for field in ("name", "description", "labels", "training") if field in values]
        renamed = {"name": values["name"]} if "name" in values else {}
        work.record("asset.change", asset.path, folder=asset.folder, fields=fields, **renamed)
    return work.asset_by_id(asset.id, needs=Role.VIEWER)


def list_refs(work: Work, path: AssetPath, kind: RefKind | None = None) -> list[Ref]:
    work.refuse_runs()
    return work.refs.of(work.asset(path, needs=Role.VIEWER).id, kind)


def create_branch(work: Work, path: AssetPath, name: str, source: str | None = None, *, empty: bool = False) -> Ref:
    """A branch at `source` (default: main), or empty: at the asset's first commit."""
    asset = work.asset(path, needs=Role.EDITOR)
    if path.kind is Kind.DATASET:
        raise Conflict(
            f"{path} is a dataset: a dataset has exactly one branch, {MAIN}, so that its history is one line "
            "that models can be compared on. Commit to main, and mark versions with tags."
        )
    if empty and source is not None:
        raise Invalid("A branch is either empty or starts at a source; give one of them.")
    start = work.commits.first(asset.id) if empty else versions.commit_at(work, asset, source).id
    check_ref_name("branch", name)
    return add_ref(work, asset, RefKind.BRANCH, name, start)


def create_tag(
    work: Work, path: AssetPath, name: str, source: str | None = None, *, message: str = ""
) -> Ref:  # fmt: skip
    """`message` says of the version what whoever meets the tag should know."""
    asset = work.asset(path, needs=Role.EDITOR)
    check_ref_name("tag", name)
    if len(message) > LONGEST_MESSAGE:
        raise Invalid(f"A tag's message has at most {LONGEST_MESSAGE:,} characters, not {len(message):,}.")
    return add_ref(work, asset, RefKind.TAG, name, versions.commit_at(work, asset, source).id, message.strip())


def add_ref(work: Work, asset: Asset, kind: RefKind, name: str, commit: str, message: str = "") -> Ref:
    made = work.refs.add(asset.id, kind, name, commit, work.now(), message)
    work.record(f"{kind}.create", f"{asset.path}:{name}", folder=asset.folder, commit=commit)
    return made
