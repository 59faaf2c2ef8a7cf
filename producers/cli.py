"""What an agency types: `send`, `inbox`, `answer`, `catch-up`, with its own credential."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape

from broker.cli import home as homes
from broker.cli import message_file, screen
from broker.cli.options import Home, Json, Kafka, moment
from broker.cli.standing import Standing, answer_words, standings
from broker.clock import SystemClock
from broker.directory import Directory
from broker.errors import Misuse, Rejected
from broker.settings import Settings
from producers.gaps import Gap
from schemas.answer import Answer, AnswerState
from schemas.catch_up import CatchUp
from schemas.child import Child
from schemas.codec import from_json, to_json
from schemas.message import ChildMessage, Message
from schemas.notices import Receipt, Rejection
from schemas.placement import PlacementNotice

if TYPE_CHECKING:
    from producers.client import AgencyClient, Delivery, Sent

_STATES = [str(state) for state in AnswerState if state is not AnswerState.unrecognised]
_Limit = Annotated[float, typer.Option("--within", min=1, help="Wait so many seconds at most.")]
_Agency = Annotated[str, typer.Argument(metavar="AGENCY", help="Such as la.E06000021.")]


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: homeward send message.json --as provider.SC999001 --wait")(send)
    app.command(epilog="Example: homeward inbox la.E06000021 --since 5 --follow")(inbox)
    app.command(
        epilog="Example: homeward answer la.E08000030 1b4e28ba-2fa1-51d2-883f-0016d3cca427 acting"
    )(answer)
    app.command("catch-up", epilog="Example: homeward catch-up la.E08000030 --since 5")(catch_up)


def send(
    file: Annotated[str, typer.Argument(help="A message as JSON; - for standard input.")],
    as_: Annotated[str, typer.Option("--as", metavar="AGENCY", help="Who sends it.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the receipt.")] = False,
    limit_seconds: _Limit = 30,
    home: Home = None,
    kafka: Kafka = None,
    as_json: Json = False,
) -> None:
    """
    Write one message to an agency's outbox, as that agency.

    May be left out and is filled in: message_id, sender, from_address, sent_at. Exit code 1 when
    the message is refused. A message is accepted when its receipt is there, not before.
    """
    access = homes.agency_access(homes.settings(home, kafka), as_)
    fields = message_file.read(file)
    complete, filled = message_file.complete(fields, as_, SystemClock().now(), Directory.shipped())
    if filled and not as_json:
        screen.say("Filled in: " + ", ".join(f"{name} {complete[name]}" for name in filled))
    message = _read(complete, as_json)
    from producers.client import AgencyClient  # slow to load

    client = AgencyClient(access, as_)
    if wait and not isinstance(message, Answer):
        _say_waiting(limit_seconds, as_json)
        outcome = _run(_sent_and_waited(client, message, limit_seconds))
        _show_outcome(message, outcome, as_json)
        if isinstance(outcome, Rejection):
            raise typer.Exit(1)
    else:
        _show_sent(message, _run(_sent(client, message)), wait, as_json)


def inbox(
    agency: _Agency,
    since: Annotated[
        int | None,
        typer.Option(min=0, help="Only what comes after this sequence number; else all."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Wait for more, until Ctrl-C.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    home: Home = None,
    kafka: Kafka = None,
    as_json: Json = False,
) -> None:
    """
    Read an agency's inbox, as that agency. With --json, one line per delivery.

    Exit code 1 when sequence numbers are missing: a later number or a heartbeat shows that they
    were sent, and reading the inbox a second time did not find them. With --json there is a line
    {"gap": {"from": 5, "to": 6, "seen_at_offset": 9}} for them. `homeward catch-up` asks for them.
    """
    access = homes.agency_access(homes.settings(home, kafka), agency)
    from producers.client import AgencyClient  # slow to load

    client, gaps = AgencyClient(access, agency), list[Gap]()
    stand = {} if as_json else _standings(homes.settings(home, kafka), agency)
    try:
        count = _run(_read_inbox(client, since, follow, limit, as_json, gaps, stand))
    except KeyboardInterrupt:  # how following ends
        raise typer.Exit(int(bool(gaps)) if follow else 130) from None
    if not count and not as_json:
        screen.out().print(f"Nothing for {escape(agency)} after number {since or 0}.")
    if gaps:
        raise typer.Exit(1)


def answer(
    agency: _Agency,
    delivery: Annotated[str, typer.Argument(help="Its id, as the inbox shows it.")],
    state: Annotated[str, typer.Argument(help=f"One of: {', '.join(_STATES)}.")],
    reason: Annotated[str | None, typer.Option(help="Needed with not-ours, need-until.")] = None,
    whose: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="With not-ours: whose it is, if known.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="With need-until: like 2026-03-27T22:10:00Z.")
    ] = None,
    from_address: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="Which desk says so.")
    ] = None,
    home: Home = None,
    kafka: Kafka = None,
    as_json: Json = False,
) -> None:
    """
    Say how far an agency has come with a delivery, and listen shortly whether it is refused.

    Whoever acts says `acting`; `received` alone meets no duty to act.
    """
    if state not in _STATES:
        raise Misuse(f"{state} is not an answer: it is one of {', '.join(_STATES)}")
    which = _delivery(delivery, agency)
    access = homes.agency_access(homes.settings(home, kafka), agency)
    desk = _desk(agency, from_address)
    fields = {
        "kind": "answer",
        "delivery": str(which),
        "state": state,
        "reason": reason,
        "whose": whose,
        "until": moment(until, "--until").isoformat() if until else None,
        "from_address": desk,
    }
    message = _composed(fields, agency)
    from producers.client import AgencyClient  # slow to load

    if not as_json:
        screen.say(f"Listening {_LISTEN_SECONDS:g} s whether it is refused")
    refusal = _run(_listened(AgencyClient(access, agency), message))
    if as_json:
        said = {"message_id": message.message_id, "delivery": which, "state": state}
        screen.print_json(said | {"refused": refusal.detail if refusal else None})
    elif refusal is None:
        by = f", from {desk}" if from_address else ""
        screen.print_folded(f"Said {state} of {which}{by}", later="  ")
    if isinstance(refusal, Rejection):
        if not as_json:
            screen.refused(refusal.code, refusal.field, refusal.detail)
        raise typer.Exit(1)


def catch_up(
    agency: _Agency,
    since: Annotated[
        int | None,
        typer.Option(min=0, help="The last sequence number that was read; else only pictures."),
    ] = None,
    from_address: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="Which desk asks.")
    ] = None,
    limit_seconds: _Limit = 30,
    home: Home = None,
    kafka: Kafka = None,
    as_json: Json = False,
) -> None:
    """
    Ask Homeward for what an agency missed, and wait for the receipt.

    The inbox then gets where each open absence stands, and with --since everything that was sent
    after that number, again and under new numbers. None of it wakes anybody.
    """
    access = homes.agency_access(homes.settings(home, kafka), agency)
    desk = _desk(agency, from_address)
    fields = {"kind": CatchUp.KIND, "from_address": desk, "since": since}
    message = _composed(fields, agency)
    from producers.client import AgencyClient  # slow to load

    _say_waiting(limit_seconds, as_json)
    outcome = _run(_sent_and_waited(AgencyClient(access, agency), message, limit_seconds))
    if as_json:
        screen.print_json(outcome_shape(message, outcome))
    elif isinstance(outcome, Rejection):
        screen.refused(outcome.code, outcome.field, outcome.detail)
    else:
        screen.print_folded(outcome.words or "Accepted.")
        screen.out().print(f"Read it with `homeward inbox {escape(agency)}`")
    if isinstance(outcome, Rejection):
        raise typer.Exit(1)


def _delivery(typed: str, agency: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise Misuse(
            f"{typed} is not the id of a delivery: it has 32 hexadecimal digits, like "
            f"1b4e28ba-2fa1-51d2-883f-0016d3cca427; `homeward inbox {agency}` shows it"
        ) from None


def _standings(settings: Settings, agency: str) -> Mapping[UUID, Standing]:
    """What the ledger knows of an agency's inbox; nothing on a machine that has none."""
    opened = homes.open_ledger(settings)
    if opened is None:
        return {}
    try:
        with opened.reading() as connection:
            return standings(connection, agency)
    finally:
        opened.close()


