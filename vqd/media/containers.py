"""The containers of clips and sounds that are read, by FFmpeg's names of them."""

from typing import Final

# No format that names other files (HLS, concat, …) and none that takes text for pictures.
DEMUXERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,flv,asf,mxf,wav,w64,aiff,flac,mp3,aac,ogg,"
    "exr_pipe"
)

# Their headers say how long the whole is; in other containers that is a guess.
DURATION_IS_KEPT: Final = frozenset({"matroska,webm", "wav", "flac"})


STILLS: Final = frozenset({"exr_pipe"})
# An EXR holds light, of which half is seen as three quarters: the decoder is to make it sRGB.
AS_SEEN: Final = {"apply_trc": "iec61966_2_1"}
# By FFmpeg's name of a container: what it goes by as a clip, and what as a sound alone.
EXTENSIONS: Final = {
    "mov,mp4,m4a,3gp,3g2,mj2": ((".mp4", ".mov", ".m4v", ".3gp", ".3g2"), (".m4a", ".mp4", ".mov")),
    "matroska,webm": ((".mkv", ".webm"), (".mka", ".mkv", ".webm", ".weba")),
    "avi": ((".avi",), (".avi",)),
    "mpegts": ((".ts", ".mts", ".m2ts"), (".ts",)),
    "flv": ((".flv",), (".flv",)),
    "asf": ((".wmv", ".asf"), (".wma", ".asf")),
    "mxf": ((".mxf",), (".mxf",)),
    "ogg": ((".ogv", ".ogg"), (".ogg", ".oga", ".opus", ".spx")),
    "exr_pipe": ((".exr",), ()),
    "wav": ((), (".wav",)),
    "w64": ((), (".w64",)),
    "aiff": ((), (".aiff", ".aif")),
    "flac": ((), (".flac",)),
    "mp3": ((), (".mp3",)),
    "aac": ((), (".aac",)),
}
