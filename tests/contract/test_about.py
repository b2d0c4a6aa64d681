"""What a server tells about itself."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conversation import Server


@pytest.mark.parametrize(
    "path", ["/prompt", "/queue", "/history", "/object_info", "/system_stats", "/features"]
)
def test_every_route_also_exists_below_api(server: Server, path: str) -> None:
    plain, below = server.get(path), server.get(f"/api{path}")
    assert plain.status_code == below.status_code == 200
    assert plain.json().keys() == below.json().keys()
    assert plain.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("path", ["/prompt", "/queue", "/history", "/object_info/SaveImage"])
def test_a_head_tells_what_a_get_would(server: Server, path: str) -> None:
    for below in ("", "/api"):
        answer = server.session.head(f"{server.url}{below}{path}", timeout=30)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert int(answer.headers["Content-Length"]) == len(server.get(path).content)


def test_the_signatures_are_those_of_comfyui(server: Server, recorded: Path) -> None:
    known = json.loads((recorded / "object_info.json").read_text())
    told = server.get("/object_info").json()
    shown_by = _essence if server.is_newer else _whole
    for name, signature in known.items():
        assert shown_by(told[name], signature) == shown_by(signature, signature), name


def test_the_order_of_inputs_is_told(server: Server) -> None:
    told = server.get("/object_info/ImageCrop").json()["ImageCrop"]
    assert told["input_order"]["required"] == ["image", "width", "height", "x", "y"]


def test_a_class_that_is_unknown_is_an_empty_object(server: Server) -> None:
    answer = server.get("/object_info/NoSuchClass")
    assert (answer.status_code, answer.json()) == (200, {})


def test_an_uploaded_picture_becomes_an_option_of_load_image(server: Server) -> None:
    name = server.put(b"any bytes")
    told = server.get("/object_info/LoadImage").json()["LoadImage"]
    assert name in told["input"]["required"]["image"][0]


def test_system_stats_tell_version_memory_and_devices(server: Server) -> None:
    told = server.get("/system_stats").json()
    assert {"os", "ram_total", "ram_free", "comfyui_version", "python_version", "argv"} <= (
        told["system"].keys()
    )
    assert {"name", "type", "index", "vram_total", "vram_free"} <= told["devices"][0].keys()
    assert told["system"]["ram_total"] > told["system"]["ram_free"] > 0


def test_features_tell_the_upload_limit(server: Server) -> None:
    told = server.get("/features").json()
    assert told["supports_preview_metadata"] is True
    assert told["max_upload_size"] == 100 * 1024 * 1024


def test_models_are_listed_by_folder(server: Server) -> None:
    folders = server.get("/models").json()
    assert {"checkpoints", "loras", "text_encoders", "controlnet", "embeddings"} <= set(folders)
    assert all(isinstance(server.get(f"/models/{name}").json(), list) for name in folders)
    assert isinstance(server.get("/embeddings").json(), list)
    assert server.get("/models/no-such-folder").status_code == 404


def test_the_log_is_told(server: Server) -> None:
    entries = server.get("/internal/logs/raw").json()["entries"]
    assert all(entry.keys() == {"t", "m"} for entry in entries)


def test_a_page_of_another_origin_is_refused(server: Server) -> None:
    for origin, status in (
        ("http://evil.example", 403),
        ("http://localhost:1", 403),
        (server.url, 200),
        ("null", 200),
    ):
        answer = server.session.get(f"{server.url}/prompt", headers={"Origin": origin}, timeout=30)
        assert answer.status_code == status, origin


def _whole(told: Any, known: Any) -> Any:
    return {key: _plain(told[key]) for key in known}


def _essence(told: Any, known: Any) -> Any:
    """What graphs that were made for 0.3.64 need: types of inputs and outputs, whatever is new."""
    wanted = dict(_fields(known["input"]))
    inputs = {field: kind for field, kind in _fields(told["input"]) if field in wanted}
    return inputs, told["output"][: len(known["output"])], told["output_node"]


def _fields(inputs: Any) -> Iterator[tuple[tuple[str, str], str]]:
    """The inputs with their types, those that a choice has only while something is chosen too."""
    for kind in ("required", "optional"):
        for name, (type_, *facts) in inputs.get(kind, {}).items():
            is_choice = isinstance(type_, list) or type_ == "COMFY_DYNAMICCOMBO_V3"
            yield (kind, name), "COMBO" if is_choice else type_
            if type_ == "COMFY_DYNAMICCOMBO_V3":
                for option in facts[0]["options"]:
                    yield from _fields(option["inputs"])


def _plain(told: Any) -> Any:
    """Drop tooltips, which say nothing about the protocol, and options that are files."""
    if isinstance(told, dict):
        plain = {key: _plain(value) for key, value in told.items() if key != "tooltip"}
        return plain | {"options": []} if "video_upload" in plain else plain
    if not isinstance(told, list):
        return told
    facts = told[1] if len(told) == 2 and isinstance(told[1], dict) else {}
    lists_files = not {"image_upload", "audio_upload"}.isdisjoint(facts)
    return [[], _plain(facts)] if lists_files else [_plain(one) for one in told]
