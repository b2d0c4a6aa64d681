"""Settings over settings: files, drop-ins, the environment and flags; where each was written."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.builders import write
from vqd.domain.errors import Faults, VqdError
from vqd.settings.load import Loaded, load, load_settings
from vqd.settings.shown import HIDDEN, shown_settings

REQUIRED = "spool: spool\nstate_dir: state\n"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("VQD_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """A settings file with a little of each kind."""
    text = (
        REQUIRED
        + "rescan_s: 30\nservers: [builtin, 'http://gpu1:8188']\nweb: {listen: '[::1]:80'}\n"
    )
    return write(tmp_path / "vqd.yaml", text)


def set_all(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def origins(loaded: Loaded) -> Mapping[str, str]:
    """Where what somebody wrote was written, by its key."""
    rows = shown_settings(loaded)
    return {row.key: str(row.origin) for row in rows if row.origin is not None}


def test_drop_ins_lie_over_the_file_in_the_order_of_their_names(main: Path) -> None:
    write(main.parent / "vqd.d" / "20-later.yaml", "rescan_s: 20\nkeep: 30d\n")
    write(main.parent / "vqd.d" / "10-first.yaml", "rescan_s: 10\nstall_s: 60\n")
    settings = load_settings(main)
    assert (settings.rescan_s, settings.stall_s, settings.keep) == (20, 60, 30 * 86_400)


def test_a_mapping_grows_by_a_drop_in_and_a_list_is_replaced_by_it(main: Path) -> None:
    write(main.parent / "vqd.d" / "a.yaml", "web: {upload_limit: 1G}\nservers: ['http://gpu9']\n")
    settings = load_settings(main)
    assert settings.web is not None
    assert (settings.web.listen, settings.web.upload_limit) == ("[::1]:80", 1 << 30)
    assert [server.url for server in settings.servers] == ["http://gpu9"]


def test_a_path_that_a_shell_would_write_out_is_refused_with_its_line(main: Path) -> None:
    write(main.parent / "vqd.d" / "a.yaml", "keep: 30d\nspool: ~/spool\ninput_roots: [$HOME/in]\n")
    with pytest.raises(Faults) as caught:
        load_settings(main)
    assert [(one.code, one.line, one.key) for one in caught.value.problems] == [
        ("wrong_value", 2, "spool"),
        ("wrong_value", 3, "input_roots[0]"),
    ]
    assert "no shell writes ~ out. Write the whole path." in str(caught.value.problems[0])


def test_only_yaml_files_that_are_not_hidden_are_drop_ins(main: Path) -> None:
    for name in (".hidden.yaml", "old.yaml.bak", "README", "x.yaml~"):
        write(main.parent / "vqd.d" / name, "no settings at all: {")
    write(main.parent / "vqd.d" / "90-comments.yaml", "# nothing is set here\n")
    assert load_settings(main).rescan_s == 30


def test_paths_of_a_drop_in_lead_from_where_it_lies(main: Path) -> None:
    write(main.parent / "vqd.d" / "a.yaml", "input_roots: [../more]\n")
    (root,) = load_settings(main).input_roots
    assert root.resolve() == main.parent / "more"


def test_drop_ins_are_enough(tmp_path: Path) -> None:
    write(tmp_path / "vqd.d" / "a.yaml", REQUIRED)
    assert load_settings().spool == tmp_path / "vqd.d" / "spool"


def test_what_links_lead_to_is_read(main: Path) -> None:
    real = write(main.parent / "real" / "one.yaml", "rescan_s: 7\n")
    (main.parent / "vqd.d").mkdir()
    (main.parent / "vqd.d" / "one.yaml").symlink_to(real)
    assert load_settings(main).rescan_s == 7


def test_a_variable_sets_one_value_of_a_mapping_or_a_list(
    main: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(
        monkeypatch,
        VQD_WEB__LISTEN="127.0.0.1:81",
        VQD_SERVERS__1__VRAM_GB="24",
        VQD_SERVERS__2__URL="http://gpu2:8188",
        VQD_WINDOWS__NIGHTS='{"from": "22:00", "to": "06:00"}',
        VQD_KEEP="",
    )
    settings = load_settings(main)
    assert settings.web is not None
    assert settings.web.listen == "127.0.0.1:81"
    assert [(one.url, one.vram_gb) for one in settings.servers] == [
        ("builtin", None),
        ("http://gpu1:8188", 24),
        ("http://gpu2:8188", None),
    ]
    assert [*settings.windows] == ["nights"]
    assert settings.keep is None


def test_a_name_is_matched_with_that_of_the_file_blind_to_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = write(tmp_path / "vqd.yaml", REQUIRED + "notify: {Studio: {url: 'https://a'}}\n")
    monkeypatch.setenv("VQD_NOTIFY__STUDIO__URL", "https://b")
    assert [one.url for one in load_settings(main).notify.values()] == ["https://b"]


def test_a_variable_and_a_flag_that_are_no_utf_8_are_told(
    main: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, VQD_WEB__LISTEN="127.0.\udc981.1:0", VQD_SERVERS='["\udcff"]')
    with pytest.raises(Faults) as caught:
        load(main)
    told = [(problem.where, problem.code) for problem in caught.value.problems]
    assert told == [("VQD_SERVERS", "not_utf8"), ("VQD_WEB__LISTEN", "not_utf8")]
    with pytest.raises(Faults, match="--spool: is not UTF-8"):
        load(main, {"spool": "/srv/\udcff"})


def test_a_flag_lies_over_everything(main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VQD_LOG_LEVEL", "warning")
    assert load(main).settings.log_level == "warning"
    loaded = load(main, {"log_level": "debug"})
    assert loaded.settings.log_level == "debug"
    assert origins(loaded)["log_level"] == "--log-level"


def test_each_value_tells_where_it_was_written(main: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop_in = write(main.parent / "vqd.d" / "a.yaml", "\nweb:\n  upload_limit: 1G\n")
    set_all(monkeypatch, VQD_SERVERS__1__VRAM_GB="24", VQD_PATH_MAP='{"Z:": "/mnt"}')
    assert origins(load(main)) == {
        "spool": f"{main}:1",
        "state_dir": f"{main}:2",
        "rescan_s": f"{main}:3",
        "servers[0].url": f"{main}:4",
        "servers[1].url": f"{main}:4",
        "servers[1].vram_gb": "VQD_SERVERS__1__VRAM_GB",
        "path_map.Z:": "VQD_PATH_MAP",
        "web.listen": f"{main}:5",
        "web.upload_limit": f"{drop_in}:3",
    }


def test_what_is_secret_is_not_shown(tmp_path: Path) -> None:
    text = """\
