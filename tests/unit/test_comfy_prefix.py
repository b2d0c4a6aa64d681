import pytest

from vqd.comfy.prefix import prefix_of


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("a_cfg3.5_s7", "a_cfg3.5_s7"),
        ("v1..2...3", "v1.2.3"),
        ("100%batch_num%", "100_batch_num_"),
        ("ünï 日本", "ünï 日本"),
        ('a:b?"c"', "a_b_c_"),
        ("trailing. ", "trailing"),
        ("...", "output"),
        ("\ud800", "_"),
    ],
)
def test_a_prefix_is_what_a_server_can_write_and_serve(name: str, prefix: str) -> None:
    assert prefix_of(name) == prefix


def test_a_long_name_is_cut_between_two_letters() -> None:
    assert prefix_of("日" * 200) == "日" * 40
