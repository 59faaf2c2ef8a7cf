"""Letters and forms: each has its words, and holds what its recipient may see and no more."""

import re
from datetime import UTC, date, datetime
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.cli.letter_pages import html_of, shape, text_of
from broker.errors import Misuse
from broker.letters.items import ADCS, ARRIVAL, LETTER, REGULATION_41, Form, Recipient, visible_to
from broker.letters.page import Letter, State
from broker.letters.words import Words
from broker.letters.writing import Withheld, render
from broker.policy.model import View
from broker.views import seen
from broker.working_time import in_full
from schemas import placement
from schemas.child import Reference, Scheme
from schemas.placement import Contact, PlacementArrival, PlacementNotice, RiskBlock, ToldOutside
from tests import examples as e
from tests.any_message import SOME

CHRISTMAS_EVE = datetime(2026, 12, 24, 17, tzinfo=UTC)
ADDRESS = "Beech House, 12 Elm Street, Stoke-on-Trent, ST4 1AA"
CARER = Contact(name="Jo Carer", phone="01632 960020", email="jo@example.org")
NOTES = "Seen with older men near the canal"
NEEDS = "Nightmares since the spring"
FAMILIES = (Recipient.parent, Recipient.contact_holder, Recipient.previous_carer)
NO_RISKS = (*FAMILIES, Recipient.gp, Recipient.school)
TYPES = {
    "planned": "new", "emergency": "new", "change": "change", "ending": "ending", "ended": "ended"
}  # fmt: skip


def notice(**changes):
    said = {
        "child": e.child(),
        "stage": "planned",
        "placement": "PL-4711/2",
        "responsible_authority": e.WALSALL,
        "host_authority": e.STOKE,
        "distance": "at-a-distance",
        "starts_at": CHRISTMAS_EVE,
        "home": e.HOME,
        "type": "K2",
        "legal_status": "C2",
        "address": ADDRESS,
        "carer_contact": CARER,
        "social_worker": Contact(name="Alex Worker", phone="01632 960011", email="a@example.org"),
        "school_name": "Sample Academy",
        "gp": "Sample Surgery",
        "needs": NEEDS,
        "risk": RiskBlock(factors=("missing-before", "self-harm"), notes=NOTES),
    }
    return PlacementNotice(**e.envelope(e.WALSALL, "placements", CHRISTMAS_EVE) | said | changes)


def arrival(**changes):
    said = {"child": e.child(), "stage": "admitted", "placing_authority": e.WALSALL}
    return PlacementArrival(**e.envelope(e.HOME, "night-staff", CHRISTMAS_EVE) | said | changes)


def items(letter):
    return {each.item: each for section in letter.sections for each in section.items}


def said(letter):
    return {name: each.words for name, each in items(letter).items() if each.state == "stated"}


def everything(letter):
    """All that a letter or form shows, in each of its shapes."""
    return "\n".join((text_of(letter), html_of(letter), repr(shape(letter))))


def every_paper(message):
    """Every letter and form of a notice, each with its recipient."""
    for to, form in product(Recipient, (Form.letter, Form.adcs)):
        found = render(message, to, form)
        if isinstance(found, Letter):
            yield to, found


# -- letters


@pytest.mark.parametrize("stage", TYPES)
@pytest.mark.parametrize("to", Recipient)
def test_each_letter_has_words_of_its_own_for_each_recipient(stage, to):
    words = Words.shipped()
    letter = render(notice(stage=stage, ends_at=datetime(2027, 3, 1, 9, tzinfo=UTC)), to)

    assert letter.type == TYPES[stage]
    assert letter.title == words(f"letters.{letter.type}.title")
    assert letter.greeting == words(f"recipients.{to}.greeting")
    assert "Robin Example" in letter.opening[0]
    assert words(f"letters.{letter.type}.to.{to}") in letter.opening
    assert not re.search(r"\$\w", everything(letter).replace("$$", ""))


def test_no_two_recipients_and_no_two_types_are_told_in_the_same_words():
    words = Words.shipped()
    told = [
        words(f"letters.{type}.to.{to}")
        for type in ("new", "change", "ending")
        for to in Recipient
    ]  # fmt: skip

    assert len(set(told)) == len(told)


