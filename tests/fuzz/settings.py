"""Settings: a file, and what the environment lays over it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.fuzz.jobs import sound, told
from tests.fuzz.lines import text_of
from tests.fuzz.surface import Check, Surface
from vqd.domain.errors import VqdError
from vqd.settings.environment import lay_environment, unknown_variables
from vqd.settings.layers import Layers
from vqd.settings.load import load, made_of
from vqd.settings.model import Settings

_SHOWN = Path(__file__).parents[2] / "config" / "vqd.yaml"
_WHOLE = """\
spool: spool
state_dir: state
servers:
  - builtin
  - {url: "http://gpu1:8188", name: gpu1, tags: [wan], vram_gb: 24, headers: {X-Key: abc}}
workflows: [workflows]
input_roots: [/mnt/shots]
path_map: {"Z:": /mnt/shots}
defaults: {image-scale: {method: area, size: {scale: 0.5}}}
hot_folders: {up: {path: /mnt/up, workflow: image-scale}}
windows: {nights: {from: "22:00", to: "06:00", days: [mon, fri]}}
quote_over: {prompts: 5000, hours: 8}
notify: {studio: {url: "https://example.org/x"}}
notify_default: {events: [failed], to: studio}
keep: 30d
reserve: 5%
web: {listen: 127.0.0.1:8640, allowed_hosts: [vqd.example.org], upload_limit: 20G}
settle_s: 0.5
rescan_s: 60
watch: auto
log_level: info
"""
_VARIABLES = """\
VQD_SPOOL=/srv/spool
VQD_SERVERS=["builtin", "http://gpu1:8188"]
VQD_SERVERS__0__URL=http://gpu2:8188
VQD_WEB__LISTEN=127.0.0.1:0
VQD_WEB_LISTEN=1
VQD_DEFAULTS__image-scale__method=area
VQD_KEEP=30d
"""
_WORDS = (
    " ".join(Settings.model_fields)
    + """
builtin http://a:1 http://u:p@[::1]:99999 url tags listen token_file secret_file ca path workflow
from to days
"""
)
_ENVIRONMENT = (
    " ".join(f"VQD_{word.upper()}=1" for word in Settings.model_fields)
    + """
__ __99999__ VQD_SERVERS__2__URL=x VQD_SERVERS__1=[
"""
)


@contextmanager
def _files(folder: Path) -> Iterator[Check]:
    path = folder / "vqd.yaml"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            settings = load(path).settings
        except VqdError as error:
            told(error)
            return
        repr(settings.shown)
        assert settings.default_points is not None
        assert settings.job_windows is not None

    yield check


@contextmanager
def _environments(_: Path) -> Iterator[Check]:
    def check(data: bytes) -> None:
        layers = Layers()
        lines = data.decode(errors="surrogateescape").replace("\0", "").splitlines()
        environment = dict(line.split("=", 1) for line in lines if "=" in line)
        sound(lay_environment(layers, environment, Settings.model_fields))
        unknown_variables(environment, Settings.model_fields)
        try:
            made_of({str(key): node for key, node in layers.root.items()}, layers.document)
        except VqdError as error:
            told(error)

    yield check


def _file_seeds() -> Sequence[bytes]:
    return [_WHOLE.encode(), _SHOWN.read_bytes()]


SETTINGS = Surface("settings", _files, _file_seeds, text_of(_WORDS))
ENVIRONMENTS = Surface(
    "environments",
    _environments,
    lambda: [_VARIABLES.encode()],
    text_of(_ENVIRONMENT),
)
