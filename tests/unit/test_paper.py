"""Paper for the hours in which Homeward is down: numbers that notice slips, forms, whom to ring."""

import json
import re
from datetime import date, time
from uuid import uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from broker import paper
from broker.__main__ import commands
from broker.cli import app as cli
from broker.cli import pages
from broker.cli.agencies import with_phones
from broker.clock import SystemClock
from broker.directory import Directory, Override, Registered
from broker.errors import Misuse
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.paper import Way, form_number_is_right, form_numbers
from broker.working_time import ALWAYS, OFFICE, OpeningHours
from schemas.kinds import FROM_AGENCIES
from tests import examples as e
from tests.outbox import post

DAY = date(2026, 11, 21)
PHONE = "01922 555 0100"

days = st.dates(date(2026, 1, 1), date(2060, 12, 31))
firsts = st.integers(0, paper.NUMBERS - 1)
numbers = st.builds(lambda day, first: form_numbers(day, first, 1)[0], days, firsts)


@pytest.fixture
def homeward(tmp_path, capsys, monkeypatch):
    """Runs a command in a home of its own; the answer is exit code, output and errors."""
    for name in ("HOMEWARD_KAFKA", "HOMEWARD_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))

    def run(*arguments):
        code = cli.run(commands(), [str(each) for each in arguments])
        said = capsys.readouterr()
        return code, said.out, re.sub(r"\s+", " ", said.err)

    return run


@pytest.fixture
def ledger(tmp_path):
    """A ledger in that home, on which a home in Stoke and the council of Walsall are."""
    opened = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    opened.create(SystemClock())
    now = SystemClock().now()
    with opened.deciding() as connection:
        agencies.add(connection, e.HOME, "Beech House", e.STOKE, {}, now)
        walsall = {"emergency-duty": {"phone": PHONE}}
        agencies.add(connection, e.WALSALL, "Walsall", None, walsall, now)
    yield opened
    opened.close()


def printed(homeward, *arguments):
    code, out, err = homeward("paper", *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def names(said):
    return [contact["agency"] for contact in said["contacts"]]


# -- numbers


@given(days, firsts, st.integers(0, 300))
def test_numbers_of_one_print_never_repeat_and_are_right(day, first, count):
    found = form_numbers(day, first, count)

    assert len(set(found)) == count
    assert all(map(form_number_is_right, found))
    assert all(number.startswith(f"P-{day:%Y%m%d}-") for number in found)


@given(numbers, st.data())
def test_one_wrong_character_is_noticed(number, data):
    place = data.draw(st.integers(0, len(number) - 1))
    typed = data.draw(st.characters(codec="ascii"))
    assume(typed != number[place])

    assert not form_number_is_right(number[:place] + typed + number[place + 1 :])


@given(numbers, st.data())
def test_two_characters_that_changed_places_are_noticed(number, data):
    place = data.draw(st.integers(0, len(number) - 2))
    one, other = number[place], number[place + 1]
    assume(one != other)

    assert not form_number_is_right(number[:place] + other + one + number[place + 2 :])


@given(numbers, st.data())
def test_a_character_left_out_or_typed_twice_is_noticed(number, data):
    place = data.draw(st.integers(0, len(number) - 1))

    assert not form_number_is_right(number[:place] + number[place + 1 :])
    assert not form_number_is_right(number[:place] + number[place] + number[place:])


def test_the_check_character_is_that_of_the_standard():
    # ISO 7064 MOD 11-2: digit times 2^place, summed from the right with the check, leaves 1.
    digits = "2026112100000012"
    weighed = sum(int(digit) * 2**place for place, digit in enumerate(reversed(digits), 1))

    assert form_numbers(DAY, 12, 1) == [f"P-20261121-00000012-{(1 - weighed) % 11}"]
    assert form_number_is_right("P-20261121-40064008-1")
    assert not form_number_is_right("P-20261121-40064008-X")
    assert not form_number_is_right("")


def test_a_check_character_of_ten_is_an_x():
    found = form_numbers(DAY, 0, 40)

    assert {number[-1] for number in found} == set("0123456789X")


# -- forms


@pytest.mark.parametrize("kind", paper.FORMS)
def test_a_form_has_a_box_for_every_field_of_its_message(kind):
    (form,) = paper.forms([kind], 1, DAY, 0)

    shown = {box.field.partition(".")[0] for box in form.boxes}
    assert shown == FROM_AGENCIES[kind].model_fields.keys() - paper.HEAD


def boxes(kind):
    return {box.field: box for box in paper.forms([kind], 1, DAY, 0)[0].boxes}


def test_a_box_is_filled_in_as_its_field_wants_it():
    found = boxes("missing.notification")

    assert found["last_seen_at"].way is Way.time
    assert found["child.birth_date"].way is Way.date
    assert found["circumstances"].way is Way.lines
    assert found["child.given_name"].way is Way.line
    assert found["risk"].choices == ("high", "medium", "low", "very low")
    assert found["lives.address_protected"].choices == ("yes", "no")
    assert found["trafficked"].choices == ("yes", "no", "not known")
    assert found["risk_factors"].way is Way.tick_any
    assert found["category"].required
    assert not found["parents_told.told"].required
    assert "unrecognised" not in {word for box in found.values() for word in box.choices}


def test_words_chosen_for_paper_are_for_fields_that_exist():
    there = {box.field.rpartition(".")[2] for kind in paper.FORMS for box in boxes(kind).values()}

    assert paper.WORDS.keys() | paper.HINTS.keys() <= there


def test_an_agency_gets_the_forms_that_it_may_send():
    assert paper.forms_for(None) == list(paper.FORMS)
    assert "safe-and-well.outcome" not in paper.forms_for("provider")
    assert "safe-and-well.outcome" in paper.forms_for("police")
    assert "missing.notification" in paper.forms_for("provider")


# -- whom to telephone


def contact(contacts, agency):
    return next(each for each in contacts if each.agency == agency)


def desk(contacts, address):
    desks = contact(contacts, address.partition("/")[0]).desks
    return next(each for each in desks if each.address == address)


def test_a_council_has_its_own_desks_and_its_police():
    found = paper.concerned(Directory.shipped(), e.WALSALL)

    assert [each.agency for each in found] == [e.WALSALL, "police.E23000014"]
    front_door = desk(found, f"{e.WALSALL}/front-door")
    assert front_door.hours == "Monday to Friday 08:30 to 17:00, not on bank holidays"
    assert front_door.cover == "Walsall emergency duty team"
    assert desk(found, f"{e.WALSALL}/emergency-duty").hours == "day and night"
    assert desk(found, f"{e.WALSALL}/on-call-manager").cover == ""
    assert desk(found, f"{e.WALSALL}/iro-service").phone == ""
    assert desk(found, "police.E23000014/control-room")
    assert desk(found, "police.E23000014/missing-unit")


def test_a_home_has_its_council_its_police_and_whom_it_dealt_with():
    directory = Directory.shipped().with_agencies([Registered(e.HOME, "Beech House", e.STOKE)])

    found = paper.concerned(directory, e.HOME, [e.WALSALL])

    around = [e.HOME, e.STAFFORDSHIRE_POLICE, e.STOKE, e.WALSALL]
    assert [each.agency for each in found] == around
    assert desk(found, f"{e.HOME}/night-staff")


def test_a_force_has_the_councils_and_homes_of_its_area():
    directory = Directory.shipped().with_agencies([Registered(e.HOME, "Beech House", e.STOKE)])

    found = [each.agency for each in paper.concerned(directory, e.STAFFORDSHIRE_POLICE)]

    assert found[0] == e.STAFFORDSHIRE_POLICE
    assert set(found[1:]) == {e.STOKE, e.STAFFORDSHIRE, e.HOME}


def test_every_desk_that_covers_another_is_on_the_sheet():
    found = paper.concerned(Directory.shipped(), e.WALSALL)
    names = {each.name for contact in found for each in contact.desks}

    assert {each.cover for contact in found for each in contact.desks} <= names | {""}


def test_a_number_that_was_recorded_is_printed():
    override = {"front-door": Override(phone=PHONE)}
    directory = Directory.shipped().with_agencies([Registered(e.WALSALL, functions=override)])

    assert desk(paper.concerned(directory, e.WALSALL), f"{e.WALSALL}/front-door").phone == PHONE


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (ALWAYS, "day and night"),
        (OFFICE, "Monday to Friday 08:30 to 17:00, not on bank holidays"),
        (
            OpeningHours(frozenset({5, 6}), time(9), time(12), on_bank_holidays=True),
            "Saturday, Sunday 09:00 to 12:00, also on bank holidays",
        ),
        (
            OpeningHours(frozenset({0, 2, 4}), time(9), time(17)),
            "Monday, Wednesday, Friday 09:00 to 17:00, not on bank holidays",
        ),
    ],
)
def test_hours_are_in_words(hours, words):
    assert paper.hours_in_words(hours) == words


