"""Files of other systems: what is read, what is wrong and where, and what they become."""

import json
from datetime import UTC, date, datetime, timedelta
from importlib import resources

import pytest

from broker.directory import Directory
from broker.errors import Misuse
from broker.exchange import listing, mapping, periods
from broker.exchange.reading import as_entries, as_messages
from broker.exchange.table import FileType, Shape, looks_whole, read
from broker.exchange.told import Speaker
from broker.exchange.words import WORDS
from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE
from tests.scenarios.drops import as_csv, as_lines, compact, shipped

KNOWN = Directory.shipped()
NOW = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
POLICE = Speaker(STAFFORDSHIRE_POLICE, "missing-unit", NOW)
FEBRUARY = (date(2026, 2, 1), date(2026, 2, 28))


def cells(content, **shape):
    found = read(content, Shape(**shape))
    return [(line.number, *line.cells.values()) for line in found.lines]


def problems(content, **shape):
    return [(one.line, one.code) for one in read(content, Shape(**shape)).problems]


# -- the file


@pytest.mark.parametrize(
    ("content", "shape", "found"),
    [
        (b"a,b\n1,2\n", {}, [(2, "1", "2")]),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", {}, [(2, "1", "2")]),
        (b"a;b\n1;2", {"delimiter": ";"}, [(2, "1", "2")]),
        (b"a,b\n\n1,2\n,\n3,4\n", {}, [(3, "1", "2"), (5, "3", "4")]),
        (b'a,b\n"1\n1",2\n3,4\n', {}, [(2, "1\n1", "2"), (4, "3", "4")]),
        ("a\nZo\xeb\n".encode("cp1252"), {"encoding": "cp1252"}, [(2, "Zo\xeb")]),
        (b'[{"a": {"b": 1}, "c": null, "d": [1, "x"], "e": true}]', {"type": FileType.json},
         [(1, "1", "", "1; x", "true")]),
        (b'{"a": 1}\n\n{"a": 2}\n', {"type": FileType.json_lines}, [(1, "1"), (3, "2")]),
    ],
)  # fmt: skip
def test_each_line_has_its_number_and_its_cells(content, shape, found):
    assert cells(content, **shape) == found
    assert problems(content, **shape) == []


