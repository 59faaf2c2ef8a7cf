"""`homeward backup` and `homeward restore`: what is typed, and what was found and done."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from broker.cli import backups, joining, screen
from broker.cli import home as homes
from broker.cli.options import (
    By,
    Home,
    Json,
    Kafka,
    LedgerUrl,
    PolicyFolder,
    SchemaRegistry,
    operator,
)
from broker.clock import SystemClock
from broker.connection import ADMIN, access
from broker.errors import Misuse
from broker.ledger.engine import Ledger
from broker.operators import said
from broker.settings import Settings

_FEW = 8


def backup(
    to: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file; --force writes over one.")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Write a copy of the ledger to a file, while Homeward runs.

    It holds everything about every child: keep it as safe as the ledger, and the folder of secrets
    apart from it. PostgreSQL's is made by pg_dump.
    """
    settings = homes.settings(home, None, ledger)
    with homes.ledger(settings) as opened:
        size = backups.write(opened, to, force=force)
    if as_json:
        screen.print_json({"file": str(to), "bytes": size})
        return
    screen.out().print(
        f"Backed up to {escape(str(to))}, {size:,} bytes. Keep {settings.secrets} too, apart from "
        "it: without pseudonym.key no child in it is recognised again."
    )


def restore(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    reason: Annotated[
        str, typer.Option(help="Why; kept in the audit. Needed unless --dry-run.")
    ] = "",
    by: By = None,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", help="A file of `homeward backup`, to be the ledger (SQLite)."),
    ] = None,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on without what cannot be recovered.")
    ] = False,
    home: Home = None,
    kafka: Kafka = None,
    ledger: LedgerUrl = None,
    policies: PolicyFolder = None,
    schema_registry: SchemaRegistry = None,
    as_json: Json = False,
) -> None:
    """
    Bring ledger and Kafka together after a backup was put back, or after Kafka lost something.

    Stop every part of Homeward first. Nothing is sent twice: what is out is marked as sent, what
    outboxes still hold is decided again as it was, and the rest goes out when Homeward starts.
    """
    settings = homes.settings(home, kafka, ledger, schema_registry, policies)
    who = operator(by).who
    if not dry_run and not reason.strip():
        raise Misuse("say why with --reason, or look first with --dry-run")
    why = "" if dry_run else said(reason, "--reason")
    with (
        homes.claimed(settings),
        backups.put_back(settings, from_file, dry_run=dry_run) as url,
        _kafka(settings) as bootstrap,
    ):
        homes.use_registry(settings)
        found = _restored(settings, url, bootstrap, (who, why, dry_run, accept_loss))
    if as_json:
        screen.print_json(_json(found, dry_run))
    else:
        _print(found, dry_run, f" --from {from_file}" if from_file else "")


@contextmanager
def _kafka(settings: Settings) -> Iterator[str]:
    """The Kafka that is named, or that of this home for as long as it takes."""
    if settings.kafka is not None:
        yield settings.kafka
        return
    from broker.local.kafka import LocalKafka

    with LocalKafka(settings, screen.say) as server:
        yield server.bootstrap


def _restored(
    settings: Settings, url: str, bootstrap: str, asked: tuple[str, str, bool, bool]
) -> Any:
    from broker.restoring.kafka import Kafka as Side
    from broker.restoring.restore import Asked, Restore
    from broker.timekeeper import ledger_now

    opened = Ledger(url)
    clock = SystemClock()
    try:
        opened.create(clock)
        policies = homes.policies(settings)
        _prepare(settings, bootstrap, opened, dry_run=asked[2])
        run = Restore(
            opened,
            Side(lambda user: access(settings, bootstrap, user)),
            policies,
            homes.keys(settings, opened),
            clock,
            lambda connection: ledger_now(connection, opened),
        )
        return run.run(Asked(*asked))
    finally:
        opened.close()


def _prepare(settings: Settings, bootstrap: str, opened: Ledger, *, dry_run: bool) -> None:
    """Make again what a Kafka lost, where this machine may: topics, users and rights."""
    if settings.kafka is not None and not (settings.secrets / f"{ADMIN}.password").exists():
        return
    joining.make_again(settings, bootstrap, opened, with_agencies=not dry_run)


def _json(found: Any, dry_run: bool) -> dict[str, Any]:
    seen = found.found
    return {
        "dry_run": dry_run,
        "agree": seen.agree,
        "ledger_older": seen.older,
        "cursor_wrong": seen.cursor_wrong,
        "ledger": found.ledger,
        "ledger_knows_until": found.last_at,
        "already_out": found.out,
        "taken_again": asdict(found.retaken),
        "left_for_take_in": found.left,
        "waiting": found.waiting,
        "not_decided_again": [asdict(one) for one in found.orphans],
        "told_how_it_goes_on": found.told_of,
        "pictures": found.pictures,
        "topics_missing": seen.missing,
        "kafka_lost_up_to": seen.gone,
        "outboxes_shorter": seen.shorter,
        "numbers_lost": seen.lost,
        "records_lost": {topic: list(both) for topic, both in seen.unread.items()},
        "agencies_to_add": seen.agencies,
        "policies_to_activate": seen.policies,
        "accepted_in_other_ways": found.other_ways,
        "account": found.still_open,
    }