def _desk(agency: str, given: str | None) -> str:
    desk = given or message_file.default_desk(agency, Directory.shipped())
    if not desk.startswith(f"{agency}/"):
        raise Misuse(f"--from {desk} is not a desk of {agency}")
    return desk


def _composed(fields: dict[str, Any], agency: str) -> Message:
    """The message that a command stands for, as if it happened now."""
    now = SystemClock().now()
    told = {"occurred_at": now.isoformat(), **fields}
    complete, _ = message_file.complete(told, agency, now, Directory.shipped())
    try:
        return from_json(complete)
    except Rejected as error:
        raise Misuse(f"{error.detail}{f' ({error.field})' if error.field else ''}") from None


def _read(fields: dict[str, Any], as_json: bool) -> Message:
    """The message; what is refused here is refused as the broker would, with the same code."""
    try:
        return from_json(fields)
    except Rejected as error:
        if not as_json:
            raise
        screen.print_json(
            {
                "message_id": fields.get("message_id"),
                "accepted": False,
                "child": None,
                "episode": None,
                "told": [],
                "code": error.code,
                "field": error.field,
                "detail": error.detail,
            }
        )
        raise typer.Exit(1) from None


async def _sent(client: "AgencyClient", message: Message) -> "Sent":
    async with client:
        return await client.send(message)


