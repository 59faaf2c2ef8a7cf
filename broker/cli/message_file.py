"""Reading the message somebody wrote, and filling in what may be left out."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from broker.directory import Directory, Registered
from broker.errors import Misuse


def read(file: str) -> dict[str, Any]:
    """The JSON form of a message, from a file or, for `-`, from standard input."""
    name = "standard input" if file == "-" else file
    try:
        if file == "-":
            text = sys.stdin.read()
        else:
            with open(file, encoding="utf-8") as opened:
                text = opened.read()
    except UnicodeDecodeError:
        raise Misuse(f"{name} is not UTF-8 text: the message is wanted as JSON") from None
    except OSError as error:
        raise Misuse(f"cannot read {name}: {error.strerror}") from error
    return _parsed(text, name)


def _parsed(text: str, name: str) -> dict[str, Any]:
    if not text.strip():
        raise Misuse(f"{name} is empty: `homeward schemas example` shows what a message looks like")
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise Misuse(
            f"{name} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except RecursionError:
        raise Misuse(f"{name} is not a message: it is nested too deep") from None
    if not isinstance(found, dict):
        raise Misuse(f"{name} is not a message: it must be one JSON object")
    return found


def complete(
    fields: Mapping[str, Any], agency: str | None, now: datetime, directory: Directory
) -> tuple[dict[str, Any], list[str]]:
    """
    The fields with the envelope filled in where it was left out, and the names of what was.

    `Misuse` when it names another sender than the agency it is to be sent as.
    """
    named = fields.get("sender")
    sender = named or agency
    if not isinstance(sender, str):
        raise Misuse("the message does not say who sends it: give its sender, or --as AGENCY")
    if agency and named and named != agency:
        raise Misuse(f"the message says it is from {named}: send it --as {named}, or leave it out")
    written = now.isoformat().replace("+00:00", "Z")
    filling = {
        "message_id": str(uuid4()),
        "sender": sender,
        "from_address": default_desk(sender, directory),
        "sent_at": written,
    }
    if "kind" not in fields:
        raise Misuse("the message does not say its kind, such as missing.notification")
    filled = [name for name in filling if fields.get(name) is None]
    return {**fields, **{name: filling[name] for name in filled}}, filled


def default_desk(agency: str, directory: Directory) -> str:
    """The address that speaks for an agency when none is named."""
    known = directory if directory.agency(agency) else directory.with_agencies([Registered(agency)])
    desks = known.desks(agency)
    if not desks:
        raise Misuse(
            f"{agency} has no desk that is known: is it spelled like la.E10000028 or "
            "police.E23000015? If so, say who speaks with from_address"
        )
    return desks[0].address
