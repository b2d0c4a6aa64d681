"""Graphs as ComfyUI's page saves them, of a few classes, for tests to name only what matters."""

from collections.abc import Iterable, Sequence
from typing import Any

from vqd.definitions.ui.convert import to_api
from vqd.domain.catalogue import NodeClass, read_node_class

Wire = tuple[int | str, int, int | str, str | int]
"""From node, its output's number; to node, its input's name (or number, of a subgraph's exit)."""

ENTRANCE, EXIT = -10, -20
SEED = ["INT", {"default": 0, "min": 0, "control_after_generate": True}]
_RESIZE = [
    {"key": "longer side", "inputs": {"required": {"longer_size": ["INT", {"default": 512}]}}},
    {
        "key": "both",
        "inputs": {
            "required": {"width": ["INT", {"default": 64}]},
            "optional": {"fit": [["crop", "pad"]]},
        },
    },
]
_TOLD: dict[str, dict[str, Any]] = {
    "LoadImage": {
        "input": {"required": {"image": [["a.png", "b.png"], {"image_upload": True}]}},
        "output": ["IMAGE", "MASK"],
        "display_name": "Load Image",
    },
    "ImageBlur": {
        "input": {
            "required": {
                "image": ["IMAGE"],
                "blur_radius": ["INT", {"default": 1, "min": 1}],
                "sigma": ["FLOAT", {"default": 1.0}],
            }
        },
        "output": ["IMAGE"],
    },
    "ImageMix": {
        "input": {
            "required": {"image": ["IMAGE"], "other": ["IMAGE"]},
            "optional": {"mask": ["MASK"]},
        },
        "output": ["IMAGE"],
    },
    "MaskToImage": {"input": {"required": {"mask": ["MASK"]}}, "output": ["IMAGE"]},
    "SaveImage": {
        "input": {
            "required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}
        },
        "output_node": True,
    },
    "KSampler": {
        "input": {
            "required": {
                "model": ["MODEL"],
                "seed": SEED,
                "steps": ["INT", {"default": 20}],
                "cfg": ["FLOAT", {"default": 8.0}],
                "sampler_name": [["euler", "heun"]],
            }
        },
        "output": ["LATENT"],
    },
    "Checkpoint": {
        "input": {"required": {"ckpt_name": [["sd.safetensors"]]}},
        "output": ["MODEL", "CLIP", "VAE"],
    },
    "Encode": {
        "input": {
            "required": {"text": ["STRING", {"multiline": True, "dynamicPrompts": True}]},
            "optional": {"clip": ["CLIP"]},
        },
        "output": ["CONDITIONING"],
    },
    "Resize": {
        "input": {
            "required": {
                "image": ["IMAGE"],
                "resize_type": ["COMFY_DYNAMICCOMBO_V3", {"options": _RESIZE}],
                "method": [["area", "lanczos"]],
            }
        },
        "output": ["IMAGE"],
    },
    "Batch": {
        "input": {
            "required": {
                "images": [
                    "COMFY_AUTOGROW_V3",
                    {
                        "template": {
                            "input": {"required": {"image": ["IMAGE", {}]}},
                            "prefix": "image",
                            "min": 1,
                        }
                    },
                ],
                "fps": ["FLOAT", {"default": 24.0}],
            }
        },
        "output": ["IMAGE"],
    },
    "Switch": {
        "input": {
            "required": {
                "on": ["COMFY_MATCHTYPE_V3", {"template": {"allowed_types": "*"}}],
                "off": ["COMFY_MATCHTYPE_V3", {"template": {"allowed_types": "*"}}],
                "choose": ["BOOLEAN", {"default": True}],
            }
        },
        "output": ["*"],
    },
    "Webcam": {"input": {"required": {"image": ["WEBCAM", {}]}}, "output": ["IMAGE"]},
}
_VIRTUAL = {
    "Reroute": [("", "*")],
    "SetNode": [("value", "*")],
}


def told(**inputs: Any) -> dict[str, Any]:
    """A class as `/object_info` tells it, which outputs an image."""
    return {"input": {"required": inputs}, "output": ["IMAGE"], "output_node": True}