servers:
  - {url: "http://gpu1", headers: {Authorization: Bearer s3cret}}
notify:
  a: {url: "ntfy://s3cret@ntfy.sh/x", headers: {X-Key: s3cret}}
"""
    rows = shown_settings(load(write(tmp_path / "vqd.yaml", REQUIRED + text)))
    hidden = {row.key for row in rows if row.is_secret and row.value == row.text == HIDDEN}
    assert hidden == {
        "servers[0].headers.Authorization",
        "notify.a.url",
        "notify.a.headers.X-Key",
    }
    assert "s3cret" not in repr(rows)


def test_faults_of_every_file_and_variable_are_told_at_once_each_where_it_is(
    main: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(main.parent / "vqd.d" / "1.yaml", "# a\nrescan_s: often\nweb: {lissten: x}\n")
    second = write(main.parent / "vqd.d" / "2.yaml", "keep: 30d\n\tstall_s: 5\n")
    set_all(
        monkeypatch, VQD_RESCAN="5", VQD_SERVERS__5="x", VQD_WATCH="never", VQD_SERVERS__0__TAG="a"
    )
    with pytest.raises(Faults) as caught:
        load(main)
    told = {(one.where, one.line, one.code) for one in caught.value.problems}
    assert told == {
        (str(first), 2, "wrong_type"),
        (str(first), 3, "unknown_key"),
        (str(second), 2, "tab"),
        ("VQD_RESCAN", None, "unknown_key"),
        ("VQD_SERVERS__5", None, "unknown_index"),
        ("VQD_WATCH", None, "unknown_choice"),
        ("VQD_SERVERS__0__TAG", None, "unknown_key"),
    }
    assert "VQD_RESCAN: unknown key. Did you mean VQD_RESCAN_S?" in str(caught.value)


def test_a_variable_that_looks_like_no_setting_is_left_alone(
    main: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, VQD_COMFY_URL="http://x", VQD_SETTINGS=str(main), VQD_URL="http://y")
    set_all(monkeypatch, VQD_BOOT_ROOT="/x", VQD_DEB="1", VQD_="", VQD_PATH="/y")
    assert load_settings().rescan_s == 30


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("VQD_WEB_LISTEN", "VQD_WEB__LISTEN"),
        ("VQD_SERVER", "VQD_SERVERS"),
        ("VQD_STATEDIR", "VQD_STATE_DIR"),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_refused_with_the_one_that_is_meant(
    main: Path, monkeypatch: pytest.MonkeyPatch, variable: str, meant: str
) -> None:
    monkeypatch.setenv(variable, "x")
    with pytest.raises(Faults, match=rf"{variable}: unknown key\. Did you mean {meant}\?"):
        load(main)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "VQD_SERVERS",
            "gpu1",
            "VQD_SERVERS: gpu1 is not a list. Write it as JSON: VQD_SERVERS='[",
        ),
        ("VQD_SERVERS", '["builtin"', "Write it as JSON"),
        ("VQD_WEB", "on", "Write it as JSON: VQD_WEB='{"),
        ("VQD_WEB__LISTEN__PORT", "80", "web.listen"),
        ("VQD_WINDOWS", '{"n": {"from": 22}}', "VQD_WINDOWS: windows.n"),
        ("VQD_SERVERS", "[" * 20_000, "Write it as JSON"),
        ("VQD_SERVERS__²__URL", "http://x", "VQD_SERVERS__²__URL: there is no place ²"),
        (f"VQD_SERVERS__{'9' * 5000}", "http://x", "there is no place 999"),
    ],
)
def test_a_variable_of_the_wrong_kind_says_how_it_is_written(
    main: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Faults) as caught:
        load(main)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: path.mkdir(), "not_a_file"),
        (lambda path: os.mkfifo(path), "not_a_file"),
        (lambda path: path.symlink_to("nothing"), "missing_file"),
        (lambda path: path.write_bytes("keep: 30d".encode("utf-16")), "not_utf8"),
        (lambda path: path.write_bytes(b"keep: \xff"), "not_utf8"),
        (lambda path: path.write_bytes(b"keep: 3\0"), "nul_byte"),
        (lambda path: path.write_text("keep: 1d\nkeep: 2d\n"), "duplicate_key"),
        (lambda path: path.write_text("keep: &a 1d\n"), "alias"),
        (lambda path: path.write_text("- keep\n"), "no_mapping"),
        (lambda path: path.write_text(f"# {'x' * (1 << 20)}\n"), "too_large"),
    ],
)
def test_a_drop_in_that_cannot_be_read_is_named_and_nothing_counts(
    main: Path, make: object, code: str
) -> None:
    drop_in = main.parent / "vqd.d" / "a.yaml"
    drop_in.parent.mkdir()
    make(drop_in)  # type: ignore[operator]
    with pytest.raises(Faults) as caught:
        load(main)
    assert [(one.code, one.where) for one in caught.value.problems] == [(code, str(drop_in))]


def test_a_file_in_place_of_the_folder_of_drop_ins_is_told(main: Path) -> None:
    write(main.parent / "vqd.d", "")
    with pytest.raises(Faults, match=r"vqd\.d: cannot be read \(Not a directory\)"):
        load(main)


def test_a_folder_in_place_of_the_settings_is_told(tmp_path: Path) -> None:
    (tmp_path / "vqd.yaml").mkdir()
    with pytest.raises(Faults) as caught:
        load()
    assert [one.code for one in caught.value.problems] == ["not_a_file"]


def test_what_may_be_missing_because_it_could_not_be_read_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(Faults) as caught:
        load(write(tmp_path / "vqd.yaml", "spool: a\nspool: b\n"))
    assert [one.code for one in caught.value.problems] == ["duplicate_key"]


def test_no_fault_shows_a_secret(tmp_path: Path) -> None:
    text = """\
