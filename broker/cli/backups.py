"""Copies of the ledger: SQLite's by its own backup, PostgreSQL's by pg_dump."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from broker.errors import Misuse, Unavailable
from broker.ledger.engine import Ledger
from broker.settings import Settings

_LIMIT_SECONDS = 6 * 3600.0
_BESIDE = ("", "-wal", "-shm")


def write(ledger: Ledger, to: Path, *, force: bool = False) -> int:
    """
    A copy of the ledger as it is at one moment; the answer is its size.

    Decisions go on meanwhile. The file is whole or not there, and only this user can read it.
    """
    if to.exists() and not force:
        raise Misuse(f"{to} is there already: name another file, or say --force")
    try:
        number, name = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")  # 0600
    except OSError as error:
        raise Misuse(f"cannot write to {to.parent}: {error.strerror}") from error
    os.close(number)
    try:
        if ledger.is_sqlite:
            _copy_sqlite(Path(ledger.url.database or ""), Path(name))
        else:
            _dump(ledger, Path(name))
        _sync(Path(name))
        os.replace(name, to)
    finally:
        Path(name).unlink(missing_ok=True)
    return to.stat().st_size


@contextmanager
def put_back(settings: Settings, file: Path | None, *, dry_run: bool) -> Iterator[str]:
    """
    The ledger to restore: as it is, or with a backup in its place; the answer is its URL.

    The ledger that was there is kept beside it. A dry run works on a copy of the backup.
    """
    url = make_url(settings.ledger_url)
    if file is None:
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            raise Misuse(f"there is no ledger {url.database}: name a backup with --from")
        yield settings.ledger_url
        return
    if url.get_backend_name() != "sqlite":
        raise Misuse(
            "load a PostgreSQL backup first: pg_restore --clean --if-exists --single-transaction "
            f"--dbname DATABASE {file}; then run this again without --from"
        )
    _require_ledger(file)
    place = Path(url.database or "")
    if dry_run:
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".tried-") as folder:
            copy = Path(folder) / "ledger.sqlite"
            _copy_sqlite(file, copy)
            yield f"sqlite:///{copy}"
        return
    before = f"{place}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    _move(str(place), before)
    _copy_sqlite(file, place)
    _sync(place)
    try:
        yield settings.ledger_url
    except Misuse:  # refused, so nothing was done
        for ending in _BESIDE:
            Path(f"{place}{ending}").unlink(missing_ok=True)
        _move(before, str(place))
        raise


def _copy_sqlite(file: Path, to: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as here:
            to.touch(mode=0o600)
            with closing(sqlite3.connect(to)) as there:
                here.backup(there)
    except sqlite3.Error as error:
        raise Unavailable(f"the ledger could not be copied: {error}") from error


def _require_ledger(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
            opened.execute("SELECT id FROM ledger").fetchone()
            if opened.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise Misuse(f"{file} is damaged: take another backup")
    except sqlite3.Error as error:
        raise Misuse(f"{file} is not a backup of a ledger: {error}") from error


def _move(place: str, to: str) -> None:
    """A log that is left beside it would be played into the next one: all of it goes."""
    for ending in _BESIDE:
        with suppress(FileNotFoundError):
            os.replace(f"{place}{ending}", f"{to}{ending}")


def _dump(ledger: Ledger, to: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise Misuse("pg_dump is not installed here: install PostgreSQL's client programs")
    url = ledger.url.set(drivername="postgresql", password=None)
    password = {"PGPASSWORD": ledger.url.password} if ledger.url.password else {}
    command = [program, "--format=custom", f"--file={to}", f"--dbname={url.render_as_string()}"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
            env={**os.environ, **password},
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"pg_dump did not end in {_LIMIT_SECONDS / 3600:g} hours") from error
    if done.returncode:
        first = (done.stderr.strip() or "it gave no reason").split("\n")[0]
        raise Unavailable(f"pg_dump failed: {first}")


def _sync(file: Path) -> None:
    for each in (file, file.parent):
        number = os.open(each, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
