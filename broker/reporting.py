"""That a report was put before its board: it meets what the agency owes of it for that period."""

import re
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from broker.decision import Arrival, Decision
from broker.duties import met
from broker.errors import Invalid
from broker.keys import derived
from broker.ledger import tables as t
from broker.ledger.agencies import REPORT
from broker.ledger.book import Book
from broker.notices import recorded, short_receipt
from schemas.codec import decode
from schemas.report_given import ReportGiven

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PERIOD = re.compile(r"[0-9]{4}-(?:Q[1-4]|0[1-9]|1[0-2])")


def fold_report(message: ReportGiven, arrival: Arrival, book: Book) -> None:
    """Record it; an exercise meets nothing, and what was met once stays so."""
    if not _PERIOD.fullmatch(message.period):
        raise Invalid("write a month as 2026-07, a quarter as 2026-Q3", "period")
    if not _NAME.fullmatch(message.report):
        raise Invalid("name it as `homeward report` does, such as corporate-parenting", "report")
    content, post = recorded(message, arrival)
    duty = None if message.exercise else book.duty_by_id(duty_given(message))
    words, changed = "Nothing was owed of this report for this period.", Decision()
    if duty is not None and duty.standing:
        at, id_ = min(message.occurred_at, arrival.now), str(message.message_id)
        done, event = met(duty, at, arrival.now, message.from_address, id_)
        words = f"It meets what was owed of this report: {done.state.replace('-', ' ')}."
        changed = Decision(duties=(done,), events=(event,))
    elif duty is not None:
        words = "What was owed of this report had ended before."
    short = short_receipt(message, words, arrival)
    book.apply(replace(changed, contents=(content, short[0]), posts=(post, short[1])))


def duty_given(message: ReportGiven) -> UUID:
    """The id of what its sender owes of this report for this period, if it owes it."""
    return derived("duty", message.sender, f"{REPORT}{message.report}", message.period)


def given_before(connection: Connection, agency: str, duty: str, period: str) -> datetime | None:
    """When a report for a period was given first, before it was asked for."""
    m = t.message.c
    query = select(m.value).where(
        m.sender == agency, m.kind == ReportGiven.KIND, m.exercise.is_(False)
    )
    said = (decode(value) for value in connection.execute(query).scalars() if value)
    given = (one for one in said if isinstance(one, ReportGiven))
    at = (
        one.occurred_at for one in given if (f"{REPORT}{one.report}", one.period) == (duty, period)
    )
    return min(at, default=None)
