"""Two homes' children who may be one: what the plays about who is who share."""

from datetime import timedelta

from sqlalchemy import select

from broker.episode import state_of
from schemas.child import Reference, Residence, Scheme
from schemas.identity import IdentityStatement
from tests.examples import FRIDAY_NIGHT, HOME, STOKE, WALSALL, child, envelope, notification
from tests.scenarios.people import BIRMINGHAM, OTHER_HOME

NHS = "9434765919"


def reference(holder, value, scheme=Scheme.home_reference):
    return Reference(holder=holder, scheme=scheme, value=value)


OURS = reference(HOME, "H-17")
THEIRS = reference(OTHER_HOME, "L-4")


def report(sender, *references, **changes):
    """A report that quotes nothing, by a sender that knows the child by these numbers."""
    about = changes.pop("child", {})
    plain = {"police_report": None, "episode": None}
    return notification(
        sender=sender, child=child(references=references, **about), **plain | changes
    )


def statement(same, sender=HOME, one=OURS, other=THEIRS, at=FRIDAY_NIGHT):
    return IdentityStatement(
        **envelope(sender, "night-staff", at), one=one, other=other, same=same, reason="Same"
    )


LATER = FRIDAY_NIGHT + timedelta(hours=1)
BIRMINGHAM_EDT = f"{BIRMINGHAM}/emergency-duty"


def rows(play, table):
    with play.ledger.reading() as connection:
        return connection.execute(select(table).order_by(table.c.number)).all()


def statuses(play):
    return [state_of(episode.facts).status for episode in play.episodes()]


def risks(play):
    return [state_of(episode.facts).risk for episode in play.episodes()]


def pictures(play, address, because=None):
    return [
        got.message
        for got in play.inbox(address, "picture")
        if because in (None, got.message.because)
    ]


def two_councils(play, **about):
    """One home's child is Walsall's, the other's Birmingham's; they look alike."""
    ours = report(HOME, OURS, responsible_authority=WALSALL)
    elsewhere = Residence(authority=STOKE, home=OTHER_HOME)
    theirs = report(
        OTHER_HOME, THEIRS, responsible_authority=BIRMINGHAM, lives=elsewhere, child=about
    )
    play.say(ours)
    play.say(theirs)
    return ours, theirs


def say_they_are(play, same, at=LATER, **how):
    return play.say_at(at, statement(same, at=at, **how))


def standing(play):
    return [duty for duty in play.duties() if duty.standing]
