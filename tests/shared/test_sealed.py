"""Personal data at rest: what is sealed opens for its person and key only, and an index finds what people mean."""

import pickle
import unicodedata
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sealed import NORMAL, CannotOpen, Secret, Vault, open_sealed, seal
from tests.shared.parts_of_web import KEY, opened

VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))
OLD, NEW = KEY, bytes(reversed(KEY))


@given(key=st.binary(min_size=32, max_size=32), person=st.uuids(), data=st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_is_sealed_opens_again(key: bytes, person: UUID, data: dict[str, object]) -> None:
    assert open_sealed(Secret(key), person, seal(Secret(key), person, data)).reveal() == data


def test_another_person_another_key_or_one_changed_bit_does_not_open() -> None:
    key, person = Secret(KEY), uuid4()
    sealed = seal(key, person, {"name": "Invented"})
    with pytest.raises(CannotOpen):
        open_sealed(key, uuid4(), sealed)
    with pytest.raises(CannotOpen):
        open_sealed(Secret(NEW), person, sealed)
    for place in range(len(sealed)):
        broken = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(CannotOpen):
            open_sealed(key, person, broken)
    for short in (b"", sealed[:1], sealed[:10]):
        with pytest.raises(CannotOpen):
            open_sealed(key, person, short)


def test_sealing_twice_gives_different_bytes() -> None:
    person = uuid4()
    assert seal(Secret(KEY), person, {}) != seal(Secret(KEY), person, {})


def test_an_opened_secret_shows_itself_nowhere() -> None:
    secret = Secret({"name": "Canary"})
    assert "Canary" not in f"{secret} {secret!r} {[secret]} {vars(secret) if hasattr(secret, '__dict__') else ''}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("number", "19121212-1212", "121212+1212"),
        ("number", "19121272-1219", " 121272 1219 "),
        ("name", "Åsa-Märta Öberg", "asa marta oberg"),
        ("name", "AL-HASSAN", "Al Hassan"),
        ("name", "Strauß", "STRAUSS"),
        ("name", "Søren", "Sören"),
        ("name", "Jose\u0301", "José"),
        ("dossier", "12-345 678", "12345678"),
        ("email", " Anna@Landa.example ", "anna@landa.example"),
    ],
)
def test_spellings_of_one_thing_have_one_index(kind: str, one: str, other: str) -> None:
    vault = Vault("reception", KEY)
    assert vault.blind(kind, one) == vault.blind(kind, other) is not None  # type: ignore[arg-type]


@given(st.text())
def test_a_name_has_one_index_however_it_is_encoded_cased_or_spaced(name: str) -> None:
    normal = NORMAL["name"]
    assert normal(unicodedata.normalize("NFD", name)) == normal(unicodedata.normalize("NFC", name)) == normal(name)
    assert normal(f" {name}-") == normal(name)
    assert normal(normal(name)) == normal(name)


@given(st.from_regex(r"[0-9]{10}|[0-9]{12}", fullmatch=True))
def test_a_number_has_one_index_with_and_without_century_and_sign(number: str) -> None:
    normal = NORMAL["number"]
    assert normal(number) == normal(number[-10:]) == normal(f"{number[:-4]}-{number[-4:]}") == number[-10:]


def test_what_means_nothing_has_no_index_and_kinds_services_and_values_differ() -> None:
    vault = Vault("reception", KEY)
    assert vault.blind("name", " -' ") is None
    assert vault.blind("number", "123") is None
    found = [vault.blind("name", "a"), vault.blind("dossier", "a"), vault.blind("name", "b")]
    assert len({*found, Vault("awards", KEY).blind("name", "a")}) == 4


async def test_keys_are_made_once_survive_a_rotation_and_die_with_the_person(database) -> None:  # type: ignore[no-untyped-def]
    a, b, c = uuid4(), uuid4(), uuid4()
    async with opened(database.url("reception")) as service, service.transaction() as tx:
        vault = Vault("reception", OLD)
        first = await vault.new_keys(tx, [a, b])
        again = await vault.new_keys(tx, [b, c, c])
        assert first.keys() == {a, b}
        assert again.keys() == {b, c}
        assert again[b].reveal() == first[b].reveal() != first[a].reveal()
        stored = await tx.fetch("select wrapped from reception_keys.person_key")
        assert len(stored) == 3
        assert not any(first[a].reveal() in row["wrapped"] for row in stored)

        turned = Vault("reception", NEW, [OLD])
        assert (await turned.unwrap(tx, [a]))[a].reveal() == first[a].reveal()
        assert turned.blinds("name", "x") == [Vault("reception", NEW).blind("name", "x"), vault.blind("name", "x")]
        assert [await turned.rewrap(tx, limit=2) for _ in range(3)] == [2, 1, 0]
        alone = Vault("reception", NEW)
        assert (await alone.unwrap(tx, [a]))[a].reveal() == first[a].reveal()
        with pytest.raises(CannotOpen):
            await vault.unwrap(tx, [a])

        # A wrapped key moved to another person's row opens nothing.
        await tx.execute(
            "update reception_keys.person_key set wrapped ="
            " (select wrapped from reception_keys.person_key where person_id = $1) where person_id = $2",
            a,
            b,
        )
        with pytest.raises(CannotOpen):
            await alone.unwrap(tx, [b])

        assert await alone.erase(tx, [a, uuid4()]) == [a]
        assert await alone.unwrap(tx, [a]) == {}
