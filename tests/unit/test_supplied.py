"""What agencies supply beside their messages: read from a file, or refused with its line."""

from datetime import date

import pytest

from broker.errors import Misuse
from broker.reports.supplied import read


def written(tmp_path, text):
    file = tmp_path / "beside.yaml"
    file.write_text(text, "utf-8")
    return file


def test_what_is_supplied_is_read(tmp_path):
    found = read(
        written(
            tmp_path,
            "# of the board\ntargets: {episodes: 40}\ntop: 10\n"
            "identify_homes:\n  provider.SC999001: 2026-04-01\nearlier_caf: [child-1]\n",
        )
    )

    assert found["targets"] == {"episodes": 40}
    assert found["top"] == 10
    assert found["identify_homes"] == {"provider.SC999001": date(2026, 4, 1)}
    assert found["earlier_caf"] == ["child-1"]


def test_a_figure_is_supplied_with_where_it_is_from(tmp_path):
    text = "figures:\n  units-told: {count: 9, of: 12, source: Llamau, collected: 2026-09-30}\n"

    found = read(written(tmp_path, text))["figures"]["units-told"]

    assert (found["count"], found["of"], found["collected"]) == (9, 12, date(2026, 9, 30))


def test_an_empty_file_supplies_nothing(tmp_path):
    assert read(written(tmp_path, "# nothing yet\n")) == {}


WRONG = {
    "a name that no report knows": ("top: 10\ntop_n: 15\n", "beside.yaml:2: top_n is not supplied"),
    "a number that is none": ("top: ten\n", "beside.yaml:1: top is written like this: top: 15"),
    "a day that is none": (
        "\nidentify_homes: {provider.SC1: soon}\n",
        "beside.yaml:2: identify_homes is written like this",
    ),
    "a figure without its count": (
        "figures: {units-told: {of: 12}}\n",
        "beside.yaml:1: figures is written like this",
    ),
    "a list": ("- top: 10\n", "beside.yaml:1: write `name: value` lines"),
    "no YAML": ("top: [1\nseed: 2\n", "this is no YAML"),
    "the same twice": ("top: 10\ntop: 11\n", "this is no YAML"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, says):
    with pytest.raises(Misuse) as caught:
        read(written(tmp_path, text))

    assert says in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Misuse, match="cannot be read"):
        read(tmp_path / "none.yaml")