servers:
  - {url: "http://a", headers: Bearer s3cret}
  - {url: "http://b", headers: {Authorization: [s3cret]}}
  - http://bob:s3cret@c
  - ftp://bob:s3cret@d
notify:
  a: {url: [s3cret], headers: s3cret}
  b: {url: s3cret}
"""
    with pytest.raises(Faults) as caught:
        load(write(tmp_path / "vqd.yaml", REQUIRED + text))
    assert len(caught.value.problems) == 7
    assert "s3cret" not in repr(caught.value.problems)


def test_the_headers_of_a_server_have_their_secret_from_a_file(tmp_path: Path) -> None:
    keys = "headers: {Authorization: 'Bearer {secret}'}, secret_file: gpu1.token"
    text = f"servers: [{{url: 'http://gpu1', {keys}}}]\n"
    (server,) = load_settings(write(tmp_path / "vqd.yaml", REQUIRED + text)).servers
    with pytest.raises(VqdError) as caught:
        server.read_headers()
    assert caught.value.code == "secret_unreadable"
    write(tmp_path / "gpu1.token", "abc\n")
    assert server.read_headers() == {"Authorization": "Bearer abc"}
    write(tmp_path / "gpu1.token", "ä\n")
    with pytest.raises(VqdError) as caught:
        server.read_headers()
    assert caught.value.code == "secret_unfit"


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("headers: {A: '{secret}'}", "missing_key"),
        ("headers: {A: b}, secret_file: c", "wrong_value"),
    ],
)
def test_a_secret_of_a_server_is_named_and_used(tmp_path: Path, keys: str, code: str) -> None:
    text = f"{REQUIRED}servers: [{{url: 'http://a', {keys}}}]\n"
    with pytest.raises(Faults) as caught:
        load(write(tmp_path / "vqd.yaml", text))
    assert [one.code for one in caught.value.problems] == [code]


def test_a_credential_is_found_where_systemd_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = "headers: {A: '{secret}'}, secret_file: $CREDENTIALS_DIRECTORY/gpu1"
    text = f"{REQUIRED}servers: [{{url: 'http://a', {keys}}}]\n"
    (server,) = load_settings(write(tmp_path / "vqd.yaml", text)).servers
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(VqdError, match="LoadCredential=gpu1") as caught:
        server.read_headers()
    assert caught.value.code == "no_credentials"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    write(tmp_path / "credentials" / "gpu1", "abc\n")
    assert server.read_headers() == {"A": "abc"}
