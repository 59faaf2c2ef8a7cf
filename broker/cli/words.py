"""`homeward schemas`: the published words, and an example of each."""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from broker.cli import screen
from broker.cli.example import example as example_of
from broker.cli.options import Json
from broker.clock import SystemClock
from broker.errors import Misuse
from schemas import generate
from schemas.kinds import KINDS

commands = typer.Typer(help="The published schemas, and examples.", no_args_is_help=True)


@commands.command(epilog="Example: homeward schemas check")
def check(as_json: Json = False) -> None:
    """Compare the published schemas with the words in the code; exit code 1 when they differ."""
    problems = _problems()
    if as_json:
        screen.print_json({"good": not problems, "problems": problems, "ids": generate.published()})
    else:
        rows = [(number, name) for name, number in generate.published().items()]
        screen.table("Published", ("id", "schema"), rows, "Nothing is published.")
        for text in problems:
            screen.out().print(f"[red]{escape(text)}[/]")
    if problems:
        raise typer.Exit(1)


@commands.command(epilog="Example: homeward schemas publish --to ./avro")
def publish(
    to: Annotated[
        Path | None, typer.Option(help="Copy the schemas and their ids there, for other clients.")
    ] = None,
    as_json: Json = False,
) -> None:
    """
    Write the schemas that are not published yet, with the next free id; never change one that is.

    With --to, copy what is published into a folder instead.
    """
    written = generate.write() if to is None else _copied(to)
    if as_json:
        screen.print_json({"written": written})
    elif written:
        screen.out().print(escape("\n".join(written)))
    else:
        screen.out().print("Nothing new to publish.")


@commands.command(
    epilog="Example: homeward schemas example missing.notification | "
    "homeward send - --as provider.SC999001 --wait"
)
def example(
    kind: Annotated[str, typer.Argument(help=f"One of: {', '.join(KINDS)}.")],
) -> None:
    """Print a valid message of a kind, as JSON, about a made-up child; ready to be sent."""
    screen.print_json(example_of(kind, SystemClock().now()))


def _problems() -> list[str]:
    ids, found = generate.published(), []
    for kind, model in KINDS.items():
        name = f"{kind}.v{model.VERSION}"
        file = generate.FOLDER / f"{name}.avsc"
        if name not in ids or not file.exists():
            found.append(f"{name} is not published: homeward schemas publish")
        elif json.loads(file.read_text()) != generate.avro_schema(model):
            found.append(f"{name} differs from its published schema: make it the next version")
    return found


def _copied(folder: Path) -> list[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = [*sorted(generate.FOLDER.glob("*.avsc")), generate.FOLDER / "ids.json"]
        return [str(shutil.copy(file, folder)) for file in files]
    except OSError as error:
        raise Misuse(f"cannot write to {folder}: {error.strerror}") from error
