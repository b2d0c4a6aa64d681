"""Graphs and node classes for tests: whole ones, small enough to read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from vqd.domain.catalogue import NodeClass, read_node_class

Nodes = dict[str, dict[str, Any]]

_SAMPLERS = [f"sampler_{number}" for number in range(20)]
TOLD: dict[str, dict[str, Any]] = {
    "LoadImage": {
        "input": {"required": {"image": [["a.png"], {"image_upload": True}]}},
        "output": ["IMAGE", "MASK"],
        "display_name": "Load Image",
    },
    "LoadVideo": {
        "input": {"required": {"file": ["COMBO", {"options": [], "video_upload": True}]}},
        "output": ["VIDEO"],
        "display_name": "Load Video",
    },
    "LoadImageOutput": {
        "input": {
            "required": {"image": ["COMBO", {"image_upload": True, "image_folder": "output"}]}
        },
        "output": ["IMAGE"],
    },
    "CheckpointLoaderSimple": {
        "input": {"required": {"ckpt_name": [["sdxl.safetensors"]]}},
        "output": ["MODEL", "CLIP", "VAE"],
        "display_name": "Load Checkpoint",
    },
    "LoraLoader": {
        "input": {
            "required": {
                "model": ["MODEL"],
                "clip": ["CLIP"],
                "lora_name": [["film.safetensors"]],
                "strength_model": ["FLOAT", {"min": -100.0, "max": 100.0, "step": 0.01}],
                "strength_clip": ["FLOAT", {"min": -100.0, "max": 100.0, "step": 0.01}],
            }
        },
        "output": ["MODEL", "CLIP"],
        "display_name": "Load LoRA",
    },
    "CLIPTextEncode": {
        "input": {
            "required": {
                "text": ["STRING", {"multiline": True, "tooltip": "The text. More about it."}],
                "clip": ["CLIP"],
            }
        },
        "output": ["CONDITIONING"],
        "display_name": "CLIP Text Encode (Prompt)",
    },
    "EmptyLatentImage": {
        "input": {
            "required": {
                "width": ["INT", {"default": 512, "min": 16, "max": 16384, "step": 8}],
                "height": ["INT", {"default": 512, "min": 16, "max": 16384, "step": 8}],
                "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}],
            }
        },
        "output": ["LATENT"],
        "display_name": "Empty Latent Image",
    },
    "EmptyVideo": {
        "input": {
            "required": {
                "width": ["INT", {"min": 16, "max": 4096, "step": 16}],
                "height": ["INT", {"min": 16, "max": 4096, "step": 16}],
                "length": ["INT", {"min": 1, "max": 1000, "step": 4}],
            }
        },
        "output": ["LATENT"],
    },
    "KSampler": {
        "input": {
            "required": {
                "model": ["MODEL"],
                "seed": ["INT", {"max": 0xFFFFFFFFFFFFFFFF, "control_after_generate": True}],
                "steps": ["INT", {"default": 20, "min": 1, "max": 10000}],
                "cfg": [
                    "FLOAT",
                    {
                        "min": 0.0,
                        "max": 100.0,
                        "step": 0.1,
                        "tooltip": "How closely the prompt is kept to. Higher is closer.",
                    },
                ],
                "sampler_name": [_SAMPLERS],
                "scheduler": [["normal", "karras"]],
                "positive": ["CONDITIONING"],
                "negative": ["CONDITIONING"],
                "latent_image": ["LATENT"],
                "denoise": ["FLOAT", {"min": 0.0, "max": 1.0, "step": 0.01}],
            }
        },
        "output": ["LATENT"],
        "display_name": "KSampler",
    },
    "VAEDecode": {
        "input": {"required": {"samples": ["LATENT"], "vae": ["VAE"]}},
        "output": ["IMAGE"],
        "display_name": "VAE Decode",
    },
    "ImageBlur": {
        "input": {
            "required": {
                "image": ["IMAGE"],
                "blur_radius": ["INT", {"default": 1, "min": 1, "max": 31}],
                "sigma": ["FLOAT", {"default": 1.0, "min": 0.1, "max": 10.0, "step": 0.1}],
                "invert": ["BOOLEAN", {"default": False}],
            }
        },
        "output": ["IMAGE"],
        "display_name": "Image Blur",
    },
    "CreateVideo": {
        "input": {"required": {"images": ["IMAGE"], "fps": ["FLOAT", {"min": 1.0, "max": 120.0}]}},
        "output": ["VIDEO"],
    },
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {}]}},
        "output_node": True,
        "display_name": "Save Image",
    },
    "SaveVideo": {
        "input": {"required": {"video": ["VIDEO"], "filename_prefix": ["STRING", {}]}},
        "output_node": True,
        "display_name": "Save Video",
    },
    "SaveLatent": {
        "input": {"required": {"samples": ["LATENT"], "filename_prefix": ["STRING", {}]}},
        "output_node": True,
    },
}
CLASSES: dict[str, NodeClass] = {name: read_node_class(name, told) for name, told in TOLD.items()}

classes: Callable[[str], NodeClass | None] = CLASSES.get


def unknown(name: str) -> NodeClass | None:
    """No server was seen yet."""
    return None


def node(class_type: str, title: str | None = None, **inputs: Any) -> dict[str, Any]:
    """A node; without a title of its own it has that of its class, as ComfyUI exports it."""
    found = CLASSES.get(class_type)
    usual = (found.label if found else "") or class_type
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": title or usual}}


def text_to_image(**changes: dict[str, Any]) -> Nodes:
    """A text-to-image graph; `changes` replace or add nodes, `n12` for 12."""
    graph = {
        "4": node("CheckpointLoaderSimple", ckpt_name="sdxl.safetensors"),
        "5": node("EmptyLatentImage", width=1024, height=768, batch_size=1),
        "6": node("CLIPTextEncode", text="a red fox", clip=["4", 1]),
        "7": node("CLIPTextEncode", text="blurry", clip=["4", 1]),
        "3": node(
            "KSampler",
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
            seed=7,
            steps=20,
            cfg=6.5,
            sampler_name="sampler_1",
            scheduler="karras",
            denoise=1.0,
        ),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", images=["8", 0], filename_prefix="ComfyUI"),
    }
    return {**graph, **{name.removeprefix("n"): content for name, content in changes.items()}}


def carrying(path: Path, graph: Any, job_file: Any = None) -> Path:
    """Write a picture that carries a graph (or any text in its place), and a job file in that."""
    if job_file is not None:
        node, made = next(iter(graph.items()))
        graph = {**graph, node: {**made, "_meta": {**made.get("_meta", {}), "vqd": job_file}}}
    info = PngInfo()
    info.add_text("prompt", graph if isinstance(graph, str) else json.dumps(graph))
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    return path
