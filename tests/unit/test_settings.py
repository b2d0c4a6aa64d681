from pathlib import Path

import pytest
import yaml

from tests.builders import write
from vqd.documents.schema import Keys
from vqd.domain.errors import Faults, VqdError
from vqd.domain.job import Notify
from vqd.domain.notice import HouseEvent, HouseWishes
from vqd.domain.quote import QuoteOver
from vqd.domain.window import Window
from vqd.settings.load import load_settings
from vqd.settings.model import Settings

REQUIRED = "spool: spool\nstate_dir: state\n"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VQD_SETTINGS", raising=False)


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "sub" / "vqd.yaml", REQUIRED + "workflows: [mine]\n")
    settings = load_settings(path)
    assert settings.spool == tmp_path / "sub" / "spool"
    assert settings.workflows == (tmp_path / "sub" / "mine",)


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "vqd.yaml", REQUIRED + "rescan_s: 30\n")
    monkeypatch.setenv("VQD_RESCAN_S", "7")
    monkeypatch.setenv("VQD_SERVERS", '["builtin", "http://gpu1:8188"]')
    settings = load_settings()
    assert settings.rescan_s == 7
    assert [server.url for server in settings.servers] == ["builtin", "http://gpu1:8188"]


def test_the_environment_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VQD_SPOOL", "/srv/vqd")
    monkeypatch.setenv("VQD_STATE_DIR", "/var/lib/vqd")
    assert load_settings().spool == Path("/srv/vqd")


def test_all_faults_are_told_at_once_with_what_is_known(tmp_path: Path) -> None:
    path = write(
        tmp_path / "vqd.yaml",
        "spool: s\nrescan: 5\nsettle_s: -1\nservers: ['ftp://x']\n",
    )
    with pytest.raises(Faults) as caught:
        load_settings(path)
    told = {problem.key: problem for problem in caught.value.problems}
    assert set(told) == {"state_dir", "rescan", "settle_s", "servers[0]"}
    assert told["rescan"].code == "unknown_key"
    assert "rescan_s" in (told["rescan"].hint or "")
    assert "VQD_STATE_DIR" in (told["state_dir"].hint or "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- a list\n", "no_mapping"),
        ("{broken", "not_yaml"),
        ("just words", "no_mapping"),
        (REQUIRED + "spool: other\n", "duplicate_key"),
        (REQUIRED + "servers: builtin\n", "wrong_type"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused_with_its_line(
    tmp_path: Path, text: str, code: str
) -> None:
    with pytest.raises(Faults) as caught:
        load_settings(write(tmp_path / "vqd.yaml", text))
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.line is not None


def test_a_server_is_its_url_alone_or_what_it_is_and_has(tmp_path: Path) -> None:
    text = """\
servers:
  - builtin
  - {url: "http://gpu1:8188", name: big, tags: [WAN, fast], vram_gb: 24,
     headers: {Authorization: Bearer x}}
"""
    settings = load_settings(write(tmp_path / "vqd.yaml", REQUIRED + text))
    own, big = settings.servers
    assert (own.name, own.tags, own.vram_gb) == ("builtin", (), None)
    assert (big.name, big.tags, big.vram_gb) == ("big", ("wan", "fast"), 24)
    assert big.headers == {"Authorization": "Bearer x"}
    assert "Bearer" not in repr(settings)


def test_the_files_and_folders_of_a_server_are_relative_to_the_settings(tmp_path: Path) -> None:
    keys = "ca: ca.pem, input_folder: gpu1/input, output_folder: /mnt/gpu1/output"
    text = f"servers: [{{url: 'https://gpu1/comfy/', {keys}}}]\n"
    (server,) = load_settings(write(tmp_path / "vqd.yaml", REQUIRED + text)).servers
    assert server.ca == tmp_path / "ca.pem"
    assert server.input_folder == tmp_path / "gpu1" / "input"
    assert server.output_folder == Path("/mnt/gpu1/output")


def test_servers_and_windows_may_stand_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "vqd.yaml", REQUIRED)
    monkeypatch.setenv("VQD_SERVERS", '["builtin", {"url": "http://gpu1", "vram_gb": 24}]')
    monkeypatch.setenv("VQD_WINDOWS", '{"nights": {"from": "22:00", "to": "06:00"}}')
    settings = load_settings()
    assert [server.vram_gb for server in settings.servers] == [None, 24]
    assert settings.windows["nights"].window == Window(22 * 60, 6 * 60)
    monkeypatch.setenv("VQD_WINDOWS", '{"nights": {"from": 22}}')
    with pytest.raises(Faults, match="VQD_WINDOWS"):
        load_settings()


