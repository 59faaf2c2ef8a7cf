"""`scheme-outcomes`: children before, during and after a scheme, and how it went about it."""

import pytest

from tests.examples import STAFFORDSHIRE
from tests.scenarios.reports import report, rows, values
from tests.scenarios.thresholds import at
from tests.scenarios.worlds import gone, interviewed, joined, referred, said, times, young

SALFORD, GLOUCESTERSHIRE, BIRMINGHAM = "la.E08000006", "la.E10000013", "la.E08000025"
LAUREUS, BASE, ASTRA, LAMP = "service.laureus", "service.base-58", "service.astra", "service.lamp"


def course(child, service, made, started, ended, by):
    """Asked for, begun, and ended unless it goes on."""
    asked = referred(child, f"{service}/return-interviews", "made", made, sender=by)
    steps = [("started", started), ("ended", ended)]
    return [
        asked,
        *(
            referred(child, f"{service}/return-interviews", stage, when, sender=service,
                     of=asked.message_id)
            for stage, when in steps if when
        ),
    ]  # fmt: skip


@pytest.mark.report("scheme-outcomes")
@pytest.mark.scheme("salford-laureus")
def test_of_twelve_on_a_course_eleven_stopped_and_the_one_who_went_on_is_one(stage):
    """salford-laureus: 11/12; the naive build shows an average of episodes a child."""
    play = stage(at("2012-01-02 09:00"))
    joined(play, LAUREUS, area=SALFORD, since="2011-01-01 09:00")
    twelve = [young(str(n), born="1998-05-01", by=SALFORD) for n in range(12)]
    there = {"area": SALFORD, "sender": "police.E23000005"}
    said(
        play,
        *(times(one, ["2012-01-03", "2012-01-20"], **there) for one in twelve),
        *(course(one, LAUREUS, "2012-01-25 10:00", "2012-02-03 18:00", "2012-05-25 18:00",
                 SALFORD) for one in twelve),
        times(twelve[4], ["2012-03-01"], **there),
        times(twelve[7], [f"2012-06-{day:02d}" for day in range(2, 26, 2)], **there),
    )  # fmt: skip
    play.clock.set(at("2013-01-10 09:00"))

    made = report(play, "scheme-outcomes", LAUREUS, SALFORD, period="2012")

    figures = values(made)
    name = "service-laureus"
    assert figures[f"{name}/served"] == "12"
    assert figures[f"{name}/entry"] == "12/12"
    assert figures[f"{name}/stopped"] == "11/12"
    assert figures[f"{name}/too-recent"] == "0/12"
    assert figures[f"{name}/episodes/before"] == "24"
    assert figures[f"{name}/episodes/after"] == "12"
    assert (figures[f"{name}/repeat/before"], figures[f"{name}/repeat/after"]) == ("12/12", "1/12")
    each = [row[3:] for row in rows(made, f"{name}/children")]
    assert sorted(each) == [*[("2", "0", "0")] * 10, ("2", "0", "12"), ("2", "1", "0")]


@pytest.mark.report("scheme-outcomes")
@pytest.mark.scheme("barnardos-cse-outcomes")
def test_a_child_with_absences_only_is_not_missing_at_entry(stage):
    """barnardos-cse-outcomes: staying out late is left out of the 63 %."""
    play = stage(at("2026-01-05 09:00"))
    joined(play, BASE, area=STAFFORDSHIRE)
    late, ran, now, goes_on, never = map(young, ("late", "ran", "now", "on", "never missing"))
    said(
        play,
        *(gone(late, f"2026-01-{day} 20:00", category="absent", review_at=None)
          for day in (10, 12)),
        gone(ran, "2026-01-15 20:00"),
        times(now, ["2026-01-16", "2026-05-20"]),
        gone(goes_on, "2026-01-17 20:00"),
        *(course(one, BASE, "2026-01-20 10:00", "2026-02-01 10:00", "2026-06-01 10:00",
                 STAFFORDSHIRE) for one in (late, ran, now)),
        course(goes_on, BASE, "2026-01-20 10:00", "2026-02-01 10:00", None, STAFFORDSHIRE),
        course(never, BASE, "2026-01-20 10:00", "2026-02-01 10:00", None, STAFFORDSHIRE),
    )  # fmt: skip
    play.clock.set(at("2027-01-11 09:00"))

    figures = values(report(play, "scheme-outcomes", STAFFORDSHIRE, period="2026"))

    assert figures["service-base-58/entry"] == "3/5"
    assert figures["service-base-58/ended"] == "3/5"
    assert figures["service-base-58/exit"] == "2/3"


