"""`homeward up` and `homeward run`: what is typed, and what is said when it is ready."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.markup import escape

from broker.cli import home as homes
from broker.cli import screen
from broker.cli.options import Home, Json, Kafka, LedgerUrl, SchemaRegistry
from broker.errors import Misuse
from broker.settings import Settings

PARTS = ("take-in", "relay", "timekeeper", "account", "web")

Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Of health and metrics; a free one if left out."),
]
Nodes = Annotated[
    int | None,
    typer.Option(help="Of the Kafka here, 1 or 3: with 3, one may be killed. Fixed at first."),
]
Ready = Callable[[homes.Running], AbstractContextManager[None]]


class Serve(Protocol):
    """Runs parts of Homeward until told to stop; the answer is the exit code."""

    def __call__(
        self,
        settings: Settings,
        *,
        parts: Sequence[str],
        host: str,
        port: int | None,
        say: Callable[[str], None],
        ready: Ready,
    ) -> Coroutine[Any, Any, int]: ...


class Demo(Protocol):
    """Stories with made-up people, each a real run."""

    def sentences(self) -> Mapping[str, str]:
        """Every story by its name, with one sentence on it."""
        ...

    def play(
        self, settings: Settings, screen: Console, name: str | None
    ) -> Coroutine[Any, Any, bool]:
        """Play a story, or the first; whether everything came out as it is told."""
        ...


def add_to(app: typer.Typer, serve: Serve, demo: Demo) -> None:
    """Add the commands that run something; only the wiring knows how."""

    @app.command(epilog="Example: homeward up --json")
    def up(
        home: Home = None,
        kafka: Kafka = None,
        ledger: LedgerUrl = None,
        schema_registry: SchemaRegistry = None,
        nodes: Nodes = None,
        port: Port = None,
        as_json: Json = False,
    ) -> None:
        """
        Run everything on this machine, until Ctrl-C: Kafka unless --kafka, SQLite unless --ledger.

        Prints one line when it is ready. Other commands with the same home find it by themselves.
        """
        settings = homes.settings(home, kafka, ledger, schema_registry, kafka_nodes=nodes)

        @contextmanager
        def ready(this: homes.Running) -> Iterator[None]:
            with homes.announced(settings, this):
                _say_ready(settings, this, as_json)
                yield

        with homes.claimed(settings):
            log = settings.home / "homeward.log"
            with _logging_to(log):
                code = asyncio.run(
                    serve(
                        settings,
                        parts=PARTS,
                        host="127.0.0.1",
                        port=port,
                        say=screen.say,
                        ready=ready,
                    )
                )
        if code:
            screen.err().print(f"Homeward ended because something failed: see {log}")
        raise typer.Exit(code)

    @app.command(epilog="Example: homeward run take-in relay --kafka kafka:9092 --ledger URL")
    def run(
        part: Annotated[list[str], typer.Argument(help=f"One or several of {', '.join(PARTS)}.")],
        home: Home = None,
        kafka: Kafka = None,
        ledger: LedgerUrl = None,
        schema_registry: SchemaRegistry = None,
        host: Annotated[str, typer.Option(help="Where health and metrics listen.")] = "127.0.0.1",
        port: Port = None,
    ) -> None:
        """Run one part, or several, of a Homeward whose Kafka and ledger are elsewhere."""
        unknown = [name for name in part if name not in PARTS]
        if unknown:
            raise Misuse(f"no part is called {unknown[0]}: there are {', '.join(PARTS)}")
        settings = homes.settings(home, kafka, ledger, schema_registry)
        known = homes.running(settings)
        settings = homes.settings(
            home,
            homes.kafka(settings),
            ledger or (known.ledger if known else None),
            schema_registry or (known.schema_registry if known else None),
        )

        @contextmanager
        def ready(this: homes.Running) -> Iterator[None]:
            screen.err().print(f"{' '.join(part)} ready, web {this.web}")
            yield

        with _logging_to(None):
            code = asyncio.run(
                serve(settings, parts=part, host=host, port=port, say=screen.say, ready=ready)
            )
        raise typer.Exit(code)

    @app.command("demo", epilog="Example: homeward demo siblings")
    def play(
        name: Annotated[
            str | None, typer.Argument(help="Which story; left out: one whole night.")
        ] = None,
        list_them: Annotated[bool, typer.Option("--list", help="Name the stories.")] = False,
    ) -> None:
        """
        Play a story with made-up people: who is told, who is not and why, what is late.

        In a home and with a clock of its own: it touches nothing of yours. The exit code is 1 if
        anything does not come out as it is told.
        """
        stories = demo.sentences()
        if list_them:
            width = max(map(len, stories)) + 1
            for story, sentence in stories.items():
                screen.out().print(f"[bold]{story:<{width}}[/]{sentence}", soft_wrap=True)
            return
        if name is not None and name not in stories:
            raise Misuse(f"no story is called {name}: there are {', '.join(stories)}")
        with tempfile.TemporaryDirectory(prefix="homeward-demo-") as folder:
            settings = Settings(home=Path(folder), cache=homes.settings().cache)
            with _logging_to(settings.home / "homeward.log"):
                good = asyncio.run(demo.play(settings, screen.out(), name))
        raise typer.Exit(0 if good else 1)


@contextmanager
def _logging_to(file: Path | None) -> Iterator[None]:
    """Log to the end of a file, or to standard error."""
    from broker import logs

    if file is None:
        logs.set_up()
        yield
        return
    with file.open("a", buffering=1, encoding="utf-8") as stream:
        logs.set_up(stream)
        yield


def _say_ready(settings: Settings, this: homes.Running, as_json: bool) -> None:
    if as_json:
        line = {"kafka": this.kafka, "web": this.web, "ledger": this.ledger}
        screen.print_json({"ready": True, **line}, one_line=True)
        return
    screen.out().print(
        f"[bold green]Homeward is ready[/]: Kafka {this.kafka}, web {this.web}, home "
        f"{escape(str(settings.home))}, log homeward.log there; Ctrl-C ends it"
    )