def test_a_window_has_hours_and_days(tmp_path: Path) -> None:
    text = """\
windows:
  nights: {from: 22:00, to: "06:00", days: [Mon, friday]}
  late: {from: 12:00, to: 24:00}
"""
    windows = load_settings(write(tmp_path / "vqd.yaml", REQUIRED + text)).windows
    assert windows["nights"].window == Window(22 * 60, 6 * 60, frozenset({0, 4}))
    assert windows["late"].window == Window(12 * 60, 24 * 60)


@pytest.mark.parametrize(
    ("text", "key", "code"),
    [
        ("servers: [{url: gpu1}]", "servers[0].url", "wrong_value"),
        ("servers: ['http://[']", "servers[0]", "wrong_value"),
        ("servers: ['http://gpu1:99999']", "servers[0]", "wrong_value"),
        ("servers: [{url: 'https://gpu1/comfy?token=x'}]", "servers[0].url", "wrong_value"),
        ("servers: ['http://gpu1#x']", "servers[0]", "wrong_value"),
        ("servers: [{name: a}]", "servers[0].url", "missing_key"),
        ("servers: [builtin, {url: builtin, name: other}]", "servers", "wrong_value"),
        ("servers: [builtin, {url: 'http://a', name: builtin}]", "servers", "wrong_value"),
        ("servers: [{url: builtin, tag: [a]}]", "servers[0].tag", "unknown_key"),
        ("servers: [{url: builtin, tags: ['a b']}]", "servers[0].tags[0]", "bad_name"),
        ("servers: [{url: builtin, vram_gb: lots}]", "servers[0].vram_gb", "wrong_type"),
        (
            'servers: [{url: builtin, headers: {A: "b\\r\\nC: d"}}]',
            "servers[0].headers",
            "wrong_value",
        ),
        ("servers: [{url: 'http://a', ca: b.pem}]", "servers[0]", "wrong_value"),
        ("servers: [{url: builtin, input_folder: b}]", "servers[0]", "wrong_value"),
        ("servers: [{url: 'https://a', verify: no}]", "servers[0].verify", "unknown_key"),
        ("windows: {n: {from: 25:00, to: 06:00}}", "windows.n.from", "wrong_type"),
        ("windows: {n: {from: 22:00}}", "windows.n.to", "missing_key"),
        (
            "windows: {n: {from: 22:00, to: 06:00, days: [moon]}}",
            "windows.n.days[0]",
            "unknown_choice",
        ),
        ("windows: {n: {from: 22:00, to: 06:00, days: []}}", "windows.n.days", "wrong_value"),
        ("windows: {n: {from: 22:00, to: 06:00, day: mon}}", "windows.n.day", "unknown_key"),
        ("windows: nights", "windows", "wrong_type"),
    ],
)
def test_a_server_or_window_at_fault_is_told_with_its_place(
    tmp_path: Path, text: str, key: str, code: str
) -> None:
    with pytest.raises(Faults) as caught:
        load_settings(write(tmp_path / "vqd.yaml", f"{REQUIRED}{text}\n"))
    (problem,) = caught.value.problems
    assert (problem.code, problem.key, problem.line) == (code, key, 3)


