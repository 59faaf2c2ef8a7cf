"""
A Confluent-compatible schema registry as the source of schema ids.

Subjects are named by the record (`uk.homeward.v1.MissingReturn`), which clients call the
RecordNameStrategy: an inbox carries many kinds, so the topic's name cannot say which schema is
meant, and all versions of a kind meet under one name, where the registry compares them.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from schemas import generate
from schemas.errors import Misuse, Unavailable

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient

_REQUEST_SECONDS = 5.0
_PATIENCE_SECONDS = 5.0
_REMEMBERED_SECONDS = 60.0  # how long an id stays unknown without being asked for again
_REMEMBERED = 10_000
_LARGEST_ID = 2**31 - 1

_COMPATIBILITY = "FULL_TRANSITIVE"  # every version reads every other

_patiently = retry(
    retry=retry_if_exception_type(Unavailable),
    stop=stop_after_delay(_PATIENCE_SECONDS),
    wait=wait_random_exponential(0.1, max=1),
    reraise=True,
)


class Registry:
    """
    One registry, as one process sees it; safe to be used by several threads.

    Whatever shows that it is away, or does not let us in, is `Unavailable` after a few seconds of
    trying. The credential, `user:password`, stays in its file.
    """

    def __init__(
        self, url: str, credential_file: Path | None = None, ca_file: Path | None = None
    ) -> None:
        self.url = _checked(url)
        self._client = _client(self.url, credential_file, ca_file)
        self._unknown: dict[int, float] = {}

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    @_patiently
    def ids(self) -> dict[str, int]:
        """The ids of all that is published; what the registry lacks is registered."""
        return {name: self._held(name) or self._register(name) for name in generate.published()}

    @_patiently
    def held(self) -> dict[str, int]:
        """The ids of what the registry has of all that is published."""
        found = {name: self._held(name) for name in generate.published()}
        return {name: number for name, number in found.items() if number is not None}

    @_patiently
    def publish(self) -> list[str]:
        """Register what the registry lacks, and what it must refuse from now on."""
        held = self.held()
        lacking = [name for name in generate.published() if name not in held]
        for name in lacking:
            self._register(name)
        for each in sorted({subject(name) for name in generate.published()}):
            with self._asked():
                self._client.set_compatibility(each, _COMPATIBILITY)
        return lacking

    @_patiently
    def find(self, number: int) -> str | None:
        """The text of a schema; None when the registry knows none under this id."""
        if number > _LARGEST_ID or self._is_unknown(number):
            return None
        with self._asked():
            found = self._client.get_schema(number).schema_str
            if found is None:  # something else answers there, and the client would remember it
                self._client.clear_caches()  # type: ignore[no-untyped-call] # its own lack
                raise ValueError("an answer without a schema")
            return str(found)
        self._remember_unknown(number)
        return None

    def _held(self, name: str) -> int | None:
        with self._asked():
            found: int | None = self._client.lookup_schema(subject(name), _schema(name)).schema_id
            return found
        return None

    def _register(self, name: str) -> int:
        with self._asked():
            return int(self._client.register_schema(subject(name), _schema(name)))
        raise Unavailable(f"the schema registry at {self.url} does not take {name}")

    @contextlib.contextmanager
    def _asked(self) -> Iterator[None]:
        """Goes on after the block when the registry answers that it knows no such thing."""
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            yield
        except SchemaRegistryError as error:
            status = error.http_status_code
            if status == 404 and error.error_code in _NOT_KNOWN:
                return
            if status in (409, 422):
                raise Misuse(
                    f"the schema registry at {self.url} refuses a schema: does somebody else use "
                    f"the subject? It says: {error.error_message}"
                ) from error
            raise Unavailable(_words(self.url, status)) from error
        except Exception as error:  # its HTTP library's: none says anything of a message
            raise Unavailable(
                f"the schema registry at {self.url} does not answer ({type(error).__name__})"
            ) from error

    def _is_unknown(self, number: int) -> bool:
        until = self._unknown.get(number)
        return until is not None and time.monotonic() < until

    def _remember_unknown(self, number: int) -> None:
        if len(self._unknown) >= _REMEMBERED:  # somebody writes noise: forget, do not grow
            self._unknown.clear()
        self._unknown[number] = time.monotonic() + _REMEMBERED_SECONDS


_NOT_KNOWN = (40401, 40402, 40403)  # subject, version, schema; a wrong path has none of these


def subject(name: str) -> str:
    """The registry's name for all versions of a kind."""
    return f"{generate.NAMESPACE}.{generate.record_name(name.rpartition('.v')[0])}"


def _schema(name: str) -> Any:
    from confluent_kafka.schema_registry import Schema

    return Schema(generate.text(name), "AVRO")


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misuse(f"the schema registry is an address such as https://host/apis, not {url}")
    if parts.username or parts.password:
        raise Misuse("the credential of the schema registry belongs into its file, not the address")
    return url.rstrip("/")


def _client(url: str, credential_file: Path | None, ca_file: Path | None) -> "SchemaRegistryClient":
    from confluent_kafka.schema_registry import SchemaRegistryClient

    settings: dict[str, Any] = {"url": url, "timeout": _REQUEST_SECONDS, "max.retries": 0}
    if ca_file is not None:
        settings["ssl.ca.location"] = str(ca_file)
    if credential_file is not None and credential_file.exists():
        settings["basic.auth.user.info"] = _credential(credential_file)
    try:
        return SchemaRegistryClient(settings)
    except (ValueError, TypeError, OSError) as error:
        raise Misuse(f"the schema registry cannot be used: {type(error).__name__}") from error


def _credential(file: Path) -> str:
    try:
        found = file.read_text().strip()
    except OSError as error:
        raise Misuse(f"cannot read {file}: {error.strerror}") from error
    if ":" not in found:
        raise Misuse(f"{file} must hold one line, user:password")
    return found


def _words(url: str, status: int) -> str:
    if status in (401, 403):
        return f"the schema registry at {url} does not let us in (status {status})"
    return f"the schema registry at {url} answers with status {status}"