def test_a_time_is_spelled_out_by_the_clock_in_london():
    letter = render(notice(), Recipient.parent)

    assert "starts on Thursday 24 December 2026 at 17:00" in letter.opening[0]
    assert said(letter)["birth_date"] == "Monday 16 May 2011"


def test_a_time_in_the_hour_that_comes_twice_says_which_it_is():
    summer, winter = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))

    assert in_full(summer) == "Sunday 25 October 2026 at 01:30 BST"
    assert in_full(winter) == "Sunday 25 October 2026 at 01:30 GMT"
    assert in_full(datetime(2026, 7, 1, 16, tzinfo=UTC)) == "Wednesday 1 July 2026 at 17:00"


def test_an_emergency_says_that_it_is_one():
    assert any("emergency" in text for text in render(notice(stage="emergency"), "host").opening)
    assert not any("emergency" in text for text in render(notice(), "host").opening)


def test_a_placement_to_end_or_ended_says_when():
    ends = datetime(2027, 7, 1, 8, 30, tzinfo=UTC)

    for stage in ("ending", "ended"):
        letter = render(notice(stage=stage, ends_at=ends), Recipient.school)
        assert "Thursday 1 July 2027 at 09:30" in letter.opening[0]
        assert any("regulation 14" in text for text in letter.notes)


def test_an_end_without_a_time_says_that_none_is_stated():
    letter = render(notice(stage="ending"), Recipient.parent)

    assert "a date that is not stated" in letter.opening[0]


def test_law_is_that_of_the_responsible_council():
    england, wales = (
        render(notice(responsible_authority=council), Recipient.gp).notes
        for council in (e.WALSALL, "la.W06000015")
    )

    assert any("(England) Regulations 2010" in text for text in england)
    assert any("(Wales) Regulations 2015" in text for text in wales)
    assert not any("England" in text for text in wales)


def test_a_withdrawn_notice_asks_for_nothing_but_to_be_forgotten():
    message = notice(action="cancel", replaces=notice().message_id)
    letter = render(message, Recipient.school)

    assert letter.type == "withdrawn"
    assert "withdrawn" in letter.opening[0]
    assert len(letter.opening) == 1
    assert "starts_at" not in items(letter)
    assert any("WITHDRAWN" in mark for mark in letter.marks)


def test_a_corrected_notice_and_a_drill_say_so_first():
    message = notice(action="update", replaces=notice().message_id, exercise=True)

    exercise, corrected = render(message, Recipient.parent).marks
    assert exercise.startswith("EXERCISE")
    assert "corrects" in corrected


def test_codes_are_shown_with_what_they_mean():
    letter = render(notice(type="U6", reason_for_change="CARPL"), Recipient.host)

    assert said(letter)["legal_status"] == "C2: full care order"
    assert said(letter)["type"] == "U6: foster placement with another carer, not long term"
    assert said(letter)["reason_for_change"].startswith("CARPL: ")


def test_a_code_without_a_meaning_is_shown_alone():
    assert Words.shipped().meaning("type", "X9") == "X9"


def test_every_code_of_the_schema_that_is_explained_exists():
    kinds = {
        "legal_status": placement.LegalStatus,
        "type": placement.PlacementType,
        "provider": placement.ProviderCode,
        "reason_for_change": placement.ReasonForChange,
    }
    there = {f"{of}.{code}" for of, kind in kinds.items() for code in kind}

    assert Words.shipped()._codes.keys() <= there


def test_a_word_from_a_newer_version_is_not_guessed():
    letter = render(notice(type="unrecognised"), Recipient.host)

    assert "does not know" in said(letter)["type"]
    with pytest.raises(Misuse, match="stage"):
        render(notice(stage="unrecognised"), Recipient.host)


def test_risks_are_spoken_of_even_where_none_is_stated():
    silent = items(render(notice(risk=None), Recipient.host))["risks"]
    asked = items(render(notice(risk=RiskBlock(none_known=True)), Recipient.host))["risks"]

    assert (silent.words, silent.state) == ("not stated", State.not_stated)
    assert asked.words == "none known; it was asked"


