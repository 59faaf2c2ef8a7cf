"""`homeward schemas`: the published words, and an example of each."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from sqlalchemy import func, select

from broker import provision
from broker.accounting.kafka import ends as ends_of
from broker.cli import home as homes
from broker.cli import screen
from broker.cli.example import example as example_of
from broker.cli.options import Home, Json, Kafka, LedgerUrl, SchemaRegistry
from broker.clock import SystemClock
from broker.connection import AUDIT, access
from broker.errors import Misuse
from broker.ledger import numbering
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.settings import Settings
from schemas import generate
from schemas.asyncapi import document
from schemas.compatibility import incompatible
from schemas.kinds import FROM_AGENCIES, KINDS

if TYPE_CHECKING:
    from schemas.registry import Registry

commands = typer.Typer(help="The published schemas, and examples.", no_args_is_help=True)


@commands.command(epilog="Example: homeward schemas check")
def check(
    home: Home = None,
    schema_registry: SchemaRegistry = None,
    as_json: Json = False,
) -> None:
    """
    Compare the published schemas with the words in the code; exit code 1 when they differ.

    None may have changed since it was published, and every version must read every other. With a
    registry, it must have all of them.
    """
    problems, names = _problems(), generate.published()
    with _registry(homes.settings(home, schema_registry=schema_registry)) as registry:
        ids = names if registry is None else registry.held()
    lacking = [name for name in names if name not in ids]
    problems += [f"{name} is not in the schema registry: publish it" for name in lacking]
    if as_json:
        screen.print_json({"good": not problems, "problems": problems, "ids": ids})
    else:
        rows = [(number, name) for name, number in ids.items()]
        screen.table("Published", ("id", "schema"), rows, "Nothing is published.")
        for text in problems:
            screen.out().print(f"[red]{escape(text)}[/]")
    if problems:
        raise typer.Exit(1)


@commands.command(epilog="Example: homeward schemas publish --schema-registry https://HOST/PATH")
def publish(
    to: Annotated[
        Path | None, typer.Option(help="Copy the schemas and their ids there, for other clients.")
    ] = None,
    home: Home = None,
    schema_registry: SchemaRegistry = None,
    as_json: Json = False,
) -> None:
    """
    Write the schemas that are not published yet, with the next free id; never change one that is.

    With a registry, register there what it lacks instead, and have it refuse versions that could
    not read each other. With --to, copy what is published into a folder.
    """
    with _registry(homes.settings(home, schema_registry=schema_registry)) as registry:
        if to is not None:
            written = _copied(to)
        elif registry is not None:
            written = registry.publish()
        else:
            written = generate.write()
    if as_json:
        screen.print_json({"written": written})
    elif written:
        screen.out().print(escape("\n".join(written)))
    else:
        screen.out().print("Nothing new to publish.")


@commands.command(epilog="Example: homeward schemas renumber --schema-registry https://HOST/PATH")
def renumber(
    home: Home = None,
    kafka: Kafka = None,
    ledger: LedgerUrl = None,
    schema_registry: SchemaRegistry = None,
    as_json: Json = False,
) -> None:
    """
    Take the schema ids of a ledger from the registry named, or from the lock file if none is.

    Every part must be stopped, and every outbox read to its end. From then on agencies write with
    the new ids; what is in their inboxes already keeps the old ones.
    """
    settings = homes.settings(home, kafka, ledger, schema_registry)
    with (
        homes.claimed(settings),
        homes.ledger(settings) as opened,
        _registry(settings) as registry,
        _kafka(settings) as bootstrap,
    ):
        ids = registry.ids() if registry is not None else generate.published()
        now = SystemClock().now()
        opened.create(SystemClock())
        _require_all_read(settings, bootstrap, opened)
        changed = numbering.renumber(opened, ids, now)
    if as_json:
        screen.print_json({"changed": changed, "ids": ids})
    else:
        source = registry.url if registry is not None else "the lock file"
        screen.out().print(f"{changed} values now have the schema ids of {escape(source)}.")


@contextmanager
def _registry(settings: Settings) -> Iterator["Registry | None"]:
    found = homes.registry(settings)
    try:
        yield found
    finally:
        if found is not None:
            found.close()


@contextmanager
def _kafka(settings: Settings) -> Iterator[str]:
    """The Kafka that is named, or that of this home, started for a moment."""
    if settings.kafka is not None:
        yield settings.kafka
        return
    from broker.local.kafka import LocalKafka

    kafka = LocalKafka(settings, screen.say)
    try:
        yield kafka.start()
    finally:
        kafka.stop()


def _require_all_read(settings: Settings, bootstrap: str, ledger: Ledger) -> None:
    with ledger.reading() as connection:
        p = t.position.c
        taken = dict(connection.execute(select(p.topic, func.max(p.next)).group_by(p.topic)).all())
        agencies = connection.execute(select(t.agency.c.id)).scalars().all()
    outboxes = [provision.outbox(agency) for agency in agencies]
    for topic, end in ends_of(access(settings, bootstrap, AUDIT), outboxes).items():
        if end > taken.get(topic, 0):
            raise Misuse(
                f"{topic} holds {end - taken.get(topic, 0)} records that were not taken in: run "
                "Homeward with the schema ids it has now until it has read them"
            )


@commands.command(epilog="Example: homeward schemas asyncapi > asyncapi.json")
def asyncapi() -> None:
    """Print every channel and message as an AsyncAPI 3 document."""
    screen.print_json(document())


@commands.command(
    epilog="Example: homeward schemas example missing.notification | "
    "homeward send - --as provider.SC999001 --wait"
)
def example(
    kind: Annotated[str, typer.Argument(help=f"One of: {', '.join(sorted(FROM_AGENCIES))}.")],
) -> None:
    """Print a valid message of a kind, as JSON, about a made-up child; ready to be sent."""
    screen.print_json(example_of(kind, SystemClock().now()))


@commands.command(epilog="Example: homeward schemas catalogue --to schemas/catalogue")
def catalogue(
    to: Annotated[Path, typer.Option(help="The folder for the pages.")], as_json: Json = False
) -> None:
    """
    Write a page for each kind of message, in plain words: who sends it, who is told, what is owed.

    Pages that were made for kinds that are gone are taken away.
    """
    from broker.catalogue.pages import write

    try:
        written = [str(page) for page in write(to)]
    except OSError as error:
        raise Misuse(f"cannot write to {to}: {error.strerror}") from error
    if as_json:
        screen.print_json({"written": written})
    else:
        screen.out().print(f"{len(written)} pages in {escape(str(to))}")


def _problems() -> list[str]:
    ids, found = generate.published(), [*generate.thawed(), *incompatible()]
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
