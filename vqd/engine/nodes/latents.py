"""Nodes for latents that need no model (ComfyUI 0.3.64, nodes.py)."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqd.engine.nodes.names import place_for
from vqd.engine.nodes.signature import METADATA, Context, NodeClass, Shown

Latent = Mapping[str, Any]
"""`samples` [B, 4, height / 8, width / 8] float32."""

_SCALE = 8


def _empty(_: Context, width: int, height: int, batch_size: int) -> Sequence[Latent]:
    shape = (batch_size, 4, height // _SCALE, width // _SCALE)
    return ({"samples": np.zeros(shape, np.float32)},)


def _save(context: Context, samples: Latent, filename_prefix: str) -> Shown:
    metadata = {"prompt": json.dumps(context.graph)}
    metadata |= {name: json.dumps(value) for name, value in context.extra_pnginfo.items()}
    tensors = {
        "latent_format_version_0": np.zeros(0, np.float32),
        "latent_tensor": samples["samples"],
    }
    with place_for(context.folders, filename_prefix, 0, 0).writing(0, "latent") as (hidden, shown):
        _write_tensors(hidden, tensors, metadata)
    return Shown({"latents": [shown]})


def _write_tensors(
    path: Path, tensors: Mapping[str, NDArray[np.float32]], metadata: Mapping[str, str]
) -> None:
    """Write safetensors: the header's length, the header, padded to 8 bytes, and the tensors."""
    told: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.nbytes
        told[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [start, end]}
    header = json.dumps(told).encode()
    header += b" " * (-len(header) % 8)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for tensor in tensors.values():
            file.write(tensor.tobytes())


_SIDE = {"default": 512, "min": 16, "max": 16384, "step": 8}

LATENTS: tuple[NodeClass, ...] = (
    NodeClass(
        "EmptyLatentImage",
        "latent",
        {
            "width": ("INT", _SIDE),
            "height": ("INT", _SIDE),
            "batch_size": ("INT", {"default": 1, "min": 1, "max": 4096}),
        },
        ("LATENT",),
        _empty,
        display_name="Empty Latent Image",
        description="Create a new batch of empty latent images to be denoised via sampling.",
    ),
    NodeClass(
        "SaveLatent",
        "_for_testing",
        {
            "samples": ("LATENT",),
            "filename_prefix": ("STRING", {"default": "latents/ComfyUI"}),
        },
        (),
        _save,
        is_output=True,
        hidden=METADATA,
    ),
)