@pytest.mark.parametrize(
    ("risk", "words"),
    [
        ({"factors": ("missing-before", "self-harm")}, "yes: missing before"),
        ({"factors": ("county-lines",)}, "yes: county lines"),
        ({"factors": ("gang", "trafficking")}, "yes: gang, trafficking"),
        ({"unaccompanied": True}, "yes: unaccompanied"),
        ({"factors": ("self-harm",)}, "no"),
        ({"none_known": True}, "no"),
        ({}, None),
    ],
)
def test_it_says_whether_the_police_of_the_area_are_told_too(risk, words):
    assert said(render(notice(risk=RiskBlock(**risk)), Recipient.host)).get("police") == words


# -- what a recipient may see


def test_a_host_sees_all_and_a_family_what_it_may():
    host, parent = (render(notice(), to) for to in (Recipient.host, Recipient.parent))

    assert {"needs", "risk_notes", "address", "carer_contact"} <= said(host).keys()
    assert said(parent)["address"] == ADDRESS
    assert "Jo Carer" in said(parent)["carer_contact"]
    assert not {"needs", "risks", "risk_notes"} & said(parent).keys()


def test_each_who_is_no_council_sees_these_items_and_no_other():
    everybody = (
        "stage name birth_date responsible_authority starts_at ends_at social_worker "
        "emergency_contact social_worker_name social_worker_phone social_worker_email adcs_stage "
    )
    where = "host_authority home address carer_contact expected_until "
    agency = "also_known_as sex legal_status type "
    sees = {
        "health": f"{where}{agency}nhs_number iro next_review_on school health gp needs "
        "education_plan disability",
        "gp": f"{where}{agency}nhs_number health gp disability",
        "school": f"{where}{agency}upn school iro next_review_on education_plan",
        "parent": f"{where}legal_status type iro next_review_on school gp",
        "contact-holder": where,
        "previous-carer": "",
    }

    for to, items_seen in sees.items():
        assert visible_to(Recipient(to), False) == {*everybody.split(), *items_seen.split()}, to


def test_a_previous_carer_is_not_told_where_the_child_is():
    assert ADDRESS not in everything(render(notice(), Recipient.previous_carer))
    assert "Stoke" not in everything(render(notice(), Recipient.previous_carer))


@pytest.mark.parametrize("to", Recipient)
def test_every_item_that_may_be_seen_is_one_of_a_letter(to):
    known = {item for items in (*LETTER.values(), *ADCS.values()) for item in items}

    assert visible_to(to, False) <= known
    assert visible_to(to, True) <= visible_to(to, False)


@pytest.mark.parametrize("to", [to for to in Recipient if to is not Recipient.host])
def test_a_protected_address_is_for_the_host_alone(to):
    message = notice(
        address_protected=True,
        provides="Care at 12 elm\nStreet, near Beech House",
        needs="To be near ST4 1AA",
        why_suitable=f"It is {ADDRESS}",
        told_outside=(ToldOutside(who="gp", told="told", reason="wrote from 12 Elm Street"),),
        emergency_contact=Contact(function="Duty team for 12  Elm Street"),
    )

    for form in (Form.letter, Form.adcs):
        shown = " ".join(everything(render(message, to, form)).split()).lower()
        for part in ("elm", "beech", "st4", "jo carer", "960020", "sc999001"):
            assert part not in shown, part


@pytest.mark.parametrize("to", FAMILIES)
def test_where_the_address_is_protected_a_family_does_not_learn_the_area(to):
    shown = everything(render(notice(address_protected=True), to))

    for part in ("Stoke", "Sample Academy", "Sample Surgery"):
        assert part not in shown
    assert "The address is protected" in shown


def test_a_host_is_told_that_the_address_is_protected():
    letter = render(notice(address_protected=True), Recipient.host)

    assert said(letter)["address"] == ADDRESS
    assert any("protected" in mark for mark in letter.marks)


@pytest.mark.parametrize("view", [View.summary, View.signal])
def test_a_host_with_a_part_of_the_notice_gets_no_more_and_hears_so(view):
    whole = notice(address_protected=True)
    letter = render(seen(whole, view, whole.message_id), Recipient.host, Form.adcs, view=view)

    assert ADDRESS not in everything(letter)
    assert "Robin" not in everything(letter)
    assert items(letter)["name"].state is State.not_shown
    assert items(letter)["name"].words == "not shown in the view of this delivery"
    as_letter = render(seen(whole, view, whole.message_id), Recipient.host, view=view)
    assert any("only a part" in note for note in as_letter.notes)


