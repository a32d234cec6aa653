"""/assets/…/tensors"""

from fastapi import APIRouter

from assethub.protocol.tensors import WeightsInfo
from assethub.server.dependencies import ASSET, CurrentCaller, CurrentHub, CurrentReference
from assethub.services import tensors

router = APIRouter(tags=["objects"])


@router.get(f"{ASSET}/tensors/{{file:path}}")
def read_tensors(hub: CurrentHub, caller: CurrentCaller, reference: CurrentReference, file: str) -> WeightsInfo:
    """The tensors of a .safetensors or .gguf file at a ref, in the order of their bytes; only its header is read."""
    with hub.work(caller, reading=True) as work:
        opened = tensors.open_weights(work, reference, file)
    return WeightsInfo.model_validate(tensors.read_header(opened))
