"""Nodes that read and write sounds (ComfyUI 0.3.64, comfy_extras/nodes_audio.py)."""

import json
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vqd.domain.frozen import frozen
from vqd.engine.nodes.clips import ENDINGS as CLIP_ENDINGS
from vqd.engine.nodes.names import Place, content_of, input_path, place_for
from vqd.engine.nodes.pictures import files_with
from vqd.engine.nodes.signature import METADATA, Context, Folders, NodeClass, Shown
from vqd.engine.nodes.sound import Audio, read_sound

ENDINGS = (".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac", *CLIP_ENDINGS)

_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
_BIT_RATES = {f"{kilo}k": kilo * 1000 for kilo in (64, 96, 128, 192, 320)}


@frozen
class _Format:
    """How a sound becomes a file: its ending, by which FFmpeg knows the format, and its codec."""

    ending: str
    codec: str


_FLAC = _Format("flac", "flac")
_MP3 = _Format("mp3", "libmp3lame")
_OPUS = _Format("opus", "libopus")


def _load(context: Context, audio: str) -> Sequence[Audio]:
    path = input_path(context.folders, audio)
    if path is None:
        raise FileNotFoundError(f"[Errno 2] No such file or directory: '{audio}'")
    heard = read_sound(path)
    if heard is None:
        raise ValueError("No audio stream found in the file.")
    return (heard,)


def _check(folders: Folders, inputs: Mapping[str, Any]) -> str | None:
    name = str(inputs["audio"])
    return None if input_path(folders, name) else f"Invalid audio file: {name}"


def _empty(_: Context, duration: float, sample_rate: int, channels: int) -> Sequence[Audio]:
    samples = round(duration * sample_rate)
    silence = np.zeros((1, channels, samples), np.float32)
    return ({"waveform": silence, "sample_rate": sample_rate},)


def _save(
    context: Context, audio: Audio, filename_prefix: str, quality: str = "", *, made_as: _Format
) -> Shown:
    place = place_for(context.folders, filename_prefix, 0, 0)
    return _saved(context, audio, place, made_as, quality)


def _preview(context: Context, audio: Audio) -> Shown:
    letters = "".join(secrets.choice("abcdefghijklmnopqrstupvxyz") for _ in range(5))
    place = place_for(context.folders, f"ComfyUI_temp_{letters}", 0, 0, "temp")
    return _saved(context, audio, place, _FLAC, "")


def _saved(context: Context, audio: Audio, place: Place, made_as: _Format, quality: str) -> Shown:
    told = []
    for number, waveform in enumerate(audio["waveform"]):
        with place.writing(number, made_as.ending) as (hidden, shown):
            _write(context, hidden, waveform, int(audio["sample_rate"]), made_as, quality)
        told.append(shown)
    return Shown({"audio": told})


def _write(
    context: Context, path: Path, waveform: Any, rate: int, made_as: _Format, quality: str
) -> None:
    """Write a sound [channels, samples]. Nothing of chance is in the file, as in a stream's number:
    the same sound is the same file."""
    import av

    layout = "mono" if len(waveform) == 1 else "stereo"
    with av.open(str(path), "w", made_as.ending, options={"fflags": "+bitexact"}) as container:
        container.metadata["prompt"] = json.dumps(context.graph)
        for name, value in context.extra_pnginfo.items():
            container.metadata[name] = json.dumps(value)
        stream: Any = container.add_stream(made_as.codec, rate=_rate(rate, made_as), layout=layout)
        if quality in _BIT_RATES:
            stream.bit_rate = _BIT_RATES[quality]
        elif quality:
            stream.codec_context.qscale = True
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(waveform), format="fltp", layout=layout
        )
        frame.sample_rate, frame.pts = rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _rate(rate: int, made_as: _Format) -> int:
    """Give the rate that a format has for a sound of this rate: Opus has few."""
    if made_as is not _OPUS:
        return rate
    return next((known for known in _OPUS_RATES if known >= rate), _OPUS_RATES[-1])


_PREFIX = ("STRING", {"default": "audio/ComfyUI"})
_FAR = 2**64 - 1


def _saver(name: str, made_as: _Format, shown: str, *qualities: str, usual: str = "") -> NodeClass:
    quality = {"quality": (list(qualities), {"default": usual})} if qualities else {}
    return NodeClass(
        name,
        "audio",
        {"audio": ("AUDIO",), "filename_prefix": _PREFIX, **quality},
        (),
        partial(_save, made_as=made_as),
        is_output=True,
        hidden=METADATA,
        display_name=f"Save Audio ({shown})",
    )


AUDIO: tuple[NodeClass, ...] = (
    NodeClass(
        "EmptyAudio",
        "audio",
        {
            "duration": (
                "FLOAT",
                {
                    "default": 60.0,
                    "min": 0.0,
                    "max": _FAR,
                    "step": 0.01,
                },
            ),
            "sample_rate": (
                "INT",
                {"default": 44100},
            ),
            "channels": (
                "INT",
                {
                    "default": 2,
                    "min": 1,
                    "max": 2,
                },
            ),
        },
        ("AUDIO",),
        _empty,
        display_name="Empty Audio",
    ),
    NodeClass(
        "LoadAudio",
        "audio",
        {"audio": ([], {"audio_upload": True})},
        ("AUDIO",),
        _load,
        display_name="Load Audio",
        check=_check,
        mark=lambda folders, inputs: content_of(folders, str(inputs["audio"])),
        options=lambda folders: {"audio": files_with(ENDINGS, folders.input)},
    ),
    _saver("SaveAudio", _FLAC, "FLAC"),
    _saver("SaveAudioMP3", _MP3, "MP3", "V0", "128k", "320k", usual="V0"),
    _saver("SaveAudioOpus", _OPUS, "Opus", *_BIT_RATES, usual="128k"),
    NodeClass(
        "PreviewAudio",
        "audio",
        {"audio": ("AUDIO",)},
        (),
        _preview,
        is_output=True,
        hidden=METADATA,
        display_name="Preview Audio",
    ),
)