def test_a_protected_address_is_not_shown_in_part_of_a_notice():
    letter = render(notice(address_protected=True), Recipient.host, view=View.summary)

    assert "Elm" not in everything(letter)


@pytest.mark.parametrize("to", FAMILIES)
def test_a_part_of_a_notice_is_taken_for_one_of_a_protected_address(to):
    part = notice().model_copy(update={"address": None, "carer_contact": None})
    shown = everything(render(part, to, view=View.summary))

    assert "SC999001" not in shown
    assert "Stoke" not in shown


def test_numbers_of_a_child_go_to_those_who_use_them():
    numbers = [("nhs-number", "9990000018"), ("upn", "A123456789012"), ("la-person-id", "4711")]
    held = tuple(
        Reference(holder=e.WALSALL, scheme=Scheme(name), value=value) for name, value in numbers
    )
    message = notice(child=e.child(references=held))

    assert said(render(message, "gp"))["nhs_number"] == "999 000 0018"
    assert said(render(message, "school"))["upn"] == "A123456789012"
    for to in FAMILIES:
        shown = everything(render(message, to))
        assert not any(value in shown for value in ("999 000", "A1234", ": 4711"))


notices = SOME[PlacementNotice]
hidden = st.builds(
    lambda message, protected, contact: message.model_copy(
        update={
            "address": "Qqaddress 77 Zzstreet",
            "address_protected": protected,
            "needs": "Qqneeds of the child",
            "carer_contact": contact,
            "risk": (message.risk or RiskBlock()).model_copy(
                update={"notes": "Qqnotes on risks", "measures": "Qqmeasures"}
            ),
        }
    ),
    notices.filter(lambda message: message.stage != "unrecognised"),
    st.booleans(),
    st.just(Contact(name="Qqcarer", phone="Qqphone")),
)


@settings(max_examples=40, deadline=None)
@given(hidden)
def test_no_paper_shows_more_than_its_recipient_may_see(message):
    for to, paper in every_paper(message):
        shown = everything(paper)
        if to in NO_RISKS:
            assert not any(part in shown for part in ("Qqnotes", "Qqneeds", "Qqmeasures"))
            factors = () if message.risk is None else message.risk.factors or ()
            assert not any(item.item == "risks" and item.state == "stated" and factors
                           for section in paper.sections for item in section.items)  # fmt: skip
        if to is not Recipient.host and message.address_protected:
            assert not any(part in shown for part in ("Qqaddress", "Zzstreet", "Qqcarer"))


@settings(max_examples=40, deadline=None)
@given(notices.filter(lambda message: message.stage != "unrecognised"))
def test_any_notice_becomes_a_page_that_is_whole(message):
    for _, paper in every_paper(message):
        assert page(html_of(paper))
        assert all(len(line) <= 80 for line in text_of(paper).split("\n"))


# -- from whom it is withheld


@pytest.mark.parametrize("to", FAMILIES)
@pytest.mark.parametrize("form", [Form.letter, Form.adcs])
def test_from_whom_it_is_withheld_gets_no_letter(to, form):
    told = ToldOutside(who=to, told="withheld", reason="Threats were made")
    found = render(notice(told_outside=(told,)), to, form)

    assert isinstance(found, Withheld)
    assert "significant harm (regulation 13(3))" in found.ground
    assert "Threats were made" in found.ground


def test_withheld_from_one_is_not_withheld_from_another():
    told = ToldOutside(who="parent", told="withheld", reason="Threats were made")

    assert isinstance(render(notice(told_outside=(told,)), Recipient.gp), Letter)


def test_a_ground_that_the_law_does_not_know_stops_the_letter_too():
    told = ToldOutside(who="gp", told="withheld", reason="Not thought needed")
    found = render(notice(told_outside=(told,)), Recipient.gp)

    assert isinstance(found, Withheld)
    assert "only from parents" in found.ground