@pytest.mark.parametrize(
    ("content", "shape", "found"),
    [
        (b"", {}, [(0, "unreadable")]),
        (b"a,b\n1\n1,2\n1,2,3\n", {}, [(2, "cells"), (4, "cells")]),
        (b"a,a\n1,2\n", {}, [(1, "unreadable")]),
        ("a\nb\nZo\xeb\n".encode("cp1252"), {}, [(3, "unreadable")]),
        (b"a\nb\0c\n", {}, [(2, "unreadable")]),
        (b'a,b\n1,2\n"3,4\n5,6\n', {}, [(3, "unreadable")]),
        (b'[{"a": 1}, 5]', {"type": FileType.json}, [(2, "unreadable")]),
        (b'{"a": 1}', {"type": FileType.json}, [(1, "unreadable")]),
        (b'[{"a": 1},', {"type": FileType.json}, [(1, "unreadable")]),
        (b"[" * 100_000, {"type": FileType.json}, [(0, "unreadable")]),
        (b'{"a": 1}\n{"a": \n', {"type": FileType.json_lines}, [(2, "unreadable")]),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(content, shape, found):
    assert problems(content, **shape) == found


@pytest.mark.parametrize(
    ("content", "type", "whole"),
    [
        (b"a,b\n1,2\n", FileType.csv, True),
        (b"a,b\n1,", FileType.csv, False),
        (b'[{"a": 1}]', FileType.json, True),
        (b'[{"a": 1}', FileType.json, False),
        (b'{"a": 1}\n{"a"', FileType.json_lines, False),
    ],
)
def test_a_file_that_stops_short_does_not_look_whole(content, type, whole):
    assert looks_whole(content, type) is whole


# -- the mapping

OURS = """\
mapping: ours
says: Our own system
sends: messages
columns:
  reference: Ref
  child_reference: Person
  category: {column: Kind, words: {MIS: missing, ABS: absent}}
  reported_at: {column: Reported, time: "%d/%m/%Y %H:%M"}
"""


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("reference: Ref", "referense: Ref", "ours.yaml:5: unknown word 'referense'; did you mean"),
        ("MIS: missing", "MIS: mising", "ours.yaml:7: category is none of missing, absent, away"),
        ("  reference: Ref\n", "", "ours.yaml:1: 'reference' is mapped to nothing"),
        ('time: "%d/%m/%Y %H:%M"', 'time: "DD/MM/YYYY"', "ours.yaml:8: 'DD/MM/YYYY' is no form"),
        ("reported_at:", "birth_date:", "ours.yaml:8: birth_date is day: say how that is written"),
        ("says: Our own system", "zone: Europe/Lundon", "ours.yaml:1: 'says' is missing"),
        ("sends: messages", "zone: Europe/Lundon", "ours.yaml:3: unknown time zone"),
        ("sends: messages", "file: {encoding: utf-88}", "ours.yaml:3: unknown encoding"),
        ("columns:", "values: {outcome: saef}\ncolumns:", "ours.yaml:4: outcome is none of"),
        ("  reference: Ref", "  reference: Ref\n  returned_at: Back", "an end needs the outcome"),
        ("  reference: Ref", "  reference: Ref\n  risk: Risk", "a risk needs its reason"),
        ("  reference: Ref", "  reference: Ref\n  interview_held_at: Held",
         "an interview that was held needs interview_independent"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_mapping_is_named_by_its_line(was, now, said):
    assert was in OURS
    with pytest.raises(Misuse) as wrong:
        mapping.read(OURS.replace(was, now, 1).encode(), "ours.yaml")
    assert said in str(wrong.value)


@pytest.mark.parametrize("name", mapping.shipped())
def test_the_mappings_that_come_with_homeward_can_be_read_and_changed(name):
    found = shipped(name)

    assert found.name == name
    assert found.words <= WORDS.keys()


@pytest.mark.parametrize("name", mapping.shipped())
def test_each_of_them_has_a_made_up_file_that_it_reads(name):
    found, content = shipped(name), mapping.example_text(name).encode()
    agency = STAFFORDSHIRE if "police" not in name and "niche" not in name else POLICE.agency
    later = Speaker(agency, "missing-unit", datetime(2026, 7, 1, tzinfo=UTC))
    june = (date(2026, 6, 1), date(2026, 6, 30))

    listed = as_entries(content, found, agency, june, KNOWN)

    assert (listed.problems, listed.unknown, len(listed.entries)) == ((), (), 2)
    if found.can_be_messages:
        told = as_messages(content, found, later, KNOWN)
        assert (told.problems, len(told.prepared)) == ((), 2)


# -- a line as messages


def told(*rows, which="police-extract", at=NOW):
    speaker = Speaker(STAFFORDSHIRE_POLICE, "missing-unit", at)
    return as_messages(as_csv(*rows, encoding="cp1252"), shipped(which), speaker, KNOWN)


def wrong(found):
    return [(one.line, one.column, one.code) for one in found.problems]


def test_a_line_is_told_as_its_sender_would_have_told_it():
    (line,) = told(compact()).prepared
    (said,) = line.messages

    assert (said.sender, said.from_address) == (POLICE.agency, POLICE.address)
    assert (said.episode, said.category) == ("C-1", "missing")
    assert said.last_seen_at == datetime(2026, 2, 28, 22, 40, tzinfo=UTC)
    assert said.occurred_at == said.reported_at == datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    assert said.child.references[0].value == "N-77"
    assert (said.care_status, said.responsible_authority) == ("looked-after", "la.E08000030")


OVER = {"DATE_RETURNED": "01/03/2026", "TIME_RETURNED": "06:00", "OUTCOME": "safe"}


def test_who_first_hears_of_an_absence_that_is_over_hears_its_end_before_its_beginning():
    (line,) = told(compact(**OVER)).prepared

    assert [one.KIND for one in line.messages] == ["missing.return", "missing.notification"]


def test_an_id_follows_from_what_is_said_and_not_from_when_it_is_sent():
    (first,), (later,) = told(compact()).prepared, told(compact(), at=NOW + timedelta(1)).prepared
    (other,) = told(compact(RISK="HIGH")).prepared

    assert first.messages[0].message_id == later.messages[0].message_id
    assert first.messages[0].sent_at != later.messages[0].sent_at
    assert first.messages[0].message_id != other.messages[0].message_id


def test_a_line_that_gained_an_end_tells_the_end_only():
    before = {one.message_id for one in told(compact()).prepared[0].messages}
    after = {one.message_id for one in told(compact(**OVER)).prepared[0].messages}

    assert before < after


def test_the_same_line_twice_is_told_once():
    first, second = told(compact(), compact()).prepared

    assert len(first.messages) == 1
    assert second.messages == ()


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"CATEGORY": "MISPER"}, ("CATEGORY", "unknown-word")),
        ({"DOB": "31/02/2011"}, ("DOB", "bad-date")),
        ({"DOB": "16/05/1911"}, ("DOB", "bad-date")),
        ({"DISTRICT": "LEEK"}, ("DISTRICT", "unknown-agency")),
        ({"REPORT_NO": ""}, ("REPORT NO", "lacking")),
        ({"TIME_RETURNED": "06:00", "DATE_RETURNED": "01/02/2026", "OUTCOME": "SAFE"},
         ("DATE RETURNED + TIME RETURNED", "ends-before-start")),
        ({"TIME_RETURNED": "06:00", "DATE_RETURNED": "01/03/2026"}, ("OUTCOME", "lacking")),
        ({"DATE_LAST_SEEN": "29/03/2026", "TIME_LAST_SEEN": "01:30"},
         ("DATE LAST SEEN + TIME LAST SEEN", "no-such-time")),
        ({"DATE_REPORTED": "28/02/2062"}, ("DATE REPORTED + TIME REPORTED", "in-future")),
        ({"FORENAME": "x" * 300}, ("FORENAME", "invalid")),
        ({"RISK_RATIONALE": ""}, ("", "invalid")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_line_and_column_and_never_quoted(changes, found):
    read = told(compact(), compact(REPORT_NO="C-2") | {
        name.replace("_", " "): cell for name, cell in changes.items()
    })  # fmt: skip

    assert (3, *found) in wrong(read)
    assert {line for line, _, _ in wrong(read)} == {3}
    assert [line.line for line in read.prepared] == [2], "a sound line is not held up"
    said = " ".join(one.words for one in read.problems)
    assert not any(cell and cell in said for cell in changes.values())


def test_an_hour_that_comes_twice_is_the_first_of_the_two():
    row = compact(DATE_LAST_SEEN="25/10/2025", TIME_LAST_SEEN="23:00", DATE_REPORTED="26/10/2025",
                  TIME_REPORTED="01:30")  # fmt: skip

    assert told(row).prepared[0].messages[0].reported_at == datetime(
        2025, 10, 26, 0, 30, tzinfo=UTC
    )


def test_a_file_of_another_system_is_refused_as_a_whole_with_what_it_lacks():
    read = told({"REPORT NO": "C-1", "SURNAME": "EXAMPLE"})

    assert read.prepared == ()
    assert wrong(read) == [(1, "", "no-column")]
    assert "NOMINAL REF" in read.problems[0].words


def test_columns_that_the_mapping_does_not_speak_of_are_named():
    assert told(compact() | {"SHIFT": "B", "OFFICER": "x"}).unknown == ("SHIFT",)


def test_the_number_of_the_system_before_is_how_an_absence_is_known():
    item = {
        "occurrence": "N-1", "previousReference": "C-1", "classification": "missing",
        "subject": {"nominal": "N-77", "given": "A", "family": "B", "born": "2011-05-16"},
        "reported": "2026-02-28T23:00:00Z", "location": {"council": "la.E06000021"},
    }  # fmt: skip
    read = as_messages(as_lines(item), shipped("niche-extract"), POLICE, KNOWN)

    begun, renumbered = read.prepared[0].messages
    assert begun.episode == renumbered.episode == "C-1"
    assert renumbered.police_reference == "N-1"


# -- a list


def listed(*rows, which="police-extract", period=FEBRUARY, agency=STAFFORDSHIRE_POLICE):
    return as_entries(as_csv(*rows, encoding="cp1252"), shipped(which), agency, period, KNOWN)


def test_a_list_says_no_more_of_an_absence_than_a_census_asks():
    read = listed(compact(RISK="???", FORENAME="x" * 300, **OVER))

    assert read.problems == ()
    (one,) = read.entries
    assert (one.entry.reference, one.entry.category) == ("C-1", "missing")
    assert one.entry.ended_at == datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
    assert not one.entry.day_only


def test_lines_of_another_period_and_second_lines_of_one_absence_are_left_out_and_named():
    march = {"DATE_LAST_SEEN": "01/03/2026", "DATE_REPORTED": "01/03/2026"}
    read = listed(compact(), compact(), compact(REPORT_NO="C-2", **march))

    assert [one.line for one in read.entries] == [2]
    assert [(one.line, one.code) for one in read.problems] == [(3, "twice"), (4, "outside-period")]
    assert read.wrong == ()


def test_a_list_of_another_period_is_no_word_that_nobody_was_missing():
    read = listed(compact(), period=(date(2026, 3, 1), date(2026, 3, 31)))

    assert [one.code for one in read.wrong] == ["wrong-period"]


def row_903(**cells):
    usual = {"CHILD": "4711", "DOB": "16/05/2011", "MISSING": "M", "MIS_START": "10/04/2025",
             "MIS_END": "11/04/2025"}  # fmt: skip
    return usual | cells


YEAR = (date(2025, 4, 1), date(2026, 3, 31))


def listed_903(*rows):
    return listed(*rows, which="ssda903-missing", period=YEAR, agency=STAFFORDSHIRE)


def test_a_list_of_days_is_compared_by_days_and_its_numbers_tell_nothing_of_a_child():
    (one,) = listed_903(row_903()).entries

    assert one.entry.day_only
    assert one.entry.started_at == datetime(2025, 4, 9, 23, 0, tzinfo=UTC)  # London's midnight
    assert one.entry.reference.startswith("line-")
    assert "4711" not in one.entry.reference
    assert one.entry.reference == listed_903(row_903(MIS_END="")).entries[0].entry.reference


def test_the_preview_of_a_return_names_the_rules_that_it_breaks():
    read = listed_903(row_903(), row_903(MIS_START="11/04/2025", MIS_END="02/04/2026"),
                      row_903(MIS_START="12/04/2025", MIS_END=""))  # fmt: skip

    assert [(one.line, one.code) for one in read.problems] == [(3, "rule-571"), (4, "rule-574")]
    assert len(read.entries) == 3


def test_a_long_list_comes_in_parts_of_one_list_whose_ids_follow_from_it():
    rows = [compact(REPORT_NO=f"C-{number}") for number in range(1001)]
    entries = [one.entry for one in listed(*rows).entries]

    first, second = listing.census(entries, FEBRUARY, POLICE, NOW)

    assert (len(first.entries), len(second.entries)) == (1000, 1)
    assert first.list_id == second.list_id
    later = Speaker(POLICE.agency, POLICE.desk, NOW + timedelta(hours=1))
    assert [one.message_id for one in listing.census(entries, FEBRUARY, later, NOW)] == [
        first.message_id, second.message_id,
    ]  # fmt: skip
    drawn_again = listing.census(entries, FEBRUARY, POLICE, NOW + timedelta(hours=1))
    assert drawn_again[0].message_id != first.message_id


def test_a_file_with_columns_and_no_line_is_a_nil_return():
    columns = as_csv(compact(), encoding="cp1252").splitlines(keepends=True)[0]
    read = as_entries(columns, shipped("police-extract"), STAFFORDSHIRE_POLICE, FEBRUARY, KNOWN)

    assert read.problems == ()
    (one,) = listing.census([], FEBRUARY, POLICE, NOW)
    assert one.nil


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-06", ("2026-06-01", "2026-06-30")),
        ("2026-Q2", ("2026-04-01", "2026-06-30")),
        ("2025-26", ("2025-04-01", "2026-03-31")),
        ("2026-06-09..2026-06-30", ("2026-06-09", "2026-06-30")),
        ("2026-13", None),
        ("2026-06-30..2026-06-09", None),
        ("June", None),
    ],
)
def test_a_period_is_a_month_a_quarter_a_year_of_returns_or_days(text, days):
    if days is None:
        with pytest.raises(Misuse, match="write a month as"):
            periods.read(text)
    else:
        assert tuple(day.isoformat() for day in periods.read(text)) == days
    assert periods.in_name(f"missing_{text}.csv") == (periods.read(text) if days else None)


