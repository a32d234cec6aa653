"""Versions as one file, for whoever is signed in."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.names import Reference
from assethub.protocol.archives import CONTENT_TYPE
from assethub.server.bodies import send_stream
from assethub.server.console.pages import CurrentPage
from assethub.server.dependencies import CurrentAsset
from assethub.services import archives, bundles
from assethub.services.bundles import Packing

router = APIRouter()


@router.get("/{owner}/{kind}/{folder}/{name}/-/archive/{packing}")
def pack_version(
    page: CurrentPage, path: CurrentAsset, packing: Packing, ref: str | None = None, prefix: str = ""
) -> Response:
    """The files of a version, or of a folder in it, as one tar or zip."""
    bundle = bundles.begin_bundle(page.hub, page.caller, Reference(path, ref), packing, prefix=prefix)
    return send_stream(bundle.stream(), bundle.name, packing.content_type, bundle.size)


@router.get("/{owner}/{kind}/{folder}/{name}/-/export")
def export_archive(page: CurrentPage, path: CurrentAsset, ref: str | None = None) -> Response:
    """A version with its history, for another hub."""
    export = archives.begin_export(page.hub, page.caller, Reference(path, ref))
    return send_stream(export.stream(), f"{path.name}.ahub", CONTENT_TYPE, export.size)