def test_a_ground_does_not_quote_a_protected_address():
    told = ToldOutside(who="parent", told="withheld", reason="Came to 12 Elm Street")
    found = render(notice(told_outside=(told,), address_protected=True), Recipient.parent)

    assert "Elm" not in found.ground


def test_told_or_not_practicable_is_not_withheld():
    for state in ("told", "not-practicable", "not-yet"):
        told = ToldOutside(who="parent", told=state, reason="No address known")
        assert isinstance(render(notice(told_outside=(told,)), Recipient.parent), Letter)


# -- forms


ADCS_ITEMS = [
    "name", "also_known_as", "birth_date", "sex", "responsible_authority", "social_worker_name",
    "social_worker_phone", "social_worker_email", "emergency_contact", "iro", "legal_status",
    "adcs_stage", "starts_at", "ends_at", "expected_until", "type", "home", "provides",
    "carer_contact", "address", "education_plan", "disability", "needs", "care_plan_sent",
    "offending", "mental_health", "risks", "risk_notes", "unaccompanied", "police",
]  # fmt: skip


def test_the_adcs_form_has_every_item_of_its_list():
    assert list(items(render(notice(), Recipient.host, Form.adcs))) == ADCS_ITEMS


def test_the_adcs_form_says_where_the_notice_says_nothing():
    bare = PlacementNotice(
        **e.envelope(e.WALSALL, "placements", CHRISTMAS_EVE),
        child=e.child(), stage="change", responsible_authority=e.WALSALL, host_authority=e.STOKE,
        distance="adjoining", starts_at=CHRISTMAS_EVE,
    )  # fmt: skip
    form = render(bare, Recipient.host, Form.adcs)

    assert said(form).keys() == {
        "name", "birth_date", "responsible_authority", "adcs_stage", "starts_at"
    }  # fmt: skip
    silent = items(form).keys() - said(form).keys()
    assert all(items(form)[item].words == "not stated" for item in silent)
    assert all(items(form)[item].state is State.not_stated for item in silent)


@pytest.mark.parametrize(
    ("stage", "words"),
    [("planned", "new"), ("emergency", "new"), ("change", "change"), ("ending", "end"),
     ("ended", "end")],
)  # fmt: skip
def test_the_adcs_form_says_new_change_or_end(stage, words):
    assert said(render(notice(stage=stage), "host", Form.adcs))["adcs_stage"].startswith(words)


def test_the_adcs_form_says_what_is_not_for_its_recipient():
    form = render(notice(), Recipient.parent, Form.adcs)

    assert list(items(form)) == ADCS_ITEMS
    assert items(form)["risks"].state is State.not_for_recipient
    assert items(form)["offending"].words == "not for this recipient"


def test_regulation_41_has_exactly_the_list_of_the_law():
    form = render(
        arrival(
            section_20_or_21="no", care_or_supervision_order="yes", education_plan="yes",
            education_plan_authority=e.STAFFORDSHIRE, remarks="Came by car",
            expected_until=date(2027, 1, 1), iro=Contact(name="Sam Reviewer", phone="01632 960010"),
            placing_authority_contact=Contact(function="Children in care", phone="01632 960011"),
        ),
        Recipient.host,
    )  # fmt: skip

    assert form.form is Form.regulation_41
    assert said(form) == {
        "name": "Robin Example",
        "birth_date": "Monday 16 May 2011",
        "section_20_or_21": "no",
        "care_or_supervision_order": "yes",
        "placing_authority": "Walsall",
        "placing_authority_contact": "Children in care, telephone 01632 960011",
        "iro": "Sam Reviewer, telephone 01632 960010",
        "education_plan": "yes",
        "education_plan_authority": "Staffordshire",
    }
    assert "admitted to provider SC999001 on Thursday 24 December 2026" in form.opening[0]
    assert "Came by car" not in everything(form)


def test_regulation_41_says_what_is_not_stated():
    form = render(arrival(), Recipient.host)

    assert tuple(items(form)) == REGULATION_41["regulation"]
    assert items(form)["iro"].words == "not stated"
    no_plan = render(arrival(education_plan="no"), Recipient.host)
    assert said(no_plan)["education_plan_authority"] == "does not apply"


