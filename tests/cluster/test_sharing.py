"""Who shares a queue: nobody, where it lies in a file; else one daemon for each spool."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import accept_a_job
from vqd.domain.errors import VqdError
from vqd.domain.pending import Ahead
from vqd.domain.place import Database
from vqd.domain.queue import PromptKey
from vqd.settings.model import Settings
from vqd.sharing import sharing
from vqd.spool.layout import Spool
from vqd.store.store import Store, StoreReader


def settings_of(spool: Spool, folder: Path, **more: object) -> Settings:
    return Settings.model_validate({"spool": spool.root, "state_dir": folder / "state", **more})


def test_nothing_of_the_cluster_is_imported_where_the_queue_lies_in_a_file(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from pathlib import Path
        import vqd.daemon
        from vqd.settings.model import Settings
        from vqd.sharing import sharing
        from vqd.spool.layout import Spool
        from vqd.store.store import Store
        folder = Path(sys.argv[1])
        spool = Spool.create(folder / "spool")
        state = folder / "state"
        state.mkdir()
        settings = Settings(spool=spool.root, state_dir=state)
        with sharing(settings, spool) as shared, Store(shared.place, shared.leasing) as store:
            assert not store.write(lambda session: session.leasing.sweep().prompts)
        print(*{name.partition(".")[0] for name in sys.modules} & {"psycopg", "procrastinate"})
    """
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert told.stdout == "\n"


def test_a_second_daemon_on_a_copy_of_a_spool_is_refused_and_takes_nothing_from_the_first(
    tmp_path: Path, spool: Spool, database: str
) -> None:
    copy = Spool.create(tmp_path / "copy")
    copy.marker.path.write_bytes(spool.marker.path.read_bytes())
    first = settings_of(spool, tmp_path / "first", database=database)
    second = settings_of(copy, tmp_path / "second", database=database)
    with sharing(first, spool) as shared, Store(shared.place, shared.leasing) as store:
        with (
            sharing(second, copy) as refused,
            pytest.raises(VqdError) as caught,
            Store(refused.place, refused.leasing),
        ):
            pass
        assert store.write(lambda session: session.leasing.mine([])) == set()
    assert caught.value.code == "already_running"


def test_whether_jobs_share_the_servers_is_one_for_all_hosts(database: str) -> None:
    with (
        Store(Database(database, home="a")) as one,
        Store(Database(database, home="b")) as other,
        StoreReader(Database(database)) as looking,
    ):
        large = accept_a_job(one, "large", name="large", total=9)
        small = accept_a_job(other, "small", name="small", total=3)
        one.write(lambda session: session.rules.keep(is_fair=True))
        with other.reading() as session, looking.reading() as seen:
            assert session.rules.is_fair()
            assert seen.pending.ahead_of(large) == seen.pending.ahead_of(small) == Ahead(0, 0, 1)
        other.write(lambda session: session.rules.keep(is_fair=False))
        with one.reading() as session:
            assert not session.rules.is_fair()
            assert session.pending.ahead_of(small) == Ahead(1, 9)


def test_a_spool_may_have_any_mark_but_none(tmp_path: Path, spool: Spool, database: str) -> None:
    settings = settings_of(spool, tmp_path, database=database)
    spool.marker.path.write_text(f"made by hand: {'x' * 300}\n", encoding="utf-8")
    with sharing(settings, spool) as shared, Store(shared.place, shared.leasing) as store:
        store.write(lambda session: session.leasing.take(PromptKey(1, 1)))

    spool.marker.path.write_text("\n", encoding="utf-8")
    with pytest.raises(VqdError) as caught, sharing(settings, spool):
        pass
    assert caught.value.code == "spool_unmarked"


def test_a_queue_in_a_file_is_shared_with_nobody(tmp_path: Path, spool: Spool) -> None:
    other = Spool.create(tmp_path / "other")
    settings = settings_of(spool, tmp_path, spools=[other.root])
    with sharing(settings, spool) as shared:
        assert (shared.is_shared, shared.home, [*shared.spools]) == (False, "", [])
