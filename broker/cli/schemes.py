"""`homeward policy schemes`: the overlays that come with Homeward, to be read and changed."""

import sys
from typing import Annotated

import typer

from broker.cli import screen
from broker.cli.options import Json
from broker.directory import Directory
from broker.errors import Misuse
from broker.policy.difference import in_force
from broker.policy.load import scheme, scheme_text, schemes
from broker.policy.overlay import Overlay


def add_to(commands: typer.Typer) -> None:
    commands.command(
        "schemes", epilog="Example: homeward policy schemes staffs-3-5-9 > staffs-3-5-9.yaml"
    )(show)


def show(
    name: Annotated[
        str | None, typer.Argument(help="Which one to print; all are listed if left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """
    List the overlays that come with Homeward, or print one.

    Each writes down a scheme that councils, forces and charities have run, with its source by
    rule. None of them counts until its file lies in the folder of overlays and was made active.
    """
    if name is not None:
        try:
            scheme(name)
        except LookupError as error:
            raise Misuse(str(error.args[0])) from error
        sys.stdout.write(scheme_text(name))
        return
    found = [scheme(one) for one in schemes()]
    if as_json:
        screen.print_json(
            [{"name": one.name, "version": one.version, "nation": one.nation} for one in found]
        )
        return
    rows = [(one.name, _first_words(scheme_text(one.name)), _for_whom(one)) for one in found]
    screen.table("Schemes", ("name", "what it is", "for"), rows, "None.")


def _for_whom(one: Overlay) -> str:
    """The agencies it is for, each once and by name, and its days."""
    known = Directory.shipped()
    names = sorted({known.name_of(id) for each in one.applies_to.values() for id in each})
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}, {in_force(one)}"


def _first_words(text: str) -> str:
    """The first sentence of the comment that a file begins with."""
    lines = [line.lstrip("# ").strip() for line in _opening(text)]
    return " ".join(lines).partition(". ")[0].rstrip(".")


def _opening(text: str) -> list[str]:
    lines = text.splitlines()
    ends = next((place for place, line in enumerate(lines) if not line.startswith("#")), 0)
    return lines[:ends]
