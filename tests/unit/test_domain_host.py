"""The machines whose daemons share a queue."""

from dataclasses import replace

import pytest

from vqd.domain.host import Host, told_apart

HOST = Host("0aaa-1", "render", 0.0, 10.0)


@pytest.mark.parametrize(
    ("silent_s", "state", "said"),
    [
        (0.0, "heard", None),
        (5.0, "heard", None),
        (5.4, "silent", "silent for 5 s; its prompts go elsewhere after 10 s"),
        (600.0, "silent", "silent for 10 min; its prompts go elsewhere after 10 s"),
        (None, "gone", "gone: ended, or silent for 10 s; its prompts go elsewhere"),
    ],
)
def test_a_host_that_has_missed_two_beats_is_silent_and_says_so(
    silent_s: float | None, state: str, said: str | None
) -> None:
    host = replace(HOST, silent_s=silent_s)
    assert (host.state, host.said) == (state, said)


def test_hosts_are_called_as_their_machines_are_by_name() -> None:
    assert [one.name for one in told_apart([replace(HOST, name="b"), replace(HOST, name="a")])] == [
        "a",
        "b",
    ]


def test_hosts_of_one_name_are_told_apart_by_as_much_of_their_homes_as_that_takes() -> None:
    homes = ["site-one", "site-two", "other"]
    alike = [replace(HOST, home=home) for home in homes]
    single = replace(HOST, name="a", home="site-three")
    named = {one.home: one.name for one in told_apart([*alike, single])}
    assert named == {
        "site-one": "render/site-o",
        "site-two": "render/site-t",
        "other": "render/other",
        "site-three": "a",
    }