def test_json_is_the_same_to_a_mapping_as_csv():
    text = OURS.replace("sends: messages", "sends: messages\nfile: {type: json}")
    ours = mapping.read(text.encode(), "ours.yaml")
    item = {"Ref": "A", "Person": 4711, "Kind": "mis", "Reported": "28/02/2026 23:00"}

    read = as_messages(json.dumps([item]).encode(), ours, POLICE, KNOWN)

    assert read.problems == ()
    assert read.prepared[0].messages[0].child.references[0].value == "4711"


# -- how to write one


def test_how_to_write_a_mapping_names_every_word_and_what_it_may_be():
    text = resources.files("broker.exchange").joinpath("MAPPING.md").read_text("utf-8")

    for name, word in WORDS.items():
        is_ = ", ".join(f"`{one}`" for one in word.choices) or str(word.sort)
        assert f"| `{name}` | {is_} | {word.says} |" in text


def test_the_mapping_in_how_to_write_one_can_be_read():
    text = resources.files("broker.exchange").joinpath("MAPPING.md").read_text("utf-8")

    found = mapping.read(text.partition("```yaml\n")[2].partition("```")[0].encode(), "MAPPING.md")

    assert found.columns["category"].turned("misper") == "missing"
    assert found.columns["category"].turned("anything") == "missing"
