"""`homeward letter`: paper for those who are told of a placement outside Homeward."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from broker.cli import home as homes
from broker.cli import letter_pages, message_file, screen
from broker.cli.options import Home, Json, LedgerUrl
from broker.clock import SystemClock
from broker.directory import Directory
from broker.errors import Misuse
from broker.letters.items import Form, Recipient
from broker.letters.page import Letter
from broker.letters.words import Words
from broker.letters.writing import Withheld, render
from broker.policy.model import View
from broker.settings import Settings
from broker.thresholds.open import concerns_about
from schemas.codec import from_json
from schemas.message import Message
from schemas.placement import PlacementNotice


def add_to(app: typer.Typer) -> None:
    app.command(
        "letter", epilog="Example: homeward letter notice.json --to parent --html --out letter.html"
    )(letter)


def letter(
    file: Annotated[
        str,
        typer.Argument(
            help="A placement.notice or placement.arrival as JSON, or a line of `homeward inbox "
            "--json`; - for standard input."
        ),
    ],
    to: Annotated[Recipient, typer.Option("--to", help="To whom it is written.")],
    form: Annotated[
        Form | None,
        typer.Option(
            help="If not given, a letter; of a children's home's arrival, regulation-41.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write it there, for this user's eyes only; else it is printed."),
    ] = None,
    words: Annotated[
        Path | None, typer.Option(help="Your own words: a YAML file of what is to differ.")
    ] = None,
    as_html: Annotated[
        bool, typer.Option("--html", help="One HTML page, for a screen or a printer.")
    ] = False,
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="AGENCY", help="Who sends it, if the message does not say."),
    ] = None,
    known: Annotated[
        bool,
        typer.Option(
            "--known",
            help="With --to host: add what stands open here about the home, from the ledger.",
        ),
    ] = False,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Write a letter or form on paper, from an agency's own message or from its inbox.

    A letter tells of a new placement, a change, an end to come or an end, in words for its
    recipient, and holds only what that recipient may see: no risks for families, schools and
    doctors, and a protected address for nobody but the council of the area.

    The form adcs has the core items for a notice between councils; regulation-41 has what a
    children's home must tell the council of its area. Both say where something is not stated.

    Exit code 1, and no letter, where the notice says that it is withheld from the recipient. It
    needs neither Kafka nor, without --known, a ledger, and sends nothing.
    """
    if as_html and as_json:
        raise Misuse("choose --html or --json, not both")
    fields, view = _unpacked(message_file.read(file))
    complete, _ = message_file.complete(fields, as_, SystemClock().now(), Directory.shipped())
    message = from_json(complete)
    if known and to is not Recipient.host:
        raise Misuse("what is open about a home is for the council of its area: choose --to host")
    known_here = _known(message, homes.settings(home, None, ledger)) if known else []
    found = render(message, to, form, _words(words), view, known_here)
    if isinstance(found, Withheld):
        _say_withheld(found, as_json)
        raise typer.Exit(1)
    if as_json:
        text = json.dumps(letter_pages.shape(found), ensure_ascii=False, indent=2) + "\n"
    else:
        text = letter_pages.html_of(found) if as_html else letter_pages.text_of(found)
    if out is None:
        sys.stdout.write(text)
    else:
        _write(out, text)
        _say_written(found, out)


def _known(message: Message, settings: Settings) -> list[str]:
    """What stands open about the home that a notice names."""
    if not isinstance(message, PlacementNotice) or message.home is None:
        return []
    with homes.ledger(settings) as opened, opened.reading() as connection:
        return concerns_about(connection, message.home)


def _unpacked(read: Mapping[str, Any]) -> tuple[Mapping[str, Any], View]:
    """The message, and the view it was delivered in; a message of one's own is whole."""
    if "gap" in read:
        raise Misuse("this line of the inbox tells of a gap: choose a line with a delivery")
    if "message" not in read:
        return read, View.full
    message, view = read["message"], read.get("view") or View.full
    if not isinstance(message, dict):
        raise Misuse("this delivery has no message that this Homeward can read: update it")
    try:
        return message, View(view)
    except ValueError:
        raise Misuse(f"this delivery is in a view that is none of: {', '.join(View)}") from None


def _words(file: Path | None) -> Words:
    if file is None:
        return Words.shipped()
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise Misuse(f"{file} is not UTF-8 text: words are wanted as YAML") from None
    except OSError as error:
        raise Misuse(f"cannot read {file}: {error.strerror}") from error
    return Words.shipped().changed(text, file.name)


def _say_withheld(found: Withheld, as_json: bool) -> None:
    if as_json:
        screen.print_json({"withheld": {"to": found.to, "ground": found.ground}})
    else:
        screen.print_folded(f"No letter to {found.to}: {found.ground}")


def _say_written(letter: Letter, out: Path) -> None:
    screen.say(f"Written to {out}: {letter.form}, {letter.type}, to {letter.to}")


def _write(out: Path, text: str) -> None:
    """Write a file that only this user can read, whole or not at all."""
    part = None
    try:
        number, part = tempfile.mkstemp(dir=out.parent, prefix=".letter-")  # 0600
        with os.fdopen(number, "w", encoding="utf-8") as opened:
            opened.write(text)
        os.replace(part, out)
    except OSError as error:
        if part is not None:
            Path(part).unlink(missing_ok=True)
        raise Misuse(f"cannot write {out}: {error.strerror}") from error
