"""/assets/…/export, /import and /archive"""

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from assethub.domain.errors import HubError
from assethub.domain.names import AssetPath
from assethub.domain.owners import Asking
from assethub.protocol.archives import CONTENT_TYPE, ImportedInfo
from assethub.server.api.assets import ref_info
from assethub.server.bodies import STREAMED, pulled, send_stream
from assethub.server.dependencies import ASSET, CurrentAsset, CurrentCaller, CurrentHub, CurrentReference
from assethub.services import archive_import, archives, bundles
from assethub.services.bundles import Packing
from assethub.services.work import Hub

router = APIRouter(tags=["archives"])
SIDE_BY_SIDE = CapacityLimiter(4)  # imports; each holds a thread for as long as its bytes arrive
MOST_DRAINED = 1 << 30  # bytes of a refused archive that are still taken, so that its sender hears why


@router.get(f"{ASSET}/export", response_class=StreamingResponse)
def export_archive(
    hub: CurrentHub, caller: CurrentCaller, reference: CurrentReference, all: bool = False
) -> StreamingResponse:
    """A version with its history and the tags in it as one file; `all`: every branch and tag."""
    export = archives.begin_export(hub, caller, reference, everything=all)
    return send_stream(export.stream(), f"{reference.asset.name}.ahub", CONTENT_TYPE, export.size)


@router.post(f"{ASSET}/import", status_code=201, max_body_size=STREAMED)
async def import_archive(request: Request, hub: CurrentHub, caller: CurrentCaller, path: CurrentAsset) -> ImportedInfo:
    """Make the asset from an exported file, or continue its branches; commit ids are kept."""
    return await to_thread.run_sync(receive_archive, request, hub, caller, path, limiter=SIDE_BY_SIDE)


def receive_archive(request: Request, hub: Hub, caller: Asking, path: AssetPath) -> ImportedInfo:
    source = pulled(request)
    try:
        made = archive_import.import_archive(hub, caller, path, source)
    except HubError:
        left = MOST_DRAINED
        while left > 0 and (piece := next(source, None)) is not None:
            left -= len(piece)
        raise
    return ImportedInfo(
        path=str(made.asset.path), commits=made.commits, objects=made.objects, size=made.size,
        refs=[ref_info(ref) for ref in made.refs],
    )  # fmt: skip


@router.get(f"{ASSET}/archive/{{packing}}", response_class=StreamingResponse)
def pack_version(
    hub: CurrentHub, caller: CurrentCaller, reference: CurrentReference, packing: Packing, prefix: str = ""
) -> StreamingResponse:
    """The files of a version, or of a folder in it, as one tar or zip."""
    bundle = bundles.begin_bundle(hub, caller, reference, packing, prefix=prefix)
    return send_stream(bundle.stream(), bundle.name, packing.content_type, bundle.size)
