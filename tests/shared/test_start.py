"""Starting: wrong settings are refused with name and remedy; two replicas migrate at once; nothing goes backward."""

import asyncio
import base64

import asyncpg
import certifi
import pytest

from shared.database import migrate
from shared.settings import load
from tests.shared.conftest import PLUMBING, settings_for

KEY = base64.b64encode(bytes(32)).decode()
DATABASE = "postgresql://reception:pw@127.0.0.1:5432/landa"
CERTIFI = certifi.where()
GOOD = {
    "LANDA_DATABASE_URL": DATABASE,
    "LANDA_KAFKA": "127.0.0.1:9092",
    "LANDA_LISTEN_PORT": "8001",
    "LANDA_PUBLIC_URL": "https://landa.example",
    "LANDA_ISSUER": "https://login.example/realms/landa",
    "LANDA_CLIENT_ID": "reception",
    "LANDA_CLIENT_SECRET": "hemlis",
    "LANDA_SESSION_KEY": KEY,
    "LANDA_MASTER_KEY": KEY,
    "LANDA_SERVICES": '{"awards": "http://127.0.0.1:8004"}',
}
WRONG = [
    ({"LANDA_KAFKA": None}, "LANDA_KAFKA is not set"),
    ({"LANDA_KAFKA": "kafka"}, "LANDA_KAFKA must be host:port"),
    ({"LANDA_MASTER_KEY": "hemlig nyckel"}, "LANDA_MASTER_KEY is not base64"),
    ({"LANDA_MASTER_KEY": "aGVtbGln"}, "LANDA_MASTER_KEY holds 6 bytes instead of 32"),
    ({"LANDA_LISTEN_PORT": "99999"}, "LANDA_LISTEN_PORT"),
    ({"LANDA_PUBLIC_URL": "tallsunda"}, "LANDA_PUBLIC_URL must be an http(s) address"),
    ({"LANDA_ISSUER": "http://login.example"}, "LANDA_ISSUER is plain http"),
    ({"LANDA_ISSUER": "http://localhost:1", "LANDA_DEMO": "0"}, "LANDA_ISSUER is plain http"),
    ({"LANDA_CLOCK_FILE": "/tmp/clock"}, "LANDA_CLOCK_FILE is for the demo"),
    ({"LANDA_FAULT": "relay.marked"}, "LANDA_FAULT is for the demo"),
    ({"LANDA_SERVICES": "{broken"}, "LANDA_SERVICES"),
    ({"LANDA_KAFKA_USER": "konto-1"}, "LANDA_KAFKA_CA and LANDA_KAFKA_PASSWORD not set"),
    ({"LANDA_KAFKA_CA": CERTIFI, "LANDA_KAFKA_USER": "konto-1"}, "LANDA_KAFKA_PASSWORD not set"),
    ({"LANDA_KAFKA_USER": "konto-1", "LANDA_KAFKA_PASSWORD": "hemlis"}, "LANDA_KAFKA_CA not set"),
    (
        {"LANDA_KAFKA_CA": "/nowhere", "LANDA_KAFKA_USER": "konto-1", "LANDA_KAFKA_PASSWORD": "hemlis"},
        "LANDA_KAFKA_CA No such",
    ),
    (
        {"LANDA_KAFKA_CA": __file__, "LANDA_KAFKA_USER": "konto-1", "LANDA_KAFKA_PASSWORD": "hemlis"},
        "holds no certificate",
    ),
    ({"LANDA_DATABASE_URL": f"{DATABASE}?sslmode=require"}, "TLS without checking the server"),
    ({"LANDA_DATABASE_URL": f"{DATABASE}?sslmode=prefer"}, "TLS without checking the server"),
    ({"LANDA_DATABASE_URL": f"{DATABASE}?sslrootcert={CERTIFI}"}, "TLS without checking the server"),
    ({"LANDA_DATABASE_URL": f"{DATABASE}?sslmode=verify-full"}, "verify-full without sslrootcert"),
    (
        {"LANDA_DATABASE_URL": f"{DATABASE}?sslmode=verify-full&sslrootcert=/nowhere"},
        "sslrootcert in LANDA_DATABASE_URL No",
    ),
    ({"LANDA_SECRETS": "/nowhere"}, "LANDA_SECRETS names no folder"),
]


def environment(monkeypatch, changes):
    for name, value in (GOOD | changes).items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)


def test_good_settings_are_taken_and_their_secrets_do_not_show(monkeypatch):
    environment(monkeypatch, {})
    settings = load("reception")
    assert settings.services == {"awards": "http://127.0.0.1:8004"} and settings.secure
    for secret in ("hemlis", "pw@", KEY, "bytes", "\\x00"):
        assert secret not in repr(settings)


def test_a_secret_may_be_a_file_and_the_environment_wins(monkeypatch, tmp_path):
    (tmp_path / "landa_client_secret").write_text("from-a-file\n")
    (tmp_path / "landa_kafka_password").write_text("from-a-file")
    (tmp_path / "landa_session_key").write_text("not even a key")
    given = {"LANDA_SECRETS": str(tmp_path), "LANDA_KAFKA_CA": CERTIFI, "LANDA_KAFKA_USER": "konto-1"}
    environment(monkeypatch, given | {"LANDA_CLIENT_SECRET": None})
    monkeypatch.delenv("LANDA_KAFKA_PASSWORD", raising=False)
    settings = load("reception")
    assert settings.client_secret == settings.kafka_password == "from-a-file"
    assert settings.session_key == bytes(32)
    assert "from-a-file" not in repr(settings)


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_wrong_setting_is_refused_with_its_name_and_never_its_value(monkeypatch, capsys, changes, said):
    environment(monkeypatch, changes)
    with pytest.raises(SystemExit) as ended:
        load("reception")
    text = capsys.readouterr().err
    assert ended.value.code == 2 and said in text
    for value in changes.values():
        assert value in {None, "0"} or value not in text


async def test_replicas_that_start_together_migrate_once(database):
    settings = settings_for("reception", database.url("reception"), "127.0.0.1:1")
    applied = await asyncio.gather(*(migrate(settings, [PLUMBING]) for _ in range(4)))
    assert sorted(applied) == [0, 0, 0, len(list(PLUMBING.glob("*.sql")))]


async def test_a_migration_that_was_changed_is_refused_a_broken_one_leaves_nothing_a_renamed_one_is_known(
    database, tmp_path
):
    settings = settings_for("reception", database.url("reception"), "127.0.0.1:1")
    folder = tmp_path / "reception" / "migrations"
    folder.mkdir(parents=True)
    first = folder / "0001_first.sql"
    first.write_text("create table one (id int)")
    assert await migrate(settings, [folder]) == 1
    (folder / "0002_broken.sql").write_text("create table two (id int); create table two (id int)")
    with pytest.raises(asyncpg.PostgresError):
        await migrate(settings, [folder])
    connection = await asyncpg.connect(database.url("reception"))
    assert await connection.fetchval("select to_regclass('reception.two')") is None
    await connection.close()
    (folder / "0002_broken.sql").unlink()
    first = first.rename(folder / "0002_first.sql")
    (folder / "0001_new.sql").write_text("create table three (id int)")
    assert [await migrate(settings, [folder]) for _ in range(2)] == [1, 0]
    first.write_text("create table one (id bigint)")
    with pytest.raises(RuntimeError, match="only go forward"):
        await migrate(settings, [folder])