@pytest.mark.parametrize("url", ["http://ann:{}@[", "htp://ann:{}@gpu1", "http://ann:{}@gpu1"])
def test_no_fault_of_a_servers_url_tells_anything_of_a_password(tmp_path: Path, url: str) -> None:
    text = f"{REQUIRED}servers: ['{url.format('hunter2' * 10)}']\n"
    with pytest.raises(Faults) as caught:
        load_settings(write(tmp_path / "vqd.yaml", text))
    assert "hunter" not in repr(caught.value.problems)


@pytest.mark.parametrize(
    "text",
    [
        "notify: slack://hunter2/x",
        "notify: {phone: slack://hunter2/x}",
        "notify_default: slack://hunter2/x",
        "notify_default: {to: slack://hunter2/x}",
        "notify_house: slack://hunter2/x",
        "notify_house: {to: slack://hunter2/x}",
        "depot_options: hunter2",
    ],
)
def test_a_secret_that_stands_in_the_wrong_place_is_not_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(Faults) as caught:
        load_settings(write(tmp_path / "vqd.yaml", f"{REQUIRED}{text}\n"))
    assert [problem.line for problem in caught.value.problems] == [3]
    assert "hunter2" not in repr(caught.value.problems)


def test_a_variable_at_fault_is_named_and_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "vqd.yaml", REQUIRED)
    monkeypatch.setenv("VQD_RESCAN_S", "often")
    with pytest.raises(Faults, match="VQD_RESCAN_S: often is not a number"):
        load_settings()
    monkeypatch.setenv("VQD_SERVERS", "gpu1")
    with pytest.raises(Faults, match="JSON"):
        load_settings()


@pytest.mark.parametrize("state", ["spool/inbox/state", "spool", "."])
def test_the_state_never_lies_in_the_spool_nor_the_spool_in_the_state(
    tmp_path: Path, state: str
) -> None:
    with pytest.raises(Faults) as caught:
        load_settings(write(tmp_path / "vqd.yaml", f"spool: spool\nstate_dir: {state}\n"))
    assert caught.value.code == "not_apart"


def test_a_named_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(VqdError) as caught:
        load_settings(tmp_path / "none.yaml")
    assert caught.value.code == "settings_missing"


def test_the_commented_settings_name_every_setting_with_its_default() -> None:
    text = Path(__file__).parents[2].joinpath("config", "vqd.yaml").read_text(encoding="utf-8")
    shown = yaml.safe_load(text)
    assert set(shown) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        if not field.is_required():
            default = field.get_default(call_default_factory=True)
            if isinstance(default, Keys):
                default = default.model_dump(exclude_none=True)
            assert shown[name] == (list(default) if isinstance(default, tuple) else default), name


def test_jobs_are_quoted_above_bounds_of_either_kind_or_none(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path / "a.yaml", REQUIRED)).quote_over.bounds == QuoteOver()
    text = REQUIRED + "quote_over: {prompts: 5000, hours: 1.5}\n"
    assert load_settings(write(tmp_path / "b.yaml", text)).quote_over.bounds == QuoteOver(5000, 1.5)
    with pytest.raises(Faults) as caught:
        load_settings(write(tmp_path / "c.yaml", REQUIRED + "quote_over: {hour: 8}\n"))
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == ("unknown_key", "quote_over.hour")
    assert "hours" in (problem.hint or "")


def test_paths_and_values_for_jobs_are_read_as_they_stand(tmp_path: Path) -> None:
    more = 'path_map: {"Z:\\\\": nas}\ndefaults:\n  image-scale: {method: on, steps: 010}\n'
    more += "  image-convert: {size: {scale: 1.5}}\n"
    settings = load_settings(write(tmp_path / "vqd.yaml", REQUIRED + more))
    assert settings.path_map == {"Z:\\": tmp_path / "nas"}
    values = settings.default_points["image-scale"]
    assert [(given.text, given.line) for given in values.values()] == [("on", 5), ("010", 5)]
    assert values["steps"].key == "defaults.image-scale.steps"
    (size,) = settings.default_points["image-convert"].values()
    assert (size.text, size.line) == ("scale 1.5", 6)


