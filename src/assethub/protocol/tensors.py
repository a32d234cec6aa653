"""The tensors of weights files on the wire."""

from assethub.protocol.wire import Info


class TensorInfo(Info):
    """`start` and `end` are the offsets of its bytes in the file; `end` and `size` are None for unknown types."""

    name: str
    dtype: str
    shape: list[int]
    start: int
    end: int | None
    parameters: int
    size: int | None


class WeightsInfo(Info):
    """What the header of a file says: `format` is "safetensors" or "gguf"; `size` counts the bytes of all tensors."""

    format: str
    parameters: int
    size: int
    metadata: dict[str, str]
    tensors: list[TensorInfo]
