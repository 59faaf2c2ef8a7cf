"""What this process was told about its surroundings, read once."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

MOST_SHARDS = 64


class Settings(BaseModel):
    """
    Frozen settings of one process.

    `home` holds all state of this machine: two homes never meet. Secrets are files below it (or
    below `secrets`), never values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    kafka: str | None = None  # bootstrap servers; none: the Kafka on this machine
    kafka_nodes: int = 1  # of the Kafka on this machine
    kafka_protocol: str = "SASL_PLAINTEXT"
    kafka_ca_file: Path | None = None
    ledger: str | None = None  # SQLAlchemy URL without password; none: SQLite in the home
    schema_registry: str | None = None  # address; none: schemas are numbered by the lock file
    schema_registry_ca_file: Path | None = None
    secrets_dir: Path | None = None
    policies: Path | None = None  # a folder of overlays; none: `policy` in the home
    shards: int | None = Field(None, ge=1, le=MOST_SHARDS)  # of a new ledger; none: few
    cache: Path = Path.home() / ".cache" / "homeward"  # Kafka's jars; the same for every home

    @field_validator("kafka_nodes")
    @classmethod
    def _one_or_three(cls, nodes: int) -> int:
        if nodes not in (1, 3):  # of two, none may be away: they would outvote nobody
            raise ValueError("a Kafka has 1 node or 3")
        return nodes

    @classmethod
    def read(cls, environ: Mapping[str, str], **given: object) -> "Settings":
        """Read HOMEWARD_* from the environment; what is given explicitly wins."""
        names = {f"HOMEWARD_{name.upper()}": name for name in cls.model_fields}
        found: dict[str, object] = {
            names[key]: value for key, value in environ.items() if key in names and value
        }
        found.update({name: value for name, value in given.items() if value is not None})
        found.setdefault("home", Path.home() / ".homeward")
        return cls.model_validate(found)

    @property
    def secrets(self) -> Path:
        """The folder of password and key files, readable by this user only."""
        return self.secrets_dir or self.home / "secrets"

    @property
    def policy_folder(self) -> Path:
        """The folder of the overlays that hold here, beside the policies that are shipped."""
        return self.policies or self.home / "policy"

    @property
    def ledger_url(self) -> str:
        """The ledger as SQLAlchemy names it."""
        return self.ledger or f"sqlite:///{self.home / 'ledger.sqlite'}"
