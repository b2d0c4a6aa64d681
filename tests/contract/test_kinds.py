"""Outputs that are no pictures and no clips: sounds, latents, texts, and what is only previewed."""

import io
import json
import wave
from typing import Any

import av
import numpy as np
import pytest

from tests.contract.conversation import Server
from tests.contract.graphs import Graph, fresh, node

RATE = 16_000


def tone(*, channels: int = 1, seconds: float = 0.5) -> bytes:
    """A WAV of one tone."""
    samples = (8000 * np.sin(np.arange(int(RATE * seconds)) / 6)).astype("<i2")
    written = io.BytesIO()
    with wave.open(written, "wb") as made:
        made.setnchannels(channels)
        made.setsampwidth(2)
        made.setframerate(RATE)
        made.writeframes(np.repeat(samples, channels).tobytes())
    return written.getvalue()


def heard(content: bytes) -> dict[str, Any]:
    """What a sound says of itself, and its samples [channels, N], -1 to 1."""
    with av.open(io.BytesIO(content), "r") as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp")
        frames = [
            one.to_ndarray()
            for frame in container.decode(stream)
            for one in resampler.resample(frame)
        ]
        return {
            "rate": stream.rate,
            "codec": stream.codec.canonical_name,
            "samples": np.concatenate(frames, 1),
            "metadata": {**container.metadata, **stream.metadata},
        }


def silence(*, channels: int = 2, seconds: float = 0.5, rate: int = RATE) -> dict[str, Any]:
    return node("EmptyAudio", duration=seconds, sample_rate=rate, channels=channels)


def saver(class_type: str, audio: str = "sound", **inputs: Any) -> dict[str, Any]:
    return node(class_type, audio=[audio, 0], filename_prefix=fresh(), **inputs)


def file_under(server: Server, graph: Graph, key: str) -> dict[str, Any]:
    """Carry a graph out; give the one file that its output tells of under this key."""
    ((file),) = server.carry_out(graph)["outputs"]["out"][key]
    assert isinstance(file, dict)
    return file


@pytest.mark.parametrize("channels", [1, 2])
def test_a_sound_is_loaded_and_saved_as_it_was(server: Server, channels: int) -> None:
    name = server.put(tone(channels=channels), "wav")
    graph = {"sound": node("LoadAudio", audio=name), "out": saver("SaveAudio")}
    file = file_under(server, graph, "audio")
    assert file["type"] == "output"
    assert file["filename"].endswith(".flac")
    found = heard(server.content(file))
    assert (found["rate"], found["codec"]) == (RATE, "flac")
    wanted = heard(tone(channels=channels))["samples"]
    assert found["samples"].shape == wanted.shape
    assert np.abs(found["samples"] - wanted).max() < 2e-4


def test_a_sound_carries_its_graph(server: Server) -> None:
    graph = {"sound": silence(), "out": saver("SaveAudio")}
    metadata = heard(server.content(file_under(server, graph, "audio")))["metadata"]
    carried = {name.lower(): text for name, text in metadata.items()}["prompt"]
    assert json.loads(carried)["out"]["class_type"] == "SaveAudio"


@pytest.mark.parametrize(
    ("class_type", "quality", "codec", "rate"),
    [
        ("SaveAudioMP3", "128k", "mp3", 44_100),
        ("SaveAudioMP3", "V0", "mp3", 44_100),
        ("SaveAudioOpus", "64k", "opus", 48_000),
    ],
)
def test_a_sound_is_saved_in_other_formats(
    server: Server, class_type: str, quality: str, codec: str, rate: int
) -> None:
    graph = {"sound": silence(rate=44_100), "out": saver(class_type, quality=quality)}
    file = file_under(server, graph, "audio")
    assert file["filename"].endswith(f".{codec}")
    found = heard(server.content(file))
    assert (found["rate"], found["codec"]) == (rate, codec)
    assert found["samples"].shape[1] == pytest.approx(rate / 2, rel=0.1)


def test_a_sound_that_is_previewed_lies_in_the_temp_folder(server: Server) -> None:
    graph = {"sound": silence(), "out": node("PreviewAudio", audio=["sound", 0])}
    file = file_under(server, graph, "audio")
    assert file["type"] == "temp"
    assert heard(server.content(file))["codec"] == "flac"


def test_a_file_that_is_not_there_is_refused_as_a_sound(server: Server) -> None:
    graph = {"sound": node("LoadAudio", audio="no-such.wav"), "out": saver("SaveAudio")}
    answer = server.post("/prompt", {"prompt": graph})
    assert answer.status_code == 400
    (fault,) = answer.json()["node_errors"]["sound"]["errors"]
    assert fault["details"] == "audio - Invalid audio file: no-such.wav"


def test_a_latent_is_saved_as_safetensors_with_its_graph(server: Server) -> None:
    latent = node("EmptyLatentImage", width=64, height=32, batch_size=2)
    saving = node("SaveLatent", samples=["latent", 0], filename_prefix=fresh())
    file = file_under(server, {"latent": latent, "out": saving}, "latents")
    assert file["filename"].endswith("_00001_.latent")
    content = server.content(file)
    header_bytes = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + header_bytes])
    graph = json.loads(header.pop("__metadata__")["prompt"])
    assert graph["latent"]["inputs"] == latent["inputs"]
    shapes = {name: (told["dtype"], told["shape"]) for name, told in header.items()}
    assert shapes == {
        "latent_format_version_0": ("F32", [0]),
        "latent_tensor": ("F32", [2, 4, 4, 8]),
    }
    assert len(content) == 8 + header_bytes + 2 * 4 * 4 * 8 * 4


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (node("PrimitiveString", value="héllo"), "héllo"),
        (node("PrimitiveInt", value=7), "7"),
        (node("PrimitiveFloat", value=1.5), "1.5"),
        (node("PrimitiveBoolean", value=True), "True"),
    ],
)
def test_any_value_is_shown_as_a_text(server: Server, source: dict[str, Any], text: str) -> None:
    entry = server.carry_out({"any": source, "out": node("PreviewAny", source=["any", 0])})
    assert entry["outputs"]["out"] == {"text": [text]}


def test_a_text_that_is_written_there_is_shown(server: Server) -> None:
    entry = server.carry_out({"out": node("PreviewAny", source="a fox")})
    assert entry["outputs"]["out"] == {"text": ["a fox"]}
