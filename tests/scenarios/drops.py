"""Files as other systems write them, made up, and what they become."""

import csv
import io
import json
from datetime import datetime
from typing import Any

from broker.directory import Directory
from broker.exchange import listing, mapping
from broker.exchange.reading import as_entries, as_messages
from broker.exchange.told import Speaker
from schemas.message import Message
from tests.scenarios.play import Play

KNOWN = Directory.shipped()


def shipped(name: str) -> mapping.Mapping:
    return mapping.read(mapping.shipped_text(name).encode(), name)


def as_csv(*rows: dict[str, str], encoding: str = "utf-8") -> bytes:
    """A CSV file with the columns of the first row."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [*rows[0]])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def as_lines(*items: dict[str, Any]) -> bytes:
    """One JSON object a line."""
    return "".join(json.dumps(item) + "\n" for item in items).encode()


def compact(**cells: str) -> dict[str, str]:
    """A line in the manner of COMPACT, about a child in a home in Stoke."""
    columns = (
        "REPORT NO", "NOMINAL REF", "FORENAME", "SURNAME", "DOB", "SEX", "CATEGORY",
        "DATE LAST SEEN", "TIME LAST SEEN", "DATE REPORTED", "TIME REPORTED", "RISK",
        "RISK RATIONALE", "LOCATION", "DISTRICT", "HOME DISTRICT", "IN CARE", "PLACING AUTHORITY",
        "DATE RETURNED", "TIME RETURNED", "DATE CLOSED", "TIME CLOSED", "OUTCOME",
    )  # fmt: skip
    usual = {
        "REPORT NO": "C-1", "NOMINAL REF": "N-77", "FORENAME": "ROBIN", "SURNAME": "EXAMPLE",
        "DOB": "16/05/2011", "SEX": "M", "CATEGORY": "MISSING",
        "DATE LAST SEEN": "28/02/2026", "TIME LAST SEEN": "22:40",
        "DATE REPORTED": "28/02/2026", "TIME REPORTED": "23:00", "RISK": "MEDIUM",
        "RISK RATIONALE": "Out later than agreed", "LOCATION": "The Beeches", "DISTRICT": "STOKE",
        "HOME DISTRICT": "STOKE", "IN CARE": "Y", "PLACING AUTHORITY": "WALSALL",
    }  # fmt: skip
    return (
        dict.fromkeys(columns, "")
        | usual
        | {name.replace("_", " "): v for name, v in cells.items()}
    )


def told_by(play: Play, agency: str, content: bytes, which: mapping.Mapping) -> tuple[Message, ...]:
    """A file is taken in now, by its sender's feed; every line of it must be sound."""
    speaker = Speaker(agency, which.desk or "missing-unit", play.clock.now())
    read = as_messages(content, which, speaker, KNOWN)
    assert not read.problems
    messages = tuple(one for line in read.prepared for one in line.messages)
    play.say(*messages)
    return messages


def listed_by(
    play: Play, agency: str, desk: str, content: bytes, which: mapping.Mapping, *period: Any
) -> None:
    """A file is imported as a census, and compared a moment later."""
    now: datetime = play.clock.now()
    read = as_entries(content, which, agency, (period[0], period[1]), KNOWN)
    assert not read.wrong
    entries = [one.entry for one in read.entries]
    speaker = Speaker(agency, desk, now)
    play.say(*listing.census(entries, (period[0], period[1]), speaker, now, which.scope))
    play.after(seconds=1)