def test_a_home_may_write_a_letter_of_an_arrival_or_a_discharge():
    came = render(arrival(), Recipient.host, Form.letter)
    moved = {"authority": e.STAFFORDSHIRE, "address": ADDRESS}
    left = render(arrival(stage="discharged", moved_to=moved), Recipient.host, Form.letter)

    assert (came.type, left.type) == ("admitted", "discharged")
    assert said(left)["moved_to"] == f"{ADDRESS}, Staffordshire"


@pytest.mark.parametrize("where", ["message", "residence"])
def test_a_discharge_does_not_say_where_to_if_that_is_protected(where):
    moved = {"address": ADDRESS, "authority": e.STAFFORDSHIRE}
    moved |= {"address_protected": where == "residence"}
    message = arrival(
        stage="discharged", moved_to=moved, remarks="A taxi took Robin to 12 Elm Street",
        address_protected=where == "message",
    )  # fmt: skip
    shown = everything(render(message, Recipient.host, Form.letter))

    assert "Elm" not in shown
    assert "Staffordshire" not in shown
    assert "(protected)" in shown


def test_supported_accommodation_has_a_letter_and_not_regulation_41():
    message = arrival(setting="supported-accommodation")

    assert render(message, Recipient.host).form is Form.letter
    with pytest.raises(Misuse, match="children's homes"):
        render(message, Recipient.host, Form.regulation_41)


@pytest.mark.parametrize(
    ("message", "to", "form", "words"),
    [
        (notice(), "host", Form.regulation_41, "placement.arrival"),
        (arrival(), "host", Form.adcs, "placement.notice"),
        (arrival(), "parent", None, "--to host"),
        (e.notification(), "host", None, "missing.notification"),
    ],
)
def test_what_cannot_be_made_of_a_message_says_why(message, to, form, words):
    with pytest.raises(Misuse, match=words):
        render(message, Recipient(to), form)


@settings(max_examples=30, deadline=None)
@given(SOME[PlacementArrival].filter(lambda message: message.stage != "unrecognised"))
def test_any_arrival_becomes_a_form_and_a_letter(message):
    if message.setting is placement.Setting.childrens_home:
        form = render(message, Recipient.host, Form.regulation_41)
        assert tuple(items(form)) == REGULATION_41["regulation"]
    letter = render(message, Recipient.host, Form.letter)
    assert items(letter).keys() <= {item for rows in ARRIVAL.values() for item in rows}
    moved = message.moved_to
    if moved and moved.address and (moved.address_protected or message.address_protected):
        assert said(letter)["moved_to"] == "(protected)"


# -- shapes


def page(text):
    """The page as a parser sees it: every element closed; what it is made of."""
    from html.parser import HTMLParser

    empty = {"meta", "br", "col"}

    class Reader(HTMLParser):
        def __init__(self):
            super().__init__(convert_charrefs=True)
            self.open, self.found, self.words = [], [], []

        def handle_starttag(self, tag, attributes):
            self.found.append((tag, dict(attributes)))
            if tag not in empty:
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

        def handle_data(self, data):
            if "style" not in self.open:
                self.words.append(data)

    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open
    return reader


def test_a_page_is_whole_and_needs_nothing_else():
    for form in (Form.letter, Form.adcs):
        text = html_of(render(notice(), Recipient.host, form))
        tags = [tag for tag, _ in page(text).found]

        assert text.startswith('<!DOCTYPE html>\n<html lang="en-GB">')
        assert not {"script", "link", "img", "iframe", "base", "object", "form"} & {*tags}
        assert "<script" not in text
        assert "http" not in text
        assert "url(" not in text
        assert "@import" not in text
        assert tags.count("style") == tags.count("title") == tags.count("h1") == 1
        assert "size: A4" in text


def test_a_page_can_be_read_by_ear():
    found = page(html_of(render(notice(), Recipient.host, Form.adcs))).found
    heads = [attributes for tag, attributes in found if tag == "th"]
    named = {attributes.get("id") for tag, attributes in found if tag == "h2"}

    assert all(head.get("scope") in ("row", "col") for head in heads)
    assert {head["scope"] for head in heads} == {"row", "col"}
    assert all(
        attributes["aria-labelledby"] in named for tag, attributes in found if tag == "table"
    )
    assert next(tag for tag, _ in found if tag in ("h1", "h2", "h3")) == "h1"
    assert not any(attribute.startswith("on") for _, each in found for attribute in each)