async def _sent_and_waited(
    client: "AgencyClient", message: Message, limit_seconds: float
) -> Receipt | Rejection:
    async with client:
        return await client.send_and_wait(message, limit_seconds)


async def _read_inbox(
    client: "AgencyClient",
    since: int | None,
    follow: bool,
    limit: int | None,
    as_json: bool,
    gaps: list[Gap],
    stand: Mapping[UUID, Standing],
) -> int:
    count = 0
    async with client:
        async for one in client.read_with_gaps(since, follow):
            if isinstance(one, Gap):
                gaps.append(one)
                _show_gap(client.agency, one, as_json)
                continue
            if as_json:
                screen.print_json(delivery_shape(one), one_line=True)
            else:
                _print_delivery(one, stand.get(one.delivery))
            count += 1
            if count == limit:
                break
    return count


def _run(work: Any) -> Any:
    # It logs each attempt to connect; what is wrong is raised anyway.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return asyncio.run(work)


_LISTEN_SECONDS = 3.0


def _say_waiting(limit_seconds: float, as_json: bool) -> None:
    if not as_json:
        screen.say(f"Sending; the receipt is waited for {limit_seconds:g} s at most")


async def _listened(client: "AgencyClient", message: Message) -> Rejection | None:
    async with client:
        outcome = await client.send_and_listen(message, _LISTEN_SECONDS)
    return outcome if isinstance(outcome, Rejection) else None


def _show_outcome(message: Message, outcome: Receipt | Rejection, as_json: bool) -> None:
    if as_json:
        screen.print_json(outcome_shape(message, outcome))
    elif isinstance(outcome, Rejection):
        screen.refused(outcome.code, outcome.field, outcome.detail)
    else:
        if outcome.repeated:
            screen.out().print("It was accepted before; nothing is done twice.")
        screen.print_folded(outcome.words or "Accepted.", style="bold")
        screen.out().print(f"message {message.message_id}")
        if outcome.episode:
            screen.out().print(f"episode {escape(outcome.episode)}")
        columns = ("told", "because", "answer by")
        rows = [
            (told.address, told.because, screen.due_of(told.answer_by)) for told in outcome.told
        ]
        screen.table("", columns, rows, "")


def outcome_shape(message: Message, outcome: Receipt | Rejection) -> dict[str, Any]:
    """A receipt or rejection as `send --wait --json` shows it."""
    receipt = outcome if isinstance(outcome, Receipt) else None
    rejection = outcome if isinstance(outcome, Rejection) else None
    return {
        "message_id": message.message_id,
        "accepted": receipt is not None,
        "child": receipt.child if receipt else None,
        "episode": receipt.episode if receipt else None,
        "told": [told.model_dump(mode="json") for told in receipt.told] if receipt else [],
        "code": rejection.code if rejection else None,
        "field": rejection.field if rejection else None,
        "detail": rejection.detail if rejection else None,
        "repeated": receipt.repeated if receipt else False,
        "words": receipt.words if receipt else "",
    }


