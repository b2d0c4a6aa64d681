"""The sound of clips."""

import math
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Audio = Mapping[str, Any]
"""`waveform` [1, channels, samples] float32 and `sample_rate`."""


def read_sound(path: Path) -> Audio | None:
    """Give the sound of a clip's file, None if it has none."""
    import av

    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", rate=stream.rate)
        heard: list[NDArray[Any]] = []
        for frame in container.decode(stream):
            heard += [one.to_ndarray() for one in resampler.resample(frame)]
        heard += [one.to_ndarray() for one in resampler.resample(None)]
        if not heard:
            return None
        return {"waveform": np.concatenate(heard, 1)[None], "sample_rate": stream.rate}


def add_sound(container: Any, audio: Audio) -> Any:
    """Add a stream for a sound to a file that is being written: two channels, as in ComfyUI."""
    return container.add_stream("aac", rate=int(audio["sample_rate"]), layout="stereo")


def write_sound(container: Any, stream: Any, audio: Audio, seconds: Fraction) -> None:
    """Write a sound to its stream, no longer than this."""
    import av

    rate = int(audio["sample_rate"])
    samples = audio["waveform"][0, :2, : math.ceil(rate * seconds)]
    layout = "mono" if len(samples) == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
    frame.sample_rate, frame.pts = rate, 0
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
