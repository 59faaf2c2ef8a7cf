"""How users connect: every client's words from one value, and passwords only in their files."""

import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from faststream.security import SASLScram512

from broker.connection import ADMIN, KafkaAccess, access, replace_secret, secret
from broker.errors import Misuse
from broker.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_a_password_is_made_once_and_for_this_user_only(settings):
    file = secret(settings, "la.E10000028")
    password = file.read_text()

    assert secret(settings, "la.E10000028").read_text() == password
    assert len(password.strip()) >= 40
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_all_who_ask_at_once_get_the_same_password(settings):
    def ask(_: int) -> str:
        return secret(settings, "la.E10000028").read_text()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(32)))) == 1

    assert [file.name for file in settings.secrets.iterdir()] == ["la.E10000028.password"]


def test_a_replaced_password_is_what_the_next_client_uses(settings):
    council = access(settings, "kafka:9092", "la.E10000028")

    replace_secret(secret(settings, "la.E10000028"), "quite-another")

    assert council.for_aiokafka()["sasl_plain_password"] == "quite-another"
    assert secret(settings, "la.E10000028").stat().st_mode & 0o777 == 0o600


def test_the_password_is_never_printed(settings):
    council = access(settings, "kafka:9092", "la.E10000028")

    assert council.password() not in repr(council)


def test_every_client_gets_the_same_in_its_own_words(settings):
    council = access(settings, "kafka:9092", "la.E10000028")
    servers, security = council.for_faststream()

    assert council.for_aiokafka() == {
        "bootstrap_servers": "kafka:9092",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "la.E10000028",
        "sasl_plain_password": council.password(),
    }
    assert council.for_confluent() == {
        "bootstrap.servers": "kafka:9092",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "la.E10000028",
        "sasl.password": council.password(),
    }
    assert servers == ["kafka:9092"]
    assert isinstance(security, SASLScram512)
    assert (security.username, security.use_ssl) == ("la.E10000028", False)


def test_every_client_knows_each_of_several_servers(settings):
    council = access(settings, "one:9092,two:9092", "la.E10000028")

    assert council.for_faststream()[0] == ["one:9092", "two:9092"]
    assert council.for_aiokafka()["bootstrap_servers"] == "one:9092,two:9092"


def test_over_tls_the_server_must_prove_its_name(settings):
    settings = settings.model_copy(update={"kafka_protocol": "SASL_SSL"})
    council = access(settings, "kafka:9093", "la.E10000028")

    context = council.for_aiokafka()["ssl_context"]

    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert council.for_faststream()[1].use_ssl
    assert council.for_confluent()["security.protocol"] == "SASL_SSL"


def test_a_certificate_authority_that_is_not_there_is_wrong_use(tmp_path):
    council = KafkaAccess("kafka:9093", "x", None, "SSL", ca_file=tmp_path / "none.pem")

    with pytest.raises(Misuse, match=r"none\.pem"):
        council.for_aiokafka()


def test_the_administrator_of_another_kafka_brings_its_password(settings):
    settings = settings.model_copy(update={"kafka": "kafka.example:9093"})

    with pytest.raises(Misuse, match="put the password"):
        access(settings, "kafka.example:9093", ADMIN)


def test_a_password_file_that_is_gone_is_wrong_use(tmp_path):
    with pytest.raises(Misuse, match=r"gone\.password"):
        KafkaAccess("kafka:9092", "x", tmp_path / "gone.password").for_confluent()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "a\n"])
def test_a_name_cannot_lead_out_of_the_folder(settings, name):
    with pytest.raises(Misuse):
        secret(settings, name)