def test_a_page_escapes_whatever_a_message_says():
    evil = "</td><script>alert('x')</script> & \"q\""
    message = notice(
        child=e.child(given_name=evil), needs=evil, placement=evil[:90],
        carer_contact=Contact(name=evil), address=evil,
    )  # fmt: skip
    text = html_of(render(message, Recipient.host))

    assert "<script" not in text
    assert evil in "".join(page(text).words)


def test_the_title_of_a_page_names_no_child():
    text = html_of(render(notice(), Recipient.parent))

    assert "Robin" not in re.search(r"<title>(.*)</title>", text)[1]


def test_nothing_in_a_message_moves_a_cursor_or_turns_the_writing_round():
    bad = "one\x9b2Jtwo\rthree\u202efour\u2028five\x85six"
    message = notice(needs=bad, gp=bad, child=e.child(given_name=bad))
    shown = everything(render(message, Recipient.host))

    assert not {"\x9b", "\r", "\u202e", "\u2028", "\x85"} & {*shown}
    assert "one 2Jtwo three four five six" in said(render(message, Recipient.host))["needs"]


def test_items_can_be_had_as_data():
    found = shape(render(notice(), Recipient.parent, Form.adcs))

    assert (found["form"], found["type"], found["to"]) == ("adcs", "new", "parent")
    by_name = {each["item"]: each for each in found["items"]}
    assert by_name["name"]["said"] == "Robin Example"
    assert by_name["risks"]["said"] is None
    assert by_name["risks"]["state"] == "not-for-recipient"
    assert by_name["ends_at"]["state"] == "not-stated"


# -- words


def test_every_item_section_and_recipient_has_words():
    words = Words.shipped()
    rows = [*LETTER.items(), *ARRIVAL.items(), *ADCS.items(), *REGULATION_41.items()]

    for section, names in rows:
        assert words.has(f"sections.{section}")
        assert all(words.has(f"items.{item}") for item in names)
    assert all(words.has(f"recipients.{to}.{part}") for to in Recipient
               for part in ("name", "greeting"))  # fmt: skip


def test_shipped_words_keep_the_rules_for_words():
    from importlib import resources

    text = resources.files("broker").joinpath("data", "letters.yaml").read_text("utf-8")

    assert Words.shipped().changed(text, "letters.yaml") == Words.shipped()


def test_a_council_may_change_any_words():
    own = "letters:\n  new:\n    title: New home for $child\nwords:\n  not_stated: unknown\n"
    words = Words.shipped().changed(own, "ours.yaml")

    letter = render(notice(), Recipient.parent, words=words)
    assert letter.title == "New home for Robin Example"
    assert items(render(notice(), "host", Form.adcs, words))["ends_at"].words == "unknown"
    assert letter.greeting == "Dear parent,"


def test_words_cannot_show_what_a_recipient_may_not_see():
    own = "letters:\n  new:\n    opening: $child is with $home in $host\n"
    words = Words.shipped().changed(own, "ours.yaml")

    shown = everything(render(notice(address_protected=True), Recipient.parent, words=words))
    assert "is with not stated in an area that is not named here" in shown


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("letters:\n  new:\n    titel: x\n", "did you mean letters.new.title"),
        ("letters:\n  new:\n    title: $address\n", r"may say .*, and not \$address"),
        ("items:\n  name: $child\n", "may say no field"),
        ("letters:\n  new:\n    title: costs $ 5\n", r"\$\$"),
        ("letters:\n  new:\n    title: 5\n", "must be words"),
        ("letters: [a]\n", "must be words"),
        ("- a\n", "must be words"),
        ("", "must be words"),
        ("a: [\n", "not YAML: line"),
        ("a: b\na: c\n", "not YAML: line"),
        ("a: !!python/object:x {}\n", "not YAML"),
    ],
)
def test_wrong_words_are_refused_with_what_is_wrong(own, words):
    with pytest.raises(Misuse, match=words) as refused:
        Words.shipped().changed(own, "ours.yaml")

    assert str(refused.value).startswith("ours.yaml")
