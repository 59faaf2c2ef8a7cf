"""What a home holds for commands: whether Homeward runs there, its ledger, its keys."""

import contextlib
import fcntl
import json
import os
import secrets
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from sqlalchemy import select

from broker.clock import SystemClock
from broker.connection import ADMIN, KafkaAccess, access
from broker.decider import Decider
from broker.errors import Misuse
from broker.keys import Keys
from broker.ledger import tables as t
from broker.ledger.activation import active
from broker.ledger.engine import Ledger
from broker.local import process
from broker.policy.load import with_folder
from broker.policy.policies import Policies
from broker.settings import Settings
from schemas import codec

if TYPE_CHECKING:
    from schemas.registry import Registry


@dataclass(frozen=True, slots=True)
class Running:
    """What runs in a home: where its Kafka, web and ledger are, and which process it is."""

    kafka: str
    web: str
    ledger: str
    pid: int
    identity: str = ""
    schema_registry: str | None = None


def settings(
    home: Path | None = None,
    kafka: str | None = None,
    ledger: str | None = None,
    schema_registry: str | None = None,
    policies: Path | None = None,
    kafka_nodes: int | None = None,
) -> Settings:
    """The settings of this command: what was typed, else what the environment says."""
    try:
        return Settings.read(
            os.environ,
            home=home,
            kafka=kafka,
            ledger=ledger,
            schema_registry=schema_registry,
            policies=policies,
            kafka_nodes=kafka_nodes,
        )
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Misuse(f"the setting HOMEWARD_{name.upper()} is wrong: {first['msg']}") from None


def running(settings: Settings) -> Running | None:
    """What runs in this home now; None when nothing does, whatever an earlier run left behind."""
    try:
        found = json.loads((settings.home / "running.json").read_text())
        known = Running(**{name: found[name] for name in Running.__slots__ if name in found})
    except (OSError, ValueError, TypeError):
        return None
    return known if process.identity(known.pid) == known.identity else None


def this_process(kafka: str, web: str, ledger: str, schema_registry: str | None = None) -> Running:
    """This process, as others are to find it."""
    pid = os.getpid()
    return Running(kafka, web, ledger, pid, process.identity(pid) or "", schema_registry)


@contextmanager
def claimed(settings: Settings) -> Iterator[None]:
    """Have the home for this process alone: `Misuse` while another one has it."""
    _make(settings.home)
    with (settings.home / "lock").open("w") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            known = running(settings)
            which = f" (process {known.pid})" if known else ""
            raise Misuse(
                f"Homeward runs in {settings.home} already{which}: stop that one, or choose "
                "another --home"
            ) from None
        yield


@contextmanager
def announced(settings: Settings, this: Running) -> Iterator[None]:
    """Let other commands find this process for as long as it runs."""
    file = settings.home / "running.json"
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(this), indent=2) + "\n")
    fresh.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def kafka(settings: Settings) -> str:
    """The bootstrap servers: as given, or of what runs in this home."""
    known = running(settings)
    found = settings.kafka or (known.kafka if known else None)
    if found is None:
        raise Misuse(
            f"nothing runs in {settings.home}: start it with `homeward up`, or name a Kafka with "
            "--kafka or HOMEWARD_KAFKA"
        )
    return found


def admin(settings: Settings) -> KafkaAccess:
    """The way of the administrator to Kafka."""
    return access(settings, kafka(settings), ADMIN)


def agency_access(settings: Settings, agency: str) -> KafkaAccess:
    """The way of an agency to Kafka; `Misuse` unless its password is on this machine."""
    file = settings.secrets / f"{agency}.password"
    bootstrap = kafka(settings)
    if "/" in agency or not file.exists():
        raise Misuse(
            f"{agency} has no password in {settings.secrets}: add the agency with "
            f"`homeward agency add {agency}`, or see `homeward agency list`"
        )
    use_registry(settings)
    return access(settings, bootstrap, agency)


def use_registry(settings: Settings) -> None:
    """Encode and decode by the ids of the schema registry, where one is configured."""
    if (found := registry(settings)) is not None:
        codec.use(found.ids, found.find)


