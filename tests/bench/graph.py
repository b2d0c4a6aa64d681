"""The graph of most prompts that are measured: one picture of one colour, made and saved."""

from typing import Any


def one_picture(side: int) -> dict[str, Any]:
    """Give it, for a picture of `side` x `side` pixels, as ComfyUI exports a graph."""
    return {
        "1": {
            "class_type": "EmptyImage",
            "inputs": {"width": side, "height": side, "batch_size": 1, "color": 0},
            "_meta": {"title": "Empty Image"},
        },
        "2": {
            "class_type": "SaveImage",
            "inputs": {"images": ["1", 0], "filename_prefix": "x"},
            "_meta": {"title": "Save Image"},
        },
    }
