"""A council's returns, made of what Homeward has: SSDA903 Missing, and ssd_missing. Pure."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from broker.exchange import ssda903
from broker.exchange.held import Held
from broker.exchange.problems import Problem
from broker.exchange.ssda903 import Row
from broker.spreadsheet import safe
from broker.working_time import LONDON, london_day

_NO_NUMBER = "the council's own number of this child was never said to Homeward: write it in"
_NO_BIRTH_DATE = "the birth date of this child was never said to Homeward: write it in"
SSD_COLUMNS = (
    "miss_table_id", "miss_person_id", "miss_missing_episode_start_date",
    "miss_missing_episode_type", "miss_missing_episode_end_date", "miss_missing_rhi_offered",
    "miss_missing_rhi_accepted",
)  # fmt: skip
_LETTERS = {"missing": "M", "unrecognised": "M", "absent": "A", "away": "A"}


@dataclass(frozen=True, slots=True)
class Return:
    """A file as it is to be written, and what somebody should look at in it, by its lines."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...]

    @property
    def text(self) -> str:
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(self.columns)
        writer.writerows([safe(cell) for cell in row] for row in self.rows)
        return out.getvalue()


def ssda903_missing(absences: Iterable[Held], first: date, last: date, today: date) -> Return:
    """
    The Missing file of the children looked after, by London days.

    A period ends when the child was found (missing) or was back (away); with the placement it began
    from, as rule 575 has it, and at the eighteenth birthday, whatever the absence itself does. What
    ends after the year has no end in it.
    """
    rows, problems = list[Row](), list[Problem]()
    for one in absences:
        if not one.looked_after:
            continue
        line = len(rows) + 2  # as it will stand in the file, below the columns
        rows.append(_row(one, line, last, today))
        problems += _lacking(one, line)
    problems += ssda903.broken(rows, first, last)
    cells = tuple(ssda903.cells(row) for row in rows)
    return Return(ssda903.COLUMNS, cells, tuple(sorted(problems)))


def _row(one: Held, line: int, last: date, today: date) -> Row:
    ends = [_day(at) for at in (_end(one), one.placement_ended_at, one.of_age_at)]
    sure = [day for day in ends if day and day <= min(last, today)]
    return Row(
        line=line,
        child=one.child,
        born=one.born,
        missing=_LETTERS.get(one.category, "M"),
        start=london_day(one.started_at),
        end=min(sure, default=None),
        placement_ended=_day(one.placement_ended_at),
    )


def _end(one: Held) -> datetime | None:
    """Missing ends when the child was found; away, when the child was back."""
    if _LETTERS.get(one.category) == "A":
        return one.returned_at or one.ended_at
    found = [at for at in (one.found_at, one.returned_at) if at]
    return min(found, default=one.ended_at)


def ssd_missing(absences: Iterable[Held]) -> Return:
    """The table of the Standard Safeguarding Dataset, times as clocks in London showed them."""
    rows, problems = list[tuple[str, ...]](), list[Problem]()
    for one in absences:
        line = len(rows) + 2
        offered, accepted = interview(one)
        ended = _end(one)
        rows.append(
            (
                str(one.id),
                one.child,
                _time(one.started_at),
                _LETTERS.get(one.category, "M"),
                _time(ended) if ended else "",
                offered,
                accepted,
            )
        )
        if not one.child:
            problems.append(Problem(line, "miss_person_id", "no-number", _NO_NUMBER))
    return Return(SSD_COLUMNS, tuple(rows), tuple(problems))


def interview(one: Held) -> tuple[str, str]:
    """
    Whether a return interview was offered and accepted: Y, N, NA, or empty while it is not known.

    Not over yet: nothing is due. Not referred: none applies. One that was held was accepted, and
    one that was declined or given up was offered and not accepted.
    """
    stages = one.interview
    if one.ended_at is None and not stages:
        return "", ""
    if "held" in stages or "accepted" in stages:
        return "Y", "Y"
    if stages & {"declined", "not-held"}:
        return "Y", "N"
    if stages & {"offered", "attempted"}:
        return "Y", ""
    if "not-referred" in stages:
        return "NA", "NA"
    return "N", "NA"


def _lacking(one: Held, line: int) -> Iterable[Problem]:
    if not one.child:
        yield Problem(line, "CHILD", "no-number", _NO_NUMBER)
    if one.born is None:
        yield Problem(line, "DOB", "no-birth-date", _NO_BIRTH_DATE)


def _day(at: datetime | None) -> date | None:
    return london_day(at) if at else None


def _time(at: datetime) -> str:
    return at.astimezone(LONDON).strftime("%Y-%m-%d %H:%M:%S")


Make = Callable[[Iterable[Held], date, date, date], Return]
RETURNS: Mapping[str, Make] = {
    "ssda903": ssda903_missing,
    "ssd-missing": lambda absences, first, last, today: ssd_missing(absences),
}