def _show_sent(message: Message, sent: "Sent", waited: bool, as_json: bool) -> None:
    if as_json:
        screen.print_json(_sent_shape(message, sent))
        return
    screen.out().print(f"Sent message {message.message_id} to {sent.topic}, offset {sent.offset}")
    if waited:
        screen.say(f"There is no receipt for {message.KIND}; if it is refused, the inbox says so.")


def _sent_shape(message: Message, sent: "Sent") -> dict[str, Any]:
    return {"message_id": message.message_id, "topic": sent.topic, "offset": sent.offset}


def delivery_shape(delivery: "Delivery") -> dict[str, Any]:
    """A delivery as `inbox --json` shows it."""
    return {
        "sequence": delivery.sequence,
        "delivery": delivery.delivery,
        "address": delivery.address,
        "kind": delivery.kind,
        "because": delivery.because,
        "answer_by": delivery.answer_by,
        "exercise": delivery.exercise,
        "wakes": delivery.wakes,
        "message": to_json(delivery.message) if delivery.message else None,
        "view": delivery.view,
        "subject": delivery.subject,
        "missing_before": list(delivery.missing_before),
    }


def gap_shape(gap: Gap) -> dict[str, Any]:
    """A gap as `inbox --json` shows it."""
    said = {"from": gap.first, "to": gap.last, "seen_at_offset": gap.seen_at_offset}
    return {"gap": said}


def _show_gap(agency: str, gap: Gap, as_json: bool) -> None:
    if as_json:
        screen.print_json(gap_shape(gap), one_line=True)
        return
    which = f"number {gap.first} is" if gap.first == gap.last else f"{gap.first} to {gap.last} are"
    screen.err().print(
        f"[bold yellow]Missing:[/] {which} not in the inbox, which was read twice; offset "
        f"{gap.seen_at_offset} shows that it should be. To get it: `homeward catch-up "
        f"{escape(agency)} --since {gap.first - 1}`"
    )


def _print_delivery(delivery: "Delivery", standing: Standing | None = None) -> None:
    exercise = "EXERCISE " if delivery.exercise else ""
    head = f"{delivery.sequence:>5}  {exercise}{delivery.kind} for {delivery.address}"
    screen.print_folded(head, later=" " * 7, style="bold")
    for text in lines_of(delivery, standing, SystemClock().now()):
        screen.print_folded(text, " " * 7, " " * 9)


_NOT_SHOWN = "-"  # how a view writes a name that it keeps back
_FACTS = ("category", "risk", "stage", "outcome", "result", "type", "to", "regulator", "event")


def lines_of(delivery: "Delivery", standing: Standing | None, now: datetime) -> list[str]:
    """A delivery in lines for people; what its view does not show is not there."""
    message = delivery.message
    lines = [f"delivery {delivery.delivery}", f"because of {delivery.because}"]
    lines += answer_words(delivery.answer_by, delivery.wakes, standing, now)
    if message is None:
        return [*lines, "(its schema is newer than this Homeward)"]
    said = to_json(message)
    words = said.get("words") or said.get("detail") or said.get("reason") or said.get("why")
    facts = [f"{name} {said[name]}" for name in _FACTS if isinstance(said.get(name), str)]
    facts += [f"{name} {screen.time_of(at)}" for name, at in _times_of(message)]
    lines.append(", ".join([f"happened {screen.time_of(_at(message))}", *facts]))
    lines += [f"{name} {said[name]}" for name in ("episode", "placement") if said.get(name)]
    if isinstance(message, ChildMessage):
        lines.append(f"child {_name(message.child) or 'not named to this desk'}")
    return [*lines, str(words)] if words else lines


def _times_of(message: Message) -> Iterator[tuple[str, datetime]]:
    """From when a placement lasts, and until when."""
    if isinstance(message, PlacementNotice):
        for name, at in (("starts", message.starts_at), ("ends", message.ends_at)):
            if at is not None:
                yield name, at


def _name(child: Child) -> str:
    """A child by name, else by a reference: the recipient's own screen may show it."""
    each = (child.given_name, child.family_name)
    name = " ".join(part for part in each if part and part != _NOT_SHOWN)
    return name or ", ".join(reference.value for reference in child.references)


def _at(message: Message) -> datetime:
    return message.occurred_at