def test_a_default_that_is_no_value_is_refused(tmp_path: Path) -> None:
    more = "defaults: {image-scale: {size: [1, 2]}}\n"
    with pytest.raises(Faults) as caught:
        load_settings(write(tmp_path / "vqd.yaml", REQUIRED + more))
    assert "image-scale.size is not one value" in str(caught.value)


TARGETS = """\
notify:
  studio: {url: "ntfy://{secret}@ntfy.sh/x", secret_file: token}
  hook: {url: "https://hooks/x", headers: {X-A: b}, link: "https://nas/{folder}"}
notify_default: {events: failed, to: hook}
notify_house: {events: server_down, to: studio, after: 5m}
keep: 30d
"""


def test_targets_have_names_and_secrets_beside_the_file(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path / "vqd.yaml", REQUIRED + TARGETS))
    assert settings.notify["studio"].secret_file == tmp_path / "token"
    assert settings.notify["hook"].target("hook").headers == {"X-A": "b"}
    assert settings.default_notify == Notify(("failed",), "hook")
    assert settings.notify_house is not None
    wishes = HouseWishes(frozenset({HouseEvent.SERVER_DOWN}), "studio", 300)
    assert settings.notify_house.wishes == wishes
    assert settings.keep == 30 * 86_400
    assert "secret}@" not in repr(settings)


def test_keep_and_targets_come_from_the_environment_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VQD_KEEP", "12h")
    monkeypatch.setenv("VQD_NOTIFY", '{"hook": {"url": "https://hooks/x"}}')
    monkeypatch.setenv("VQD_NOTIFY_DEFAULT", '{"to": "hook"}')
    settings = load_settings(write(tmp_path / "vqd.yaml", REQUIRED))
    assert settings.keep == 43_200
    assert settings.default_notify == Notify(("done", "failed"), "hook")


@pytest.mark.parametrize(
    ("text", "code", "key", "said"),
    [
        ("notify: {a: {url: hooks}}", "wrong_value", "notify.a.url", "https://…"),
        ("notify: {a: {ulr: 'https://x'}}", "unknown_key", "notify.a.ulr", "url"),
        ("notify: {a: {url: 'https://x/{secret}'}}", "missing_key", "notify.a", "secret_file"),
        ("notify: {a: {url: 'https://x', secret_file: t}}", "wrong_value", "notify.a", "{secret}"),
        (
            "notify: {a: {url: 'https://x', link: '{file}'}}",
            "unknown_token",
            "notify.a.link",
            "{job}",
        ),
        ("notify_default: {to: studio}", "unknown_target", "notify_default", "notify"),
        ("notify_house: {to: studio}", "unknown_target", "notify_house", "notify"),
        (
            "notify_house: {to: a, events: [server_up]}",
            "unknown_choice",
            "notify_house.events[0]",
            "server_down",
        ),
        ("notify_house: {to: a, after: 5}", "wrong_type", "notify_house.after", "30s"),
        ("keep: 30", "wrong_type", "keep", "30d"),
    ],
)
def test_what_is_wrong_with_targets_is_told(
    tmp_path: Path, text: str, code: str, key: str, said: str
) -> None:
    with pytest.raises(Faults) as caught:
        load_settings(write(tmp_path / "vqd.yaml", f"{REQUIRED}{text}\n"))
    first = next(one for one in caught.value.problems if one.code == code)
    assert (first.code, first.key, first.line) == (code, key, 3)
    assert said in first.in_full


def test_a_hot_folder_is_named_with_a_path_relative_to_the_file(tmp_path: Path) -> None:
    text = REQUIRED + "hot_folders: {shots: {path: ../shots, workflow: image-scale}}\n"
    (keys,) = load_settings(write(tmp_path / "sub" / "vqd.yaml", text)).hot_folders.values()
    assert (keys.path, keys.workflow) == (tmp_path / "shots", "image-scale")


