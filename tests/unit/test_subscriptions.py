"""What may be asked for, what matches, and who has a tie: tables of cases."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from broker.directory import Directory, Registered
from broker.episode import Fact
from broker.errors import Rejected
from broker.policy.model import View
from broker.subscriptions.request import asked_for
from broker.subscriptions.rights import (
    Agreement,
    Filter,
    Placed,
    Subscription,
    Ties,
    areas_counted,
    latest_until,
    matches,
    placed,
)
from tests.examples import HOME, STAFFORDSHIRE, STOKE, WALSALL
from tests.scenarios.subscribers import HUB, SHROPSHIRE, request

NOW = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
KNOWN = Directory.shipped()
NOBODY = Ties()
CHILD = Placed(STOKE, "West Midlands", WALSALL, HOME, frozenset({"planned"}))


def acting(*councils, agency=HUB):
    return Ties({agency: frozenset(councils)})


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (Filter(), True),
        (Filter(hosts=(STOKE,)), True),
        (Filter(hosts=(SHROPSHIRE, STOKE)), True),
        (Filter(hosts=(SHROPSHIRE,)), False),
        (Filter(region="West Midlands"), True),
        (Filter(region="London"), False),
        (Filter(hosts=(STOKE,), region="London"), False),
        (Filter(placed_by=(WALSALL,)), True),
        (Filter(placed_by=(STOKE,)), False),
        (Filter(homes=(HOME,)), True),
        (Filter(homes=("provider.SC999002",)), False),
        (Filter(stages=("planned", "ended")), True),
        (Filter(stages=("ended",)), False),
        (Filter(hosts=(STOKE,), placed_by=(WALSALL,), stages=("change",)), False),
    ],
)
def test_each_part_of_a_filter_narrows(asked, fits):
    assert matches(asked, CHILD) is fits


@pytest.mark.parametrize(
    ("agency", "ties", "view"),
    [
        (STOKE, NOBODY, View.full),
        (WALSALL, NOBODY, View.full),
        (SHROPSHIRE, NOBODY, None),
        (HUB, NOBODY, None),
        (HUB, acting(WALSALL), View.summary),
        (HUB, acting(STOKE), View.summary),
        (HUB, acting(SHROPSHIRE), None),
        (SHROPSHIRE, acting(WALSALL, agency=SHROPSHIRE), View.summary),
        (STOKE, acting(WALSALL, agency=STOKE), View.full),
    ],
)
def test_what_an_agency_sees_hangs_on_its_tie_to_the_child(agency, ties, view):
    assert ties.view(agency, STOKE, WALSALL) is view


def test_no_tie_comes_from_what_is_not_known():
    assert NOBODY.view("", "", "") is None
    assert NOBODY.view(HUB, "", "") is None


@pytest.mark.parametrize(
    ("day", "ended_at", "holds"),
    [
        (date(2026, 4, 30), None, True),
        (date(2026, 5, 1), None, False),
        (date(2026, 4, 1), NOW, False),
    ],
)
def test_an_agreement_holds_up_to_its_last_day_or_until_it_is_ended(day, ended_at, holds):
    it = Agreement(1, HUB, WALSALL, "Agreement", date(2026, 4, 30), NOW, ended_at)

    assert (WALSALL in Ties.of([it], day).councils(HUB)) is holds


def fact(kind="placement.notice", **said):
    return Fact(1, "m", kind, WALSALL, f"{WALSALL}/placements", NOW, NOW, 1, said)


def test_what_is_said_itself_comes_before_what_is_known_and_former_codes_count_as_todays():
    former = next(old for old in KNOWN._agencies if KNOWN.canonical(old) == "la.E06000060")
    said = fact(lives_in=former, home="-", stage="planned")

    found = placed(said, STOKE, WALSALL, KNOWN)

    assert (found.placed_by, found.home, found.region) == (WALSALL, "", "South East")
    assert found.host == KNOWN.canonical(former)


def test_no_home_says_against_the_council_whose_child_it_is():
    said = fact("placement.arrival", responsible=SHROPSHIRE, lives_in=STOKE, stage="admitted")

    assert placed(said, STOKE, WALSALL, KNOWN).placed_by == WALSALL
    assert placed(said, STOKE, "", KNOWN).placed_by == SHROPSHIRE


def test_what_a_home_says_fits_the_stages_that_it_bears_out():
    came = placed(fact(stage="admitted"), STOKE, WALSALL, KNOWN)
    left = placed(fact(stage="discharged"), STOKE, WALSALL, KNOWN)

    assert matches(Filter(stages=("planned",)), came)
    assert not matches(Filter(stages=("planned",)), left)
    assert matches(Filter(stages=("ended",)), left)


# -- what may be asked for


def refused(ties=NOBODY, sender=STOKE, **changes):
    with pytest.raises(Rejected) as found:
        asked_for(request(NOW, sender, **changes), ties, NOW, KNOWN)
    assert found.value.detail[0].islower()
    return found.value.code, found.value.field


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"purpose": None}, "incomplete", "purpose"),
        ({"purpose": "  "}, "incomplete", "purpose"),
        ({"legal_basis": None}, "incomplete", "legal_basis"),
        ({"data_protection_contact": None}, "incomplete", "data_protection_contact"),
        ({"until": None}, "incomplete", "until"),
        ({"until": date(2026, 3, 25)}, "until-out-of-range", "until"),
        ({"until": date(2027, 3, 27)}, "until-out-of-range", "until"),
        ({"hosts": []}, "too-broad", "hosts"),
        ({"region": "Middle-earth"}, "unknown-region", "region"),
        ({"region": "London"}, "invalid", "region"),
        ({"homes": ["la.E06000021"]}, "not-a-home", "homes"),
        ({"to": f"{WALSALL}/placements"}, "not-your-desk", "to"),
        ({"stages": ["unrecognised"]}, "invalid", "stages"),
        ({"hosts": [SHROPSHIRE], "homes": [HOME]}, "singles-out", "homes"),
        ({"hosts": [SHROPSHIRE], "stages": ["planned"]}, "singles-out", "stages"),
        ({"hosts": [SHROPSHIRE], "placed_by": [WALSALL]}, "singles-out", "placed_by"),
        ({"hosts": [STOKE, SHROPSHIRE], "stages": ["planned"]}, "singles-out", "stages"),
        ({"hosts": [], "region": "West Midlands", "homes": [HOME]}, "singles-out", "homes"),
        ({"hosts": [], "placed_by": [WALSALL, STOKE]}, "singles-out", "placed_by"),
        ({"hosts": [], "homes": [HOME]}, "singles-out", "homes"),
        ({"hosts": [], "stages": ["emergency"]}, "singles-out", "stages"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_the_field_and_what_to_do(changes, code, field):
    assert refused(**changes) == (code, field)


@pytest.mark.parametrize(
    ("sender", "changes", "ties"),
    [
        (STOKE, {}, NOBODY),
        (STOKE, {"homes": [HOME], "stages": ["planned"], "placed_by": [WALSALL]}, NOBODY),
        (STOKE, {"hosts": [SHROPSHIRE, STAFFORDSHIRE]}, NOBODY),
        (STOKE, {"hosts": [], "region": "west midlands"}, NOBODY),
        (STOKE, {"hosts": [], "placed_by": [STOKE], "stages": ["planned"]}, NOBODY),
        (STOKE, {"until": date(2026, 3, 26)}, NOBODY),
        (STOKE, {"until": date(2027, 3, 26)}, NOBODY),
        (HUB, {"hosts": [SHROPSHIRE]}, NOBODY),
        (HUB, {"hosts": [WALSALL], "homes": [HOME]}, acting(WALSALL, STOKE)),
    ],
)
def test_what_a_tie_covers_or_only_names_areas_may_be_asked_for(sender, changes, ties):
    assert not asked_for(request(NOW, sender, **changes), ties, NOW, KNOWN).is_empty


def test_councils_go_by_their_codes_of_today_and_regions_as_they_are_written():
    former = next(old for old in KNOWN._agencies if KNOWN.canonical(old) == "la.E06000060")

    asked = asked_for(request(NOW, hosts=[former], region="south east"), NOBODY, NOW, KNOWN)

    assert asked == Filter(hosts=("la.E06000060",), region="South East")


def test_a_home_in_the_own_area_is_tied_once_the_directory_knows_where_it_is():
    known = KNOWN.with_agencies([Registered(HOME, "The Beeches", STOKE)])
    asked = request(NOW, hosts=[], homes=[HOME])

    assert asked_for(asked, NOBODY, NOW, known).homes == (HOME,)


def test_the_twelve_months_end_on_the_same_day_of_the_next_year():
    assert latest_until(datetime(2028, 2, 29, 12, tzinfo=UTC)) == date(2029, 2, 28)
    assert latest_until(datetime(2026, 3, 31, 23, 30, tzinfo=UTC)) == date(2027, 4, 1)


def test_a_last_day_ends_in_london_and_warns_thirty_days_before():
    it = Subscription(
        id=UUID(int=1),
        message=1,
        subscriber=STOKE,
        address=f"{STOKE}/performance",
        exercise=False,
        filter=Filter(hosts=(STOKE,)),
        until=date(2026, 4, 10),
        asked_at=NOW,
        changed_at=NOW,
        state="approved",
        started_at=NOW,
    )

    assert it.ends_at == datetime(2026, 4, 10, 23, tzinfo=UTC)
    assert it.warns_at == datetime(2026, 3, 11, 0, tzinfo=UTC)
    assert it.gone_at == datetime(2026, 5, 10, 23, tzinfo=UTC)
    assert it.runs(it.ends_at - timedelta(microseconds=1))
    assert not it.runs(it.ends_at)


@pytest.mark.parametrize(
    ("asked", "agency", "ties", "areas"),
    [
        (Filter(hosts=(STOKE,)), STOKE, NOBODY, ()),
        (Filter(hosts=(STOKE, SHROPSHIRE)), STOKE, NOBODY, (SHROPSHIRE,)),
        (Filter(placed_by=(STOKE,), hosts=(SHROPSHIRE,)), STOKE, NOBODY, ()),
        (Filter(hosts=(STOKE,)), HUB, acting(STOKE), ()),
        (Filter(hosts=(STOKE,)), HUB, NOBODY, (STOKE,)),
        (Filter(placed_by=(STOKE,)), HUB, NOBODY, ()),
    ],
)
def test_counts_are_of_the_areas_asked_for_that_are_not_the_subscribers_own(
    asked, agency, ties, areas
):
    assert areas_counted(asked, ties.councils(agency), KNOWN) == areas


def test_a_region_names_every_area_in_it_but_the_subscribers_own():
    areas = areas_counted(Filter(region="West Midlands"), NOBODY.councils(STOKE), KNOWN)

    assert len(areas) == 14
    assert STOKE not in areas
