"""/sources and /assets/…/imports"""

from dataclasses import asdict
from uuid import UUID

from fastapi import APIRouter

from assethub.domain.imports import Import
from assethub.protocol.imports import ImportInfo, NewImport, NewSource, SourceInfo
from assethub.server.dependencies import ASSET, CurrentAsset, CurrentWork, WorkRoute
from assethub.services import imports, sources

router = APIRouter(tags=["imports"], route_class=WorkRoute)


def import_info(one: Import) -> ImportInfo:
    return ImportInfo.model_validate(asdict(one) | {"source": one.source_name})


@router.get("/sources")
def list_sources(work: CurrentWork) -> list[SourceInfo]:
    """What imports may read, by name."""
    return [SourceInfo.model_validate(one) for one in sources.list_sources(work)]


@router.post("/sources", status_code=201)
def add_source(work: CurrentWork, new: NewSource) -> SourceInfo:
    """Let every editor import from a place; for hub administrators."""
    return SourceInfo.model_validate(sources.add_source(work, new.name, new.url))


@router.delete("/sources/{name}", status_code=204)
def remove_source(work: CurrentWork, name: str, force: bool = False) -> None:
    """Take a source away; refused while contents are linked to it, unless forced."""
    sources.remove_source(work, name, force=force)


@router.post(f"{ASSET}/imports", status_code=202)
def start_import(work: CurrentWork, path: CurrentAsset, new: NewImport) -> ImportInfo:
    """Queue an import; it ends in one commit on the branch."""
    made = imports.start_import(
        work, path, new.source, prefix=new.prefix, branch=new.branch, target=new.target, link=new.link,
        message=new.message,
    )  # fmt: skip
    return import_info(made)


@router.get(f"{ASSET}/imports")
def list_imports(work: CurrentWork, path: CurrentAsset) -> list[ImportInfo]:
    """The newest imports of the asset, newest first."""
    return [import_info(one) for one in imports.list_imports(work, path)]


@router.get(f"{ASSET}/imports/{{id}}")
def get_import(work: CurrentWork, path: CurrentAsset, id: UUID) -> ImportInfo:
    """How far an import is."""
    return import_info(imports.get_import(work, path, id))


@router.post(f"{ASSET}/imports/{{id}}/cancel")
def cancel_import(work: CurrentWork, path: CurrentAsset, id: UUID) -> ImportInfo:
    """End an import; nothing of it is committed."""
    return import_info(imports.cancel_import(work, path, id))
