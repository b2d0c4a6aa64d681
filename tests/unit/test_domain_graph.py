"""What people call the nodes of a graph."""

import pytest

from vqd.domain.graph import title_of

GRAPH = {
    "3": {"class_type": "KSampler", "inputs": {}, "_meta": {"title": "Second stage"}},
    "5": {"class_type": "VAEDecode", "inputs": {}, "_meta": {"title": " "}},
    "7": {"class_type": "SaveImage", "inputs": {}},
    "8": {"class_type": "SaveImage", "inputs": {}, "_meta": "none"},
    "12:4": {"class_type": "LoadImage", "inputs": {}, "_meta": {"title": "Start"}},
}


@pytest.mark.parametrize(
    ("node", "title"),
    [
        ("3", "Second stage"),
        ("5", "VAEDecode"),
        ("7", "SaveImage"),
        ("8", "SaveImage"),
        ("12:4", "Start"),
        ("3.0.0.1", "Second stage"),
        ("3:1", "Second stage"),
        ("99", "99"),
    ],
)
def test_a_node_is_called_by_its_title_or_else_by_its_class(node: str, title: str) -> None:
    assert title_of(GRAPH, node) == title
