"""Graphs to try servers with. The output node is always `out`."""

import random
import uuid
from collections.abc import Mapping
from typing import Any

Graph = dict[str, dict[str, Any]]


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    """One node."""
    return {"class_type": class_type, "inputs": inputs}


def empty(*, size: tuple[int, int] = (16, 8), count: int = 1, color: int = 0) -> dict[str, Any]:
    """A node that makes pictures of one colour."""
    width, height = size
    return node("EmptyImage", width=width, height=height, batch_size=count, color=color)


def saving(made: Mapping[str, dict[str, Any]], prefix: str = "") -> Graph:
    """A graph that saves what the node `made` gives, under a prefix of its own."""
    saver = node("SaveImage", images=["made", 0], filename_prefix=prefix or fresh())
    return {**made, "out": saver}


def tiny_graph(*, color: int | None = None, prefix: str = "") -> Graph:
    """A graph that takes next to no time, and is new unless a colour and a prefix are given."""
    shade = random.randrange(1 << 24) if color is None else color
    return saving({"made": empty(color=shade)}, prefix)


def slow_graph(*, blurs: int = 6) -> Graph:
    """A graph that takes a second or more for each blur, and can be interrupted."""
    blurred = {
        f"blur{number}": node(
            "ImageBlur", image=[f"blur{number - 1}", 0], blur_radius=31, sigma=1.0 + number / 10
        )
        for number in range(1, blurs + 1)
    }
    shade = random.randrange(1 << 24)
    return {
        "blur0": empty(size=(512, 512), count=24, color=shade),
        **blurred,
        "out": node("PreviewImage", images=[f"blur{blurs}", 0]),
    }


def fresh() -> str:
    """A filename prefix that nobody used, in a folder of the tests' own."""
    return f"vqd-contract/{uuid.uuid4().hex}"