@pytest.mark.parametrize(
    "text",
    [
        "spool: loop\nstate_dir: state\n",
        "spool: spool\nstate_dir: loop\n",
        f"{REQUIRED}hot_folders: {{a: {{path: loop}}}}\n",
    ],
)
def test_a_link_that_leads_back_to_itself_is_a_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(Faults, match=r"leads back to itself\. Name a folder\."):
        load_settings(write(tmp_path / "vqd.yaml", text))


@pytest.mark.parametrize(
    "path", ["spool", "spool/inbox/x", "state", ".", "/", "shots", "shots/below"]
)
def test_a_hot_folder_lies_apart_from_the_spool_and_from_others(tmp_path: Path, path: str) -> None:
    text = f"{REQUIRED}hot_folders: {{a: {{path: shots}}, b: {{path: {path}}}}}\n"
    with pytest.raises(Faults, match="lie in one another") as caught:
        load_settings(write(tmp_path / "vqd.yaml", text))
    assert caught.value.code == "not_apart"


@pytest.mark.parametrize(
    ("written", "kept_bytes"),
    [
        ("2G", 2 << 30),
        ("500M", 500 << 20),
        ("5 GB", 5_000_000_000),
        ("5%", 500_000_000),
        ("0", 0),
        ("", 200_000_000),
    ],
)
def test_a_reserve_is_a_size_or_a_share_of_the_disk(
    tmp_path: Path, written: str, kept_bytes: int
) -> None:
    text = f"spool: {tmp_path}/spool\nstate_dir: {tmp_path}/state\nreserve: {written}\n"
    settings = load_settings(write(tmp_path / "vqd.yaml", text))
    assert settings.look_at_disks().reserve.bytes_of(10**10) == pytest.approx(kept_bytes)


def test_a_reserve_that_is_neither_is_refused(tmp_path: Path) -> None:
    text = f"spool: {tmp_path}/spool\nstate_dir: {tmp_path}/state\nreserve: much\n"
    with pytest.raises(Faults, match=r"vqd\.yaml:3: reserve: is no size and no share"):
        load_settings(write(tmp_path / "vqd.yaml", text))


def test_the_api_listens_on_this_machine_alone_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path / "v.yaml", REQUIRED)).web is None
    web = load_settings(write(tmp_path / "v.yaml", f"{REQUIRED}web: {{}}\n")).web
    assert web is not None
    assert (web.host, web.port, web.is_loopback) == ("127.0.0.1", 8640, True)
    text = "web: {listen: '[::]:80', token_file: web.token, upload_limit: 2G}\n"
    web = load_settings(write(tmp_path / "v.yaml", REQUIRED + text)).web
    assert web is not None
    assert (web.host, web.port, web.is_loopback) == ("::", 80, False)
    assert (web.token_file, web.upload_limit) == (tmp_path / "web.token", 2 << 30)


@pytest.mark.parametrize(
    ("web", "code"),
    [
        ("listen: 0.0.0.0:8640", "token_needed"),
        ("listen: gpu-box:8640", "token_needed"),
        ("listen: 8640", "wrong_value"),
        ("listen: 127.0.0.1:99999", "wrong_value"),
        ("listen: http://127.0.0.1:80", "wrong_value"),
        ("allowed_hosts: ['http://vqd']", "wrong_value"),
        ("allowed_hosts: ['*']", "wrong_value"),
        ("upload_limit: much", "wrong_type"),
        ("lissten: 127.0.0.1:80", "unknown_key"),
    ],
)
def test_what_is_wrong_with_the_api_is_told(tmp_path: Path, web: str, code: str) -> None:
    with pytest.raises(Faults) as caught:
        load_settings(write(tmp_path / "v.yaml", f"{REQUIRED}web: {{{web}}}\n"))
    assert [problem.code for problem in caught.value.problems] == [code]
    assert (caught.value.problems[0].key or "").startswith("web")
