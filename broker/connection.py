"""How one user of Kafka connects, in the words of each client; the password stays in its file."""

import os
import re
import secrets
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faststream.security import BaseSecurity, SASLScram512

from broker.errors import Misuse
from broker.settings import Settings

ADMIN = "homeward-admin"
TAKE_IN = "homeward-take-in"
RELAY = "homeward-relay"
AUDIT = "homeward-audit"
PARTS = (TAKE_IN, RELAY, AUDIT)

_SASL = ("SASL_PLAINTEXT", "SASL_SSL")
_TLS = ("SSL", "SASL_SSL")


@dataclass(frozen=True)
class KafkaAccess:
    """
    One user's way to Kafka.

    Holds the place of the password, never the password: it is read when a client is made, so a
    value of this class may be printed, logged and shown.
    """

    bootstrap_servers: str
    username: str
    password_file: Path | None
    security_protocol: str = "SASL_PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    ca_file: Path | None = None

    def password(self) -> str:
        """The password as it is now in its file; `Misuse` when it cannot be read."""
        if self.password_file is None:
            raise Misuse(f"{self.username} has no password file")
        try:
            return self.password_file.read_text().strip()
        except OSError as error:
            raise Misuse(f"cannot read {self.password_file}: {error.strerror}") from error

    def for_aiokafka(self) -> dict[str, Any]:
        """Arguments for AIOKafkaConsumer and AIOKafkaProducer."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if self._sasl:
            arguments["sasl_mechanism"] = self.sasl_mechanism
            arguments["sasl_plain_username"] = self.username
            arguments["sasl_plain_password"] = self.password()
        if self._tls:
            arguments["ssl_context"] = self._tls_context()
        return arguments

    def for_confluent(self) -> dict[str, str]:
        """Configuration for confluent-kafka's producer, consumer and AdminClient."""
        configuration = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
        }
        if self._sasl:
            configuration["sasl.mechanism"] = self.sasl_mechanism
            configuration["sasl.username"] = self.username
            configuration["sasl.password"] = self.password()
        if self._tls and self.ca_file:
            configuration["ssl.ca.location"] = str(self.ca_file)
        return configuration

    def for_faststream(self) -> tuple[list[str], BaseSecurity]:
        """Bootstrap servers and security for FastStream's KafkaBroker."""
        servers = self.bootstrap_servers.split(",")  # in one string it sees one server
        context = self._tls_context() if self._tls else None
        if not self._sasl:
            return servers, BaseSecurity(ssl_context=context, use_ssl=self._tls)
        if self.sasl_mechanism != "SCRAM-SHA-512":
            raise Misuse(f"Homeward speaks SCRAM-SHA-512, not {self.sasl_mechanism}")
        return servers, SASLScram512(
            self.username, self.password(), ssl_context=context, use_ssl=self._tls
        )

    @property
    def _sasl(self) -> bool:
        return self.security_protocol in _SASL

    @property
    def _tls(self) -> bool:
        return self.security_protocol in _TLS

    def _tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise Misuse(f"cannot use {self.ca_file} as certificate authority: {error}") from error


def access(settings: Settings, bootstrap: str, user: str) -> KafkaAccess:
    """
    The access of a user of ours or of an agency, its password made on first use.

    Only the administrator of a Kafka that is not ours must bring its password.
    """
    file = settings.secrets / f"{user}.password"
    if user == ADMIN and settings.kafka is not None and not file.exists():
        raise Misuse(f"put the password of {ADMIN} for {settings.kafka} into {file}")
    return KafkaAccess(
        bootstrap,
        user,
        secret(settings, user),
        security_protocol=settings.kafka_protocol,
        ca_file=settings.kafka_ca_file,
    )


def secret(settings: Settings, name: str) -> Path:
    """
    The password file of that name, with a new random password when there is none.

    Two processes that ask at once get the same password. Only this user can read the file.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", name):
        raise Misuse(f"{name!r} cannot be the name of a password")
    file = settings.secrets / f"{name}.password"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_once(file, secrets.token_urlsafe(32))
    return file


def replace_secret(file: Path, password: str) -> None:
    """Put another password into a password file; a reader sees the old one or the new one whole."""
    os.replace(_hidden(file, password), file)


def _write_once(file: Path, password: str) -> None:
    hidden = _hidden(file, password)
    try:
        os.link(hidden, file)  # unlike a rename, this never replaces what another process wrote
    except FileExistsError:
        pass
    finally:
        hidden.unlink()


def _hidden(file: Path, password: str) -> Path:
    """Write beside the file first, so that nobody reads half a password; mkstemp makes it 0600."""
    number, name = tempfile.mkstemp(dir=file.parent, prefix=".")
    with os.fdopen(number, "w") as out:
        out.write(password + "\n")
        out.flush()
        os.fsync(number)
    return Path(name)