def registry(settings: Settings) -> "Registry | None":
    """The schema registry, as given or of what runs in this home; none: the lock file is used."""
    known = running(settings)
    url = settings.schema_registry or (known.schema_registry if known else None)
    if url is None:
        return None
    from schemas.registry import Registry  # slow to load

    credential = settings.secrets / "schema-registry.credential"
    return Registry(url, credential, settings.schema_registry_ca_file)


@contextmanager
def ledger(settings: Settings) -> Iterator[Ledger]:
    """The ledger of this home, open; `Misuse` when there is none yet."""
    found = open_ledger(settings)
    if found is None:
        raise Misuse(
            f"there is no ledger in {settings.home} yet: start Homeward with `homeward up`, or "
            "choose another --home"
        )
    try:
        yield found
    finally:
        found.close()


def open_ledger(settings: Settings) -> Ledger | None:
    """The ledger, brought up to date by whoever started it; None when there is none yet."""
    url = settings.ledger
    if url is None:
        known = running(settings)
        url = known.ledger if known else None
    if url is None and not (settings.home / "ledger.sqlite").exists():
        return None
    return Ledger(url or settings.ledger_url)


def _make(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Misuse(f"cannot make {home}: {error.strerror}; choose another --home") from error


def keys(settings: Settings, ledger: Ledger) -> Keys:
    """
    The keys of this ledger, their secret made on first use.

    `Misuse` when the secret is gone while the ledger knows children by it: with another one no
    child would be recognised any more.
    """
    file = settings.secrets / "pseudonym.key"
    if not file.exists():
        with ledger.reading() as connection:
            if connection.execute(select(t.child_key.c.key).limit(1)).first():
                raise Misuse(f"{file} is gone, and the ledger needs it: put it back from a backup")
        _write_once(file, secrets.token_bytes(32))
    try:
        return Keys(file.read_bytes())
    except (OSError, ValueError) as error:
        raise Misuse(f"{file} cannot be used: {error}") from error


def _write_once(file: Path, secret: bytes) -> None:
    """Two processes may start at once: the first one's secret stays, and is seen whole."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    number, name = tempfile.mkstemp(dir=file.parent, prefix=".")  # 0600
    try:
        with os.fdopen(number, "wb") as out:
            out.write(secret)
            out.flush()
            os.fsync(number)
        with contextlib.suppress(FileExistsError):
            os.link(name, file)
    finally:
        os.unlink(name)


def policies(settings: Settings) -> Policies:
    """What decides here: the shipped policies, and the overlays in this home's folder."""
    folder = settings.policy_folder
    if settings.policies is not None and not folder.is_dir():
        raise Misuse(f"there is no folder {folder}: name one with --policies or HOMEWARD_POLICIES")
    return with_folder(folder)


def require_policy(ledger: Ledger, policy: Policies) -> None:
    """`Misuse` when the ledger decides by another policy than this process has."""
    with ledger.reading() as connection:
        known = active(connection)
    if known is None or known.digest != policy.digest:
        raise Misuse(
            f"this ledger decides by policy {known.version if known else 'not set'}, and here is "
            f"{policy.version}, or another text of it: see what would change with `homeward policy "
            "diff active FOLDER`, and make it the active one with `homeward policy activate`"
        )


def decider(settings: Settings, ledger: Ledger) -> Decider:
    """
    What decides on what an operator asks for, as the parts that run decide.

    `Misuse` when the ledger decides by another policy than this process has.
    """
    policy = policies(settings)
    require_policy(ledger, policy)
    use_registry(settings)
    return Decider(ledger, SystemClock(), policy, keys(settings, ledger))


def answers(ledger: Ledger) -> None:
    """`Unavailable` while the ledger does not answer."""
    with ledger.reading() as connection:
        connection.execute(select(1))


def is_ready(web: str) -> bool:
    """Whether every part of a process says that it works."""
    try:
        with urllib.request.urlopen(f"{web}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