def test_numbers_are_of_desks_that_the_agency_has():
    found = with_phones(e.WALSALL, {"front-door": {"rings": True}}, [f"front-door={PHONE}"])

    assert found == {"front-door": {"rings": True, "phone": PHONE}}
    assert with_phones(e.HOME, {}, ["night-staff=101"])["night-staff"] == {"phone": "101"}
    for wrong in ("reception=101", "front-door", "front-door=", "front-door=ask Robin"):
        with pytest.raises(Misuse, match="--phone"):
            with_phones(e.WALSALL, {}, [wrong])


# -- the print


def every_page():
    contacts = paper.concerned(Directory.shipped(), e.STAFFORDSHIRE_POLICE)
    forms = paper.forms(paper.forms_for(None), 1, DAY, 0)
    sheet = pages.contact_pages(contacts, "Staffordshire Police", e.FRIDAY_NIGHT)
    return sheet, [(form, pages.form_pages(form)) for form in forms]


def test_a_page_fits_the_paper():
    sheet, forms = every_page()

    for page in [*sheet, *(page for _, each in forms for page in each)]:
        lines = page.splitlines()
        assert len(lines) <= pages.LINES
        assert max(map(len, lines)) <= pages.WIDTH
        assert "\f" not in page
        assert "\u00a0" not in page


