"""The rules of notifications, by example and for every order of commands that hypothesis finds."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications import collecting, domain, mail, retrying, rules
from services.notifications.domain import EMPTY, About, Acknowledge, Command, GiveUp, MarkSent
from services.notifications.home import tasks
from services.notifications.retrying import Schedule
from shared.decider import Refused, fold
from shared.web.texts import Texts
from tests.notifications.town import NOMINATOR_FACTS, NOW, allocation, nomination

INBOX = About("allocation-received", "inbox", uuid4(), NOW, NOW)
EMAIL = About("allocation-received", "email", uuid4(), NOW, NOW)
COMMANDS = st.one_of(
    st.builds(MarkSent, st.just(INBOX), st.integers(1, 5), st.just(NOW)),
    st.builds(GiveUp, st.just(INBOX), st.just("no-address"), st.integers(1, 5)),
    st.just(Acknowledge(INBOX)),
)


@given(st.lists(COMMANDS, max_size=8))
def test_whatever_is_repeated_it_is_sent_and_confirmed_once(commands: list[Command]) -> None:
    state, happened = EMPTY, []
    for command in commands:
        try:
            events = domain.decide(command, state)
        except Refused as no:
            assert no.code == "not-sent-yet"
            continue
        state = fold(domain.evolve, events, state)
        assert domain.decide(command, state) == []
        happened += events
    kinds = [type(event).__name__ for event in happened]
    assert kinds.count("NotificationSent") <= 1
    assert kinds.count("NotificationAcknowledged") <= 1
    if "NotificationSent" in kinds:
        assert "NotificationFailed" not in kinds[kinds.index("NotificationSent") :]


def test_mail_is_not_acknowledged() -> None:
    with pytest.raises(Refused, match="only-inbox"):
        domain.decide(Acknowledge(EMAIL), EMPTY)


def test_the_same_fact_gives_the_same_ids_and_another_recipient_another() -> None:
    fact = allocation()
    inbox, email = rules.notices(fact, NOW)
    assert [inbox, email] == rules.notices(fact, NOW)
    assert inbox.id != email.id
    assert (inbox.channel, email.channel) == ("inbox", "email")
    assert [n.why for n in rules.notices(nomination(receipt=False), NOW)] == ["secretaries", "secretaries"]


def test_a_burst_waits_for_company_and_many_mails_wait_longer() -> None:
    assert collecting.collect_for("allocation-received", 0) == timedelta(seconds=5)
    assert collecting.collect_for("allocation-received", collecting.BUSY_AFTER) == timedelta(minutes=10)
    assert collecting.collect_for("nomination-receipt", 1000) == timedelta(0)
    # what waits for no reason of its own leaves time for its way
    on_purpose = {"prize-cancelled"}
    assert all(
        wait <= collecting.PROMISED - timedelta(seconds=3)
        for bundle, wait in collecting.COLLECT.items()
        if bundle not in on_purpose
    )


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_grow_to_an_hour_and_a_day_is_the_end(attempts: int, jitter: float) -> None:
    schedule = Schedule()
    wait = schedule.wait(attempts, jitter)
    assert timedelta(seconds=15) <= wait <= timedelta(hours=1)
    assert schedule.wait(attempts + 1, jitter) >= wait
    began = datetime(2026, 10, 24, tzinfo=UTC)  # the night with 25 hours: a day is 24 of them
    assert not schedule.over(began, began + timedelta(hours=23, minutes=59))
    assert schedule.over(began, began + timedelta(hours=24))


def test_a_day_is_a_bounded_number_of_attempts() -> None:
    spent, attempts = timedelta(0), 0
    while spent < timedelta(hours=24):
        attempts += 1
        spent += Schedule().wait(attempts, 0.0)
    assert attempts < 60


@pytest.mark.parametrize(
    ("phase", "code", "outcome"),
    [
        ("recipient", 550, "refused"),
        ("data", 554, "refused"),
        ("recipient", 451, "retry"),
        ("data", 452, "retry"),
        ("sender", 553, "retry"),
        ("connection", 554, "retry"),
        ("data", None, "retry"),
    ],
)
def test_only_a_permanent_no_to_this_mail_is_final(phase: str, code: int | None, outcome: str) -> None:
    assert retrying.outcome(phase, code) == outcome  # type: ignore[arg-type]


@given(st.lists(st.uuids(), min_size=1, max_size=20, unique=True), st.randoms())
def test_a_mails_id_does_not_depend_on_the_order_of_what_it_carries(ids: list[UUID], random: object) -> None:
    shuffled = ids.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert collecting.mail_id(ids) == collecting.mail_id(shuffled)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("rule", ["allocation-received", "nomination-receipt", "calendar-moved"])
def test_a_mail_is_plain_and_says_nothing_of_anybody(rule: str, language: str) -> None:
    texts = Texts("notifications")
    text = mail.compose(
        lambda key, **fields: texts.get(language, key, **fields),
        mail=UUID(int=7),
        rule=rule,
        language=language,
        items=[mail.Told("allocation-received", UUID(int=8), "coordinators")],
        count=1,
        composed_at=NOW,
        public_url="https://landa.example",
        mail_from="landa@kommunen.example",
        municipality="Exempelby kommun",
        facts=NOMINATOR_FACTS,
    )
    assert f"Message-ID: <{UUID(int=7)}@landa.example>" in text
    assert f"Content-Language: {language}" in text
    assert "Auto-Submitted: auto-generated" in text and "List-Id:" in text
    assert "\nTo:" not in text
    link = f"https://landa.example/awards/mine?link={'aZ_-' * 11}"
    sent = mail.addressed(text, "a@b.example", link)
    assert sent.startswith(b"To: a@b.example\r\n")
    read = message_from_bytes(sent, policy=SMTP).get_content()
    assert (link in read.splitlines()) == (rule != "allocation-received") and "aZ_-" not in text
    who = {"sv": "integrationspriset", "en": "the integration prize"}
    if rule == "allocation-received":
        who = {"sv": "flyktingmottagningen", "en": "refugee reception"}
    assert f"Exempelby kommun, {who[language]}" in read.splitlines()
    for address in ("a@b.example\r\nBcc: c@d.example", "a b@c.example", "å@b.example"):
        with pytest.raises(ValueError, match="address"):
            mail.addressed(text, address)


def test_a_digest_goes_out_in_the_prizes_name_when_it_tells_of_the_prize_alone() -> None:
    def signed(*told: str) -> bool:
        text = mail.compose(
            lambda key, **fields: Texts("notifications").get("sv", key, **fields),
            mail=UUID(int=7),
            rule="digest",
            language="sv",
            items=[mail.Told(rule, UUID(int=8), why, NOW.date(), 2026) for rule, why in map(str.split, told)],
            count=len(told),
            composed_at=NOW,
            public_url="https://landa.example",
            mail_from="landa@kommunen.example",
            municipality="Exempelby",
            facts={},
        )
        return "Exempelby, integrationspriset" in message_from_bytes(text.encode(), policy=SMTP).get_content()

    assert signed("jury-reading jurors") and signed("jury-proposal secretaries", "nomination-submitted secretaries")
    assert not signed("jury-reading jurors", "case-left previous-caseworker") and not signed("no-contact caseworker")


def test_what_has_failed_comes_first() -> None:
    assert [task.name for task in tasks({"coordinator"}, 3, 0)][:2] == ["inbox", "reception"]
    assert [task.name for task in tasks({"coordinator"}, 3, 1)][:2] == ["deliveries", "inbox"]
    assert tasks({"service"}, 0, 0) == []
