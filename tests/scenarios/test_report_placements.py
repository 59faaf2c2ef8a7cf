"""`notice-audit` and the registers, by Staffordshire's child of Christmas Eve."""

import pytest
from structlog.testing import capture_logs

from broker.ledger import agencies
from tests import examples
from tests.examples import STAFFORDSHIRE, STOKE, WALSALL
from tests.scenarios.play import Play
from tests.scenarios.reports import report, rows, values
from tests.scenarios.thresholds import at

STAFFORD_HOME = "provider.SC999020"


@pytest.fixture(scope="module")
def christmas(copies):
    """Walsall places E in Stafford on 24 December; its notice of 4 January says nothing of risk."""
    with capture_logs():
        play = Play(copies(), at("12-24T17:00"))
        with play.ledger.writing() as connection:
            agencies.add(
                connection, STAFFORD_HOME, "Stafford home", STAFFORDSHIRE, {}, play.clock.now()
            )
        came = examples.arrival(at("12-24T18:10"), sender=STAFFORD_HOME)
        play.say_at(at("12-24T18:10"), came)
        notice = {
            "stage": "emergency",
            "host_authority": STAFFORDSHIRE,
            "home": STAFFORD_HOME,
            "starts_at": at("12-24T17:00"),
            "social_worker": {"function": "Duty social worker", "phone": "01922 000000"},
            "legal_status": "C2",
        }
        play.say_at(
            at("2027-01-04T10:00"), examples.placement(at("2027-01-04T10:00"), risk=None, **notice)
        )
        play.say_at(at("2027-01-05T16:00"), examples.placement(at("2027-01-05T16:00"), **notice))
        play.until(at("2027-01-12T09:00"))
        yield play
        play.ledger.close()


@pytest.mark.scheme("staffs-other-la-notices")
@pytest.mark.report("notice-audit")
def test_the_audit_says_what_the_notice_said_and_that_it_was_in_time(christmas):
    """staffs-other-la-notices. Naive: due on 31 December, or E unseen until 5 January."""
    made = report(christmas, "notice-audit", STAFFORDSHIRE, period="2026-Q4")

    assert rows(made, "councils") == [("Walsall", "1/1", "1/1", "1/1", "1/1", "1/1", "0/1", "0/1")]
    assert values(made)["all/risk-stated"] == "1/1"
    assert values(made)["all/risk-named"] == "0/1"


@pytest.mark.report("notice-audit")
def test_before_the_notice_the_arrival_alone_is_known(christmas):
    before = report(
        christmas, "notice-audit", STAFFORDSHIRE, period="2026-Q4", as_at=at("2027-01-04T12:00")
    )

    assert rows(before, "councils") == [
        ("Walsall", "0/1", "0/1", "0/0", "0/0", "0/0", "0/0", "0/0")
    ]


@pytest.mark.report("placed-here")
@pytest.mark.report("placed-elsewhere")
def test_the_child_is_in_both_registers_from_the_day_it_came(christmas):
    """staffs-other-la-notices: the register shows E from 24 December, at first without notice."""
    for name, council, by in (
        ("placed-here", STAFFORDSHIRE, "Walsall"),
        ("placed-elsewhere", WALSALL, "Staffordshire"),
    ):
        then = report(christmas, name, council, period="2026-12-24", as_at=at("12-24T20:00"))
        (row,) = rows(then, "register")
        assert (row[1], row[6]) == (by, "NONE")
        assert values(then)["without-notice"] == "1/1"

        (row,) = rows(report(christmas, name, council, period="2027-01-05"), "register")
        assert row[6:8] == ("given", "none known")
        assert rows(report(christmas, name, council, period="2026-12-23"), "register") == []
    assert rows(report(christmas, "placed-here", STOKE, period="2027-01-05"), "register") == []
