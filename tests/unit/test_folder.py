"""A folder of drops: which files are whole, and where they go."""

import os

import pytest

from broker.errors import Misuse
from broker.exchange.table import FileType
from producers.exchange import answers
from producers.exchange.answers import ACCEPTED, Answered
from producers.exchange.feeding import shown
from producers.exchange.folder import TAKEN, Folder, content_of
from producers.exchange.taken import Taken
from tests.scenarios.drops import compact
from tests.unit.test_exchange import NOW, POLICE, told

WHOLE = b"a,b\n1,2\n"


@pytest.fixture
def drops(tmp_path):
    return Folder(tmp_path, FileType.csv, quiet=2, patience=60)


def drop(folder, name, content, changed=0):
    file = folder.path / name
    file.write_bytes(content)
    os.utime(file, ns=(changed, changed))
    return file


def ready(folder, now):
    return [file.name for file in folder.ready(now)]


def test_a_file_is_ready_once_it_has_been_still_for_a_while(drops):
    drop(drops, "drop.csv", WHOLE)

    assert ready(drops, 0) == []
    assert ready(drops, 1.9) == []
    assert ready(drops, 2) == ["drop.csv"]


def test_a_file_that_grows_is_left_alone_as_long_as_it_does(drops):
    for second in range(0, 10):
        drop(drops, "drop.csv", WHOLE * (second + 1), changed=second)
        assert ready(drops, second) == []
    assert ready(drops, 11) == ["drop.csv"]


def test_a_file_that_stops_in_the_middle_of_a_line_has_time_to_go_on(drops):
    drop(drops, "drop.csv", WHOLE + b"3,")

    assert ready(drops, 0) == []
    assert ready(drops, 59) == []
    assert ready(drops, 60) == ["drop.csv"], "somebody has to hear of it"


@pytest.mark.parametrize(
    "name", ["drop.csv.part", ".drop.csv", "drop.csv.tmp", "~$drop.csv", "notes.md", "DROP.CSV~"]
)
def test_what_is_not_ready_by_its_name_is_left_alone(drops, name):
    drop(drops, name, WHOLE)
    drops.ready(0)

    assert ready(drops, 100) == []
    assert drops.waiting() == []


def test_a_link_is_never_followed_out_of_the_folder_and_is_named(drops, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
    secret.write_bytes(WHOLE)
    (drops.path / "drop.csv").symlink_to(secret)
    drops.ready(0)

    assert ready(drops, 100) == []
    assert drops.waiting() == []
    assert drops.links == {"drop.csv"}
    with pytest.raises(OSError, match="symbolic"):
        content_of(drops.path / "drop.csv")


def test_nothing_is_put_away_through_a_link(drops, tmp_path_factory):
    file = drop(drops, "drop.csv", WHOLE)
    (drops.path / TAKEN).symlink_to(tmp_path_factory.mktemp("elsewhere"))

    with pytest.raises(Misuse, match="is a link"):
        drops.put_away(file, TAKEN)


def test_the_name_of_a_file_cannot_write_on_the_screen():
    assert shown("drop\n\x1b[31m.csv") == "drop??[31m.csv"


def test_the_oldest_file_comes_first(drops):
    drop(drops, "b.csv", WHOLE, changed=1)
    drop(drops, "a.csv", WHOLE, changed=2)
    drops.ready(0)

    assert ready(drops, 2) == ["b.csv", "a.csv"]


def test_a_file_is_put_away_over_none_that_was_put_away_before(drops):
    for expected in ("drop.csv", "drop.2.csv", "drop.3.csv"):
        goal = drops.put_away(drop(drops, "drop.csv", WHOLE), TAKEN)
        goal.write_bytes(WHOLE)
        assert goal == drops.path / TAKEN / expected


def test_a_folder_that_is_gone_is_named(drops, tmp_path):
    tmp_path.rmdir()

    with pytest.raises(Misuse, match="cannot be read any more"):
        drops.ready(0)


def test_answers_are_in_the_order_of_the_lines_and_no_formula_for_a_spreadsheet(tmp_path):
    file = tmp_path / "answers.csv"

    answers.write(file, [Answered(3, ACCEPTED, reference="=1+1"), Answered(2, ACCEPTED)])

    lines = file.read_text().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["line", "2", "3"]
    assert "'=1+1" in lines[2]
    assert [one.name for one in tmp_path.iterdir()] == ["answers.csv"]


def test_what_was_sent_is_known_again_after_a_crash_and_by_when_it_was_sent(tmp_path):
    (line,) = told(compact()).prepared
    ids = [one.message_id for one in line.messages]
    later = NOW.replace(hour=13)
    with Taken(tmp_path / "feeds" / f"{POLICE.agency}.sqlite") as taken:
        assert {one.accepted for one in taken.first_sent(ids, NOW).values()} == {False}
    with Taken(tmp_path / "feeds" / f"{POLICE.agency}.sqlite") as taken:
        again = taken.first_sent(ids, later)
        assert {one.sent_at for one in again.values()} == {NOW}
        taken.accepted(ids[0], "shared", later)
        assert taken.first_sent(ids, later)[ids[0]].episode == "shared"
        assert taken.first_sent(ids, later)[ids[0]].accepted