def _print(found: Any, dry_run: bool, source: str) -> None:
    say = screen.out().print
    if found.found.agree:
        say("[bold green]Ledger and Kafka belong together[/]: there is nothing to restore.")
        return
    for title, lines in (
        ("What was found", _what_was_found(found)),
        ("What would be done" if dry_run else "What was done", _what_is_done(found)),
        ("What cannot be recovered", _what_is_lost(found)),
        ("Yours to do again", _yours(found, dry_run)),
        ("What to do now", _now(found, dry_run, source)),
    ):
        if some := list(lines):
            say(f"[bold]{title}[/]")
            for line in some:
                screen.print_folded(line, "  - ", "    ")


def _what_was_found(found: Any) -> Iterator[str]:
    seen = found.found
    if seen.older:
        until = f", and knows of nothing after {_time(found.last_at)}" if found.last_at else ""
        yield (
            f"The ledger is older than Kafka{until}. Kafka holds {found.out:,} deliveries and "
            "records that it does not know."
        )
    elif seen.cursor_wrong:
        yield "The ledger is newer than Kafka: the relay's cursor is missing, or behind."
    if seen.missing:
        yield f"Topics that Kafka does not have: {_some(seen.missing)}."
    for topic, number in _first(seen.gone):
        yield f"{topic}: Kafka has lost of what was sent there, up to number {number}."
    yield from _more(seen.gone)
    for topic, end in _first(seen.shorter):
        yield f"{topic}: Kafka has lost its end, and holds {end} records only."


def _what_is_done(found: Any) -> Iterator[str]:
    seen, again = found.found, found.retaken
    if seen.older:
        yield (
            f"{found.out:,} are marked as sent, under the numbers they have: none goes out a "
            "second time, nobody is rung again for them, and numbers go on above."
        )
        yield (
            f"Outboxes are taken again from where the ledger stood, at the times of then: "
            f"{again.accepted:,} accepted, {again.repeated:,} repeated, {again.rejected:,} "
            f"rejected. {found.left:,} more, of which nothing is out, are left for take-in."
        )
        yield "The ledger has a new id, so that no relay of before can send any more."
    else:
        yield "The relay's cursor is written anew. Nothing that was sent is sent again by itself."
    if found.activated:
        yield f"Policy {found.activated} is made the active one: it is what stands here."
    if found.orphans:
        kinds = Counter(one.kind for one in found.orphans)
        each = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
        yield (
            f"{len(found.orphans):,} deliveries are out that the ledger does not decide on again "
            f"({each}): they stay in it as sent. {found.told_of:,} addresses are told how it goes "
            "on because of that."
        )
    for topic in seen.shorter:
        yield f"{topic} is read on where it is another than was read before."
    if seen.gone or seen.missing:
        yield (
            f"{found.pictures:,} pictures tell those whose inbox lost something where things "
            "stand. A heartbeat tells the last number; who misses any asks with a catch-up."
        )
    if found.waiting:
        total = sum(found.waiting.values())
        where = _some(f"{topic} {count:,}" for topic, count in sorted(found.waiting.items()))
        yield f"{total:,} deliveries go out when the relay starts: {where}."
    for text in found.still_open:
        yield f"The account does not close: {text}"


def _what_is_lost(found: Any) -> Iterator[str]:
    seen = found.found
    for topic, numbers in _first(seen.lost):
        yield (
            f"{topic}: numbers {numbers[0]} to {numbers[-1]} were sent ({len(numbers)} of them), "
            "and neither ledger nor Kafka has them any more."
        )
    yield from _more(seen.lost)
    for topic, (place, first) in _first(seen.unread):
        yield (
            f"{topic}: what was written at {place} to {first - 1} is gone from Kafka. Ask "
            f"{topic.removeprefix('outbox.')} to send its messages of that time again, with the "
            "same ids: what was taken before is only repeated."
        )
    yield from _more(seen.unread)


def _yours(found: Any, dry_run: bool) -> Iterator[str]:
    seen = found.found
    for agency in seen.agencies:
        yield (
            f"{agency} was added since: homeward agency add {agency}, as soon as Homeward runs. "
            "What is for it waits until then."
        )
    for version in seen.policies:
        yield (
            f"Policy {version} decided since, and is not here: put it into the folder of policies "
            + (
                "before you restore."
                if dry_run
                else "and make it active: homeward policy activate."
            )
        )
    if found.other_ways:
        yield (
            f"{found.other_ways:,} messages were accepted that no outbox holds (a dead letter "
            "replayed, say): replay them again."
        )
    if seen.older:
        yield (
            "Whatever else was done by hand since: agencies removed, agreements and subscriptions "
            "decided, inboxes unparked, dead letters replayed or dropped. Kafka does not tell."
        )


def _now(found: Any, dry_run: bool, source: str) -> Iterator[str]:
    if dry_run:
        word = " --accept-loss" if found.found.cannot_be_recovered else ""
        yield f'Nothing was changed. To do it: homeward restore{source} --reason "..."{word}'
        return
    yield "Start Homeward, wait a minute, and see that the counts close: homeward account."
    yield "Senders that had no receipt send again, with the same ids."


def _time(at: datetime) -> str:
    return screen.time_of(at)


def _first(found: Any) -> list[tuple[str, Any]]:
    return sorted(found.items())[:_FEW]


def _more(found: Any) -> Iterator[str]:
    if len(found) > _FEW:
        yield f"and {len(found) - _FEW} more: see --json"


def _some(names: Any) -> str:
    every = list(names)
    more = f" and {len(every) - _FEW} more" if len(every) > _FEW else ""
    return ", ".join(every[:_FEW]) + more


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: homeward backup /backups/ledger-0200.sqlite")(backup)
    app.command(epilog='Example: homeward restore --dry-run; then --reason "disk lost at 01:40"')(
        restore
    )