def a_node(
    node: int | str, class_name: str, values: Any = (), *, mode: int = 0, **more: Any
) -> dict[str, Any]:
    """A node as it is saved; its inputs are those of its class that must be wired."""
    declared = classes(class_name)
    inputs = [
        {"name": name, "type": kind, "link": None} for name, kind in _VIRTUAL.get(class_name, [])
    ]
    outputs: Sequence[str] = ("*",)
    if declared is not None:
        outputs = declared.outputs
        inputs = [
            {"name": one.name, "type": one.type, "link": None}
            for one in declared.inputs.values()
            if not one.is_widget and one.type in ("IMAGE", "MASK", "MODEL", "CLIP")
        ]
    saved = {"id": node, "type": class_name, "mode": mode, "inputs": inputs}
    outs = [{"name": kind, "type": kind, "links": []} for kind in outputs]
    values = values if isinstance(values, dict) else [*values]
    return {**saved, "outputs": outs, "widgets_values": values, **more}


def a_page(
    nodes: Iterable[dict[str, Any]],
    wires: Iterable[Wire] = (),
    subgraphs: Sequence[dict[str, Any]] = (),
    *,
    version: float = 0.4,
) -> dict[str, Any]:
    """A page of these nodes, wired; links are lists in version 0.4, mappings in 1.0."""
    canvas = _canvas([*nodes], wires, as_lists=version == 0.4)
    return {**canvas, "version": version, "definitions": {"subgraphs": [*subgraphs]}}


def a_subgraph(
    name: str,
    nodes: Iterable[dict[str, Any]],
    wires: Sequence[Wire],
    *,
    inputs: Sequence[tuple[str, str]] = (),
    outputs: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """A subgraph's definition, with wires from ENTRANCE and to EXIT by the ports' numbers."""
    canvas = _canvas([*nodes], wires, as_lists=False)
    links = canvas["links"]
    ports: dict[str, list[dict[str, Any]]] = {"inputs": [], "outputs": []}
    for at, (port, kind) in enumerate(inputs):
        ends = [one["id"] for one in links if (one["origin_id"], one["origin_slot"]) == (-10, at)]
        ports["inputs"].append({"name": port, "type": kind, "linkIds": ends})
    for at, (port, kind) in enumerate(outputs):
        ends = [one["id"] for one in links if (one["target_id"], one["target_slot"]) == (-20, at)]
        ports["outputs"].append({"name": port, "type": kind, "linkIds": ends})
    doors = {"inputNode": {"id": ENTRANCE}, "outputNode": {"id": EXIT}}
    return {"id": name, "name": name, **canvas, **ports, **doors}


def an_instance(
    node: int | str, subgraph: str, *inputs: tuple[str, str], values: Any = (), **more: Any
) -> dict[str, Any]:
    """A subgraph node, with its inputs' names and types; it has one output, an image."""
    slots = [{"name": name, "type": kind, "link": None} for name, kind in inputs]
    return {**a_node(node, subgraph, values, **more), "inputs": slots, "outputs": [_out("IMAGE")]}


def converted(page: Any, **more: dict[str, Any]) -> dict[str, Any]:
    """The API graph of a page; `more` are classes beside those here, as `/object_info` tells."""

    def known(name: str) -> NodeClass | None:
        return read_node_class(name, more[name]) if name in more else classes(name)

    return dict(to_api(page, known, "w.json", known=[*_TOLD, *more]))


def classes(name: str) -> NodeClass | None:
    """The classes of these tests."""
    return read_node_class(name, _TOLD[name]) if name in _TOLD else None


def _canvas(
    nodes: list[dict[str, Any]], wires: Iterable[Wire], *, as_lists: bool
) -> dict[str, Any]:
    by_id = {node["id"]: node for node in nodes}
    links: list[Any] = []
    for link, (origin, slot, target, name) in enumerate(wires, 1):
        number = _wired(by_id[target], name, link) if target in by_id else name
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        ends = (link, origin, slot, target, number, "*")
        links.append([*ends] if as_lists else dict(zip(keys, ends, strict=True)))
    return {"nodes": nodes, "links": links}


def _wired(node: dict[str, Any], name: str | int, link: int) -> int:
    """Wire an input of a node; one that it has not yet is a field's."""
    for at, slot in enumerate(node["inputs"]):
        if slot["name"] == name:
            slot["link"] = link
            return at
    declared = classes(node["type"])
    kind = declared.inputs[str(name)].type if declared and name in declared.inputs else "IMAGE"
    widget = {"widget": {"name": name}} if kind != "IMAGE" else {}
    node["inputs"].append({"name": name, "type": kind, "link": link, **widget})
    return len(node["inputs"]) - 1


def _out(kind: str) -> dict[str, Any]:
    return {"name": kind, "type": kind, "links": []}
