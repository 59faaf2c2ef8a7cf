"""
What Homeward's operator decides: who may subscribe, and which agency acts for which council.

Each act is written down in the audit with who did it, in the same transaction, and is done once.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import UUID

from broker.decision import Moment, Rulebook
from broker.directory import kind_of
from broker.errors import Misuse, NotInThisState, UntilOutOfRange
from broker.ledger.book import Book
from broker.operators import Operator, said
from broker.subscriptions.request import check_filter
from broker.subscriptions.rights import LIVE, Agreement, Subscription
from broker.subscriptions.states import become, schedule
from broker.working_time import london_day

Act = Callable[[Moment, Book, Rulebook], None]

_APPROVED = "What stands now comes first, then news."


def approve(id: UUID, operator: Operator) -> Act:
    """Let a subscription run: what stands goes out first, then news."""

    def act(moment: Moment, book: Book, rules: Rulebook) -> None:
        one = _in_state(id, ("requested",), book)
        if moment.now >= one.ends_at:
            raise UntilOutOfRange("its last day has passed: refuse it, or let it lapse", "until")
        check_filter(one.filter, book.ties.councils(one.subscriber), rules.directory)
        book.audit(operator.who, "subscription approved", str(id))
        become(one, "approved", _APPROVED, moment, book, rules)

    return act


def refuse(id: UUID, operator: Operator, reason: str) -> Act:
    """Refuse a subscription; its sender is told the reason."""
    reason = said(reason, "--reason")

    def act(moment: Moment, book: Book, rules: Rulebook) -> None:
        one = _in_state(id, ("requested",), book)
        book.audit(operator.who, "subscription refused", str(id), reason)
        become(one, "refused", f"Reason: {reason}", moment, book, rules, reason=reason)

    return act


def end(id: UUID, operator: Operator, reason: str) -> Act:
    """End a subscription, however it stands; its sender is told the reason."""
    reason = said(reason, "--reason")

    def act(moment: Moment, book: Book, rules: Rulebook) -> None:
        one = _in_state(id, LIVE, book)
        book.audit(operator.who, "subscription ended", str(id), reason)
        words = f"Homeward's operator ended it. Reason: {reason}"
        become(one, "ended", words, moment, book, rules, reason=reason)

    return act


def agree(agency: str, acts_for: str, ground: str, until: date, operator: Operator) -> Act:
    """
    Record that an agency acts for a council: it sees a summary of its children from now on.

    Its subscriptions start again with the register, which holds them now.
    """
    ground = said(ground, "--ground")

    def act(moment: Moment, book: Book, rules: Rulebook) -> None:
        known = rules.directory
        if kind_of(agency) not in ("hub", "la") or known.agency(agency) is None:
            raise Misuse(f"{agency} is no hub or council that is known: see `homeward agency list`")
        council = known.canonical(acts_for)
        if council is None or kind_of(council) != "la":
            raise Misuse(f"{acts_for} is no council that is known: see `homeward agency list`")
        if council == known.canonical(agency):
            raise Misuse(f"{agency} needs no agreement to act for itself")
        if until < london_day(moment.now):
            raise Misuse(f"--until {until} has passed: name a later day")
        who = known.today(agency)
        agreement = Agreement(0, who, council, ground, until, moment.now)
        number = book.record_agreement(agreement)
        book.audit(operator.who, "agreement recorded", f"{number}: {agency} for {council}", ground)
        for one in list(book.subscriptions.values()):
            if one.subscriber == who and one.state == "approved":  # what stands comes first again
                again = replace(one, started_at=None)
                book.keep_subscription(again)
                schedule(again, moment, book)

    return act


def end_agreement(number: int, operator: Operator) -> Act:
    """End an agreement: the tie it made is gone at once."""

    def act(moment: Moment, book: Book, rules: Rulebook) -> None:
        held = {one.number: one for one in book.agreements()}
        one = held.get(number)
        if one is None:
            raise Misuse(f"there is no agreement {number}: see `homeward subscription agreements`")
        if one.ended_at is not None:
            raise NotInThisState(f"agreement {number} has ended already")
        book.end_agreement(number)
        book.audit(operator.who, "agreement ended", f"{number}: {one.agency} for {one.acts_for}")

    return act


def _in_state(id: UUID, states: tuple[str, ...], book: Book) -> Subscription:
    one = book.want_subscription(id)
    if one is None:
        raise Misuse(f"there is no subscription {id}: see `homeward subscription list`")
    if one.state not in states:
        raise NotInThisState(
            f"this subscription is {one.state}: that can only be done with one that is "
            f"{' or '.join(states)}"
        )
    return one
