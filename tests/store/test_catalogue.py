"""The servers' node classes in the store."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.builders import NOW, accept_a_job
from tests.store.counting import count
from vqd.domain.errors import VqdError
from vqd.domain.place import Place
from vqd.domain.signature import WHOLE, SignatureChange
from vqd.store import catalogue
from vqd.store.catalogue import BEGUN_LONG_AGO_S, ClassEntry
from vqd.store.learning import SLICE_CLASSES, Learned, learn
from vqd.store.store import Store, StoreReader


def an_entry(**inputs: Any) -> dict[str, Any]:
    return {"input": {"required": inputs}, "output": ["IMAGE"], "output_node": False}


BLUR = an_entry(image=["IMAGE", {}], radius=["INT", {"min": 1, "max": 31}])
LOADER = an_entry(name=[["a.pt"], {}])


def told(store: Store, server: str, classes: Mapping[str, Any], sha: str = "a") -> Learned | None:
    return learn(store, server, sha * 64, classes.items, now=NOW)


def test_a_class_comes_back_as_the_server_has_it(store: Store) -> None:
    assert told(store, "gpu1", {"Loader": LOADER, "Blur": BLUR}) == Learned(2, 2, ())
    with store.reading() as session:
        catalogue = session.catalogue
        assert catalogue.servers() == ("gpu1",)
        assert catalogue.class_names("gpu1") == ("Blur", "Loader")
        blur = catalogue.node_class("gpu1", "Blur")
        assert catalogue.node_class("gpu1", "Sharpen") is None
        assert catalogue.node_class("gpu2", "Blur") is None
    assert blur is not None
    assert [*blur.inputs] == ["image", "radius"]
    assert blur.inputs["radius"].attributes == {"min": 1, "max": 31}


def test_servers_that_agree_share_everything(store: Store, place: Place) -> None:
    for number in range(64):
        told(store, f"gpu{number}", {"Loader": LOADER, "Blur": BLUR})
    tables = ("node_entries", "catalogues", "catalogue_classes", "server_catalogues")
    assert [count(place, table) for table in tables] == [2, 1, 2, 64]


def test_servers_that_differ_in_one_class_share_the_others(store: Store, place: Place) -> None:
    other = an_entry(name=[["b.pt"], {}])
    told(store, "gpu1", {"Loader": LOADER, "Blur": BLUR}, "a")
    told(store, "gpu2", {"Loader": other, "Blur": BLUR}, "b")
    assert count(place, "node_entries") == 3
    with store.reading() as session:
        loaders = [session.catalogue.node_class(one, "Loader") for one in ("gpu1", "gpu2")]
        blurs = [session.catalogue.node_class(one, "Blur") for one in ("gpu1", "gpu2")]
    assert [one and one.inputs["name"].options for one in loaders] == [("a.pt",), ("b.pt",)]
    assert blurs[0] is blurs[1]


def test_a_second_look_that_shows_the_same_reads_and_writes_nothing(store: Store) -> None:
    told(store, "gpu1", {"Blur": BLUR})

    def unread() -> Iterator[tuple[str, Mapping[str, Any]]]:
        raise AssertionError("it was read")

    assert learn(store, "gpu1", "a" * 64, unread, now=NOW + 1) is None
    assert learn(store, "gpu2", "a" * 64, unread, now=NOW + 1) == Learned(1, 1, ())


def test_what_no_server_has_any_more_is_dropped(store: Store, place: Place) -> None:
    many = {f"Class{number}": an_entry(n=[[number], {}]) for number in range(100)}
    told(store, "gpu1", {"Blur": BLUR, **many}, "a")
    told(store, "gpu1", {"Blur": BLUR}, "b")
    assert (count(place, "catalogues"), count(place, "node_entries")) == (1, 1)
    store.write(lambda session: session.catalogue.keep_only(set()))
    told(store, "gpu2", {"Loader": LOADER}, "c")
    assert (count(place, "catalogues"), count(place, "node_entries")) == (1, 1)


def test_a_look_that_breaks_off_leaves_the_server_what_it_had(store: Store, place: Place) -> None:
    told(store, "gpu1", {"Blur": BLUR}, "a")

    def broken() -> Iterator[tuple[str, Mapping[str, Any]]]:
        yield from ((f"Class{number}", LOADER) for number in range(SLICE_CLASSES + 1))
        raise ValueError("no JSON")

    with pytest.raises(ValueError, match="no JSON"):
        learn(store, "gpu1", "b" * 64, broken, now=NOW)
    with store.reading() as session:
        assert session.catalogue.class_names("gpu1") == ("Blur",)
        assert session.catalogue.key_of("b" * 64) is None
    assert count(place, "catalogues") == 2
    told(store, "gpu1", {"Loader": LOADER}, "b")
    assert (count(place, "catalogues"), count(place, "node_entries")) == (1, 1)


def many(prefix: str, classes: int = 100) -> dict[str, Any]:
    return {f"{prefix}{number:03}": an_entry(n=[[number], {}]) for number in range(classes)}


def names_of(store: Store, server: str) -> tuple[str, ...]:
    with store.reading() as session:
        return session.catalogue.class_names(server)


@pytest.mark.parametrize("sha", ["a", "b"])
def test_two_looks_at_once_take_nothing_from_each_other(
    store: Store, place: Place, sha: str
) -> None:
    first = many("A")
    second = first if sha == "a" else many("B")

    def meanwhile() -> Iterator[tuple[str, Any]]:
        for turn, entry in enumerate(first.items()):
            if turn == SLICE_CLASSES + 1:
                told(store, "gpu2", second, sha)
            yield entry

    learn(store, "gpu1", "a" * 64, meanwhile, now=NOW)
    assert names_of(store, "gpu1") == (*first,)
    assert names_of(store, "gpu2") == (*second,)
    assert count(place, "catalogues") == len({"a", sha})


def test_what_is_dropped_in_part_is_learned_anew_and_not_given(store: Store, place: Place) -> None:
    told(store, "gpu1", many("A"))
    store.write(lambda session: session.catalogue.keep_only(set()))
    assert store.write(lambda session: session.catalogue.drop_some(now=NOW))
    told(store, "gpu1", many("A"))
    assert names_of(store, "gpu1") == (*many("A"),)
    assert count(place, "catalogues") == 1


def test_one_that_is_dropped_before_a_server_is_given_it_is_looked_for_again(store: Store) -> None:
    told(store, "gpu1", many("A"), "a")
    with store.reading() as session:
        key = session.catalogue.key_of("a" * 64)
    assert key is not None
    store.write(lambda session: session.catalogue.keep_only(set()))
    store.write(lambda session: session.catalogue.drop_some(now=NOW))
    with pytest.raises(VqdError, match="dropped meanwhile"):
        store.write(lambda session: session.catalogue.give("gpu2", key, "a" * 64, now=NOW))
    assert names_of(store, "gpu2") == ()


def test_what_a_daemon_left_half_written_is_dropped_once_later_ones_are_old(
    store: Store, place: Place
) -> None:
    left = store.write(lambda session: session.catalogue.begin())
    store.write(lambda session: session.catalogue.add(left, [ClassEntry.of("Blur", BLUR)]))
    learn(store, "gpu1", "a" * 64, many("A").items, now=NOW)
    learn(store, "gpu1", "b" * 64, many("B").items, now=NOW + 60)
    assert count(place, "catalogues") == 2
    learn(store, "gpu1", "c" * 64, many("C").items, now=NOW + 60 + BEGUN_LONG_AGO_S)
    assert count(place, "catalogues") == 1


def test_its_version_changes_with_every_change_and_with_nothing_else(store: Store) -> None:
    def version() -> str:
        with store.reading() as session:
            return session.catalogue.version()

    versions = [version()]
    for server, sha in (("gpu1", "a"), ("gpu2", "a"), ("gpu1", "b")):
        told(store, server, {"Blur": BLUR}, sha)
        versions.append(version())
    assert len(set(versions)) == 4
    told(store, "gpu1", {"Blur": BLUR}, "b")
    assert version() == versions[-1]
    store.write(lambda session: session.catalogue.keep_only({"gpu1"}))
    assert version() not in versions


def test_a_signature_that_changed_is_told_until_it_is_as_it_was(store: Store) -> None:
    wider = an_entry(image=["IMAGE", {}], radius=["INT", {"min": 1, "max": 64}])
    change = SignatureChange(
        "Blur", "radius", "INT, required, min 1, max 31", "INT, required, min 1, max 64", NOW
    )

    def changes() -> list[SignatureChange]:
        with store.reading() as session:
            return session.catalogue.changes("gpu1", {"Loader", "Blur"})

    told(store, "gpu1", {"Blur": BLUR}, "a")
    assert changes() == []
    assert told(store, "gpu1", {"Blur": wider}, "b") == Learned(1, 1, (change,))
    assert changes() == [change]
    told(store, "gpu1", {"Blur": BLUR}, "a")
    assert changes() == []


def test_a_class_that_went_is_a_change_and_one_that_is_new_is_none(store: Store) -> None:
    told(store, "gpu1", {"Blur": BLUR}, "a")
    told(store, "gpu1", {"Loader": LOADER}, "b")
    with store.reading() as session:
        changes = session.catalogue.changes("gpu1", {"Loader", "Blur"})
    assert changes == [SignatureChange("Blur", WHOLE, "gives IMAGE", None, NOW)]


def test_bounds_that_json_has_not_and_names_in_any_script_are_kept(store: Store) -> None:
    told(store, "gpu1", {"Ünï 節点": an_entry(n=["INT", {"min": -(1 << 70), "max": float("inf")}])})
    with store.reading() as session:
        found = session.catalogue.node_class("gpu1", "Ünï 節点")
    assert found is not None
    assert found.inputs["n"].attributes == {"min": -(1 << 70), "max": float("inf")}


def test_more_classes_than_are_cached_are_all_found(
    store: Store, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "CACHED_CHARS", 1000)
    names = [f"Class{number}" for number in range(40)]
    told(store, "gpu1", dict.fromkeys(names, BLUR))
    assert count(place, "node_entries") == 1
    with store.reading() as session:
        for name in [*names, *names]:
            found = session.catalogue.node_class("gpu1", name)
            assert found is not None
            assert found.name == name


def test_claims_go_on_while_a_big_catalogue_comes_in(store: Store) -> None:
    accept_a_job(store, total=200)
    claimed: list[bool] = []
    big = {f"Class{number}": an_entry(n=[[str(number)] * 2000, {}]) for number in range(400)}
    learning = threading.Thread(target=told, args=(store, "gpu1", big))
    learning.start()
    while learning.is_alive() and len(claimed) < 200:
        prompt = store.write(
            lambda session: session.prompts.claim("gpu1", f"p{len(claimed)}", now=NOW)
        )
        claimed.append(prompt is not None)
    learning.join()
    assert len(claimed) >= 5
    assert all(claimed)


def test_it_is_read_beside_the_daemon(store: Store, place: Place) -> None:
    told(store, "gpu1", {"Blur": BLUR})
    reader = StoreReader(place)
    with reader.reading() as session:
        assert session.catalogue.class_names("gpu1") == ("Blur",)
    reader.close()