def test_every_page_of_a_form_says_its_number_and_no_other():
    for form, each in every_page()[1]:
        for page in each:
            assert set(re.findall(r"P-[0-9]{8}-[0-9]{8}-[0-9X]", page)) == {form.number}


def test_a_form_asks_for_the_true_times_and_who_was_rung():
    for _, each in every_page()[1]:
        first = " ".join(each[0].split())
        for words in ("When it happened", "When you were told", "Told by", "WHO WAS TELEPHONED"):
            assert words in first


def test_every_box_is_on_the_page():
    for form, each in every_page()[1]:
        text = "".join(each)
        for box in form.boxes:
            assert all(f"[ ] {choice}" in text for choice in box.choices)


# -- the command


def test_it_prints_without_a_ledger_and_without_kafka(homeward):
    code, out, err = homeward("paper", "--for", e.WALSALL, "--copies", 1)

    assert code == 0
    assert "no ledger" in err
    assert "Walsall emergency duty team" in out
    found = re.findall(r"^\f?HOMEWARD FORM (\S+) +page 1 ", out, re.MULTILINE)
    assert len(found) == len(set(found)) == len(paper.forms_for("la"))
    assert out.count("\f") == len(re.findall(r"page \d+ of \d+$", out, re.MULTILINE)) - 1


def test_two_prints_have_no_number_in_common(homeward):
    one, other = (
        {form["number"] for form in printed(homeward, "--for", e.WALSALL)["forms"]}
        for _ in range(2)
    )

    # By lot: two prints of twelve forms meet once in four million times.
    assert one.isdisjoint(other)


def test_programs_get_the_same_as_json(homeward):
    said = printed(homeward, "--for", e.STAFFORDSHIRE_POLICE, "--copies", 3)

    assert len(said["forms"]) == 3 * len(paper.forms_for("police"))
    assert said["forms"][0].keys() == {"number", "kind", "title", "says", "boxes"}
    assert said["contacts"][0]["desks"][0].keys() == {"address", "name", "hours", "cover", "phone"}
    assert form_number_is_right(said["forms"][0]["number"])
    assert printed(homeward, "--copies", 0)["forms"] == []


def test_the_whole_country_is_short_of_each_agency(homeward):
    said = printed(homeward, "--copies", 0)

    assert len(said["contacts"]) == 175 + 43
    walsall = next(each for each in said["contacts"] if each["agency"] == e.WALSALL)
    functions = [each["address"].partition("/")[2] for each in walsall["desks"]]
    assert functions == ["front-door", "emergency-duty", "on-call-manager"]


def test_who_is_on_this_homeward_is_printed_with_numbers(homeward, ledger):
    said = printed(homeward, "--copies", 0)

    assert set(names(said)) >= {e.HOME, e.STOKE, e.WALSALL, e.STAFFORDSHIRE_POLICE}
    walsall = next(each for each in said["contacts"] if each["agency"] == e.WALSALL)
    assert PHONE in {each["phone"] for each in walsall["desks"]}
    assert PHONE in homeward("paper", "--for", e.WALSALL, "--copies", 0)[1]


def test_whom_a_home_had_to_do_with_is_on_its_sheet(homeward, ledger):
    assert e.WALSALL not in names(printed(homeward, "--for", e.HOME))

    now = SystemClock().now()
    post(ledger, {"destination": f"inbox.{e.WALSALL}", "message": 1}, at=now)
    row = {
        "number": 1,
        "message_id": uuid4(),
        "sender": e.HOME,
        "from_address": f"{e.HOME}/night-staff",
        "kind": "missing.notification",
        "digest": b"0" * 32,
        "occurred_at": now,
        "accepted_at": now,
        "exercise": False,
        "value": b"",
    }
    with ledger.deciding() as connection:
        connection.execute(t.message.insert().values(row))

    assert e.WALSALL in names(printed(homeward, "--for", e.HOME))
    assert e.HOME in names(printed(homeward, "--for", e.WALSALL))


def test_a_broken_ledger_stops_no_print(homeward, tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"this was a ledger" * 100)

    code, out, err = homeward("paper", "--for", e.WALSALL, "--copies", 0)

    assert code == 0
    assert "cannot be read" in err
    assert "Walsall emergency duty team" in out


def test_an_agency_nobody_knows_is_not_printed_for(homeward):
    code, _, err = homeward("paper", "--for", "provider.SC000000")

    assert code == 2
    assert "not known here" in err
