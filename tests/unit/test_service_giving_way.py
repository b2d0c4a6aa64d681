import sys

import pytest

from tests.waiting import wait_for
from vqd.service.aside import Aside
from vqd.service.giving_way import SOON_S, giving_way


def test_others_wait_less_as_long_as_any_thread_computes_for_long() -> None:
    usual_s = sys.getswitchinterval()
    with giving_way():
        with giving_way():
            pass
        assert sys.getswitchinterval() == pytest.approx(SOON_S)
    assert sys.getswitchinterval() == usual_s


def test_what_is_carried_out_aside_gives_way() -> None:
    aside, seen = Aside("test"), []
    aside.start()
    aside.carry_out(lambda: seen.append(sys.getswitchinterval()))
    wait_for(lambda: seen, within_s=30)
    aside.stop()
    assert seen == [pytest.approx(SOON_S)]
