"""Latents, and whatever else is kept as safetensors: the header, and all that it promises.

Source: safetensors' format: the length of the header as 8 bytes, little-endian, the header as JSON,
then the tensors, each where `data_offsets` says, back to back.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from vqd.media.decoding import Undecodable

_MOST_HEADER_BYTES: Final = 100_000_000  # the format's own bound
_METADATA: Final = "__metadata__"
LATENT: Final = "latent_tensor"
"""The tensor that a file of ComfyUI's Save Latent has (nodes.py, 0.24.0)."""


def tensors_in(file: BinaryIO) -> frozenset[str]:
    """Give the names of a file's tensors, all of which are there to their last byte.

    Raises:
        Undecodable: it is no safetensors file, or cut off.
    """
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    header_bytes = int.from_bytes(file.read(8), "little")
    if not 2 <= header_bytes <= min(_MOST_HEADER_BYTES, size_bytes - 8):
        raise Undecodable("it is no safetensors file, or its header is cut off")
    tensors = _header(file.read(header_bytes))
    promised = 8 + header_bytes + max(map(_end, tensors.values()), default=0)
    if promised != size_bytes:
        said = "is cut off" if promised > size_bytes else "has more in it than it says"
        raise Undecodable(f"it {said}: {size_bytes} of {promised} bytes are there")
    return frozenset(tensors)


def _header(text: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Undecodable("it is damaged: its header cannot be read") from error
    tensors = told if isinstance(told, dict) else {}
    tensors.pop(_METADATA, None)
    if not tensors:
        raise Undecodable("it holds no tensor")
    return tensors


def _end(tensor: Any) -> int:
    match tensor:
        case {"data_offsets": [int(start), int(end)]} if 0 <= start <= end:
            return end
    raise Undecodable("it is damaged: its header does not say where each tensor is")