@pytest.mark.report("scheme-outcomes")
@pytest.mark.scheme("astra")
def test_a_first_attempt_to_the_mother_counts_and_shows_the_rule_unmet(stage):
    """astra: the child is spoken to first. Repeat runners stand beside those of the time before."""
    play = stage(at("2025-05-01 09:00"))
    joined(play, ASTRA, area=GLOUCESTERSHIRE)
    there = {"area": GLOUCESTERSHIRE, "sender": "police.E23000037"}
    one, other = (young(name, by=GLOUCESTERSHIRE) for name in ("one", "other"))
    last = gone(one, "2026-05-28 01:00", **there)
    second = gone(other, "2026-06-05 01:00", **there)
    by_astra = {"sender": ASTRA}
    said(
        play,
        *(times(young(f"before-{n}", by=GLOUCESTERSHIRE), ["2025-06-01", "2025-06-20"], **there)
          for n in range(3)),
        times(one, ["2026-05-20"], **there),
        last, second,
        [
            interviewed(last[0], "attempted", "2026-05-29 16:00", first_contact="Mother",
                        **by_astra),
            interviewed(last[0], "held", "2026-05-30 16:00", first_contact="Child", **by_astra),
            interviewed(second[0], "attempted", "2026-06-06 16:00", first_contact="child",
                        **by_astra),
        ],
    )  # fmt: skip
    play.clock.set(at("2026-08-03 09:00"))

    made = report(
        play, "scheme-outcomes", GLOUCESTERSHIRE, period="2026-05-01..2026-07-31",
        against="2025-05-01..2025-07-31",
    )  # fmt: skip

    assert rows(made, "service-astra/rule") == [("first attempt to the child", "1/2", "not met")]
    to = [row[2:] for row in rows(made, "service-astra/first-contacts")]
    assert to == [("family first", "2"), ("the child", "1")]
    area = {row[0]: row[1:] for row in rows(made, "area")}
    assert area["all children: repeat runners"][0] == "3/3"
    assert area["all children: repeat runners"][2] == "1/2"
    assert area["all children: repeat runners"][4] == "-67"
    assert area["all children: episodes"][4] == "-50"


@pytest.mark.report("scheme-outcomes")
def test_visits_are_counted_against_those_asked_for_and_one_may_be_of_several(stage):
    play = stage(at("2026-03-01 09:00"))
    joined(play, LAMP, area=BIRMINGHAM)
    x = young("X", by=BIRMINGHAM)
    where = {"area": BIRMINGHAM, "sender": "police.E23000014"}
    each = [gone(x, f"2026-03-{day} 20:00", "2026-03-" + f"{day + 1} 08:00", **where)
            for day in (10, 14, 18)]  # fmt: skip
    asked = {"sender": BIRMINGHAM, "service": LAMP}
    steps = [interviewed(some[0], "allocated", f"2026-03-{day} 14:00", **asked)
             for some, day in zip(each, (11, 15, 19), strict=True)]  # fmt: skip
    said(play, *each, steps)
    first, second, _ = play.episodes()
    visit = interviewed(each[0][0], "held", "2026-03-20 10:00", sender=LAMP,
                        episode=str(first.id), also_covers=(str(second.id),))  # fmt: skip
    said(play, [visit])

    figures = values(report(play, "scheme-outcomes", BIRMINGHAM, period="2026-Q1"))

    assert figures["service-lamp/visited"] == "2/3"
    assert figures["service-lamp/visits"] == "1"
