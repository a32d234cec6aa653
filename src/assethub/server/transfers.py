"""What more than one door does with contents that arrive: frames kept, uploads in parts told, entries taken."""

from collections.abc import Iterable

from assethub.domain.errors import Invalid
from assethub.domain.names import AssetPath
from assethub.domain.owners import Asking
from assethub.protocol.frames import MOST_BYTES, MOST_FRAMES, frames
from assethub.protocol.history import NewEntry
from assethub.protocol.uploads import UploadInfo
from assethub.services import receiving
from assethub.services.history import NewFile
from assethub.services.uploads import UploadState
from assethub.services.work import Hub

MOST_RECEIVED = MOST_BYTES + (1 << 20)  # bodies and their headers


def keep_frames(hub: Hub, caller: Asking, path: AssetPath, body: bytes) -> int:
    """Keep the contents of the frames, all or none; answers how many there are."""
    bodies: list[tuple[str, bytes]] = []
    for header, content in frames([body]):
        sha256 = header.get("sha256")
        if not isinstance(sha256, str) or len(bodies) == MOST_FRAMES:
            raise Invalid(f"Each frame needs its sha256, and a request carries at most {MOST_FRAMES} frames.")
        bodies.append((sha256, content))
    return len(receiving.receive_small(hub, caller, path, bodies))


def upload_info(state: UploadState) -> UploadInfo:
    if state.upload is None:
        return UploadInfo(held=True)
    return UploadInfo(
        id=state.upload.id, part_size=state.upload.part_size, parts=list(state.parts), hashed=state.hashed
    )


def new_files(entries: Iterable[NewEntry]) -> list[NewFile]:
    return [NewFile(one.path, one.sha256, one.size, one.mtime, one.content_type) for one in entries]
