"""Pages speak the reader's language, show what was typed, and offer what the reader's roles may do."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import pytest
from pydantic import BaseModel, Field
from starlette.datastructures import FormData
from starlette.requests import Request

from shared.decider import Refused
from shared.web import pages as pages_module
from shared.web.forms import parse
from shared.web.pages import Pages
from shared.web.texts import Texts


class Arrival(BaseModel):
    arrived_on: date
    people: Annotated[list[str], Field(min_length=1)]
    note: Annotated[str, Field(max_length=5)] | None = None


TEMPLATE = """
{% extends "layout.html" %}
{% from "forms.html" import hidden, summary, field, choices with context %}
{% from "tables.html" import table, cell, link, clock, badge, pager, empty with context %}
{% from "timeline.html" import timeline, progress with context %}
{% block main %}
{{ summary(form, {"arrived_on": "Day"}) }}
<form method="post">{{ hidden(sequence=4, bait=true) }}
{{ field(form, "arrived_on", type="date", label="Day") }}
{{ choices(form, "people", [("1", "One"), ("2", "Two")], label="Who", many=true) }}
{{ field(form, "note", type="textarea", label="Note", required=false, private=true) }}
</form>
{% call table("Cases", [{"key": "days", "label": "Days", "sort": true}], sort="days") %}
<tr class="row">
{% call cell("Days") %}{{ link("/x", "y") }} {{ clock(-3) }} {{ badge("Late", "late") }}{% endcall %}</tr>
{% endcall %}
{{ pager(after="k2") }}{{ empty("Nothing", "Wait") }}{{ progress(1, 2, "/x", "Half") }}
{{ timeline([{"at": d, "what": "It", "detail": "", "by": "", "recorded": none, "kind": "", "struck": false}]) }}
{% endblock %}
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pages:
    (tmp_path / "page.html").write_text(TEMPLATE)
    monkeypatch.setattr(pages_module, "_csrf", lambda request: "guard")
    return Pages("reception", tmp_path, today=lambda: date(2018, 3, 12))


def asking(path: str = "/reception/", query: str = "", roles: str = "", cookie: str = "") -> Request:
    headers = [(b"accept", b"text/html"), (b"host", b"landa.test"), *([(b"cookie", cookie.encode())] if cookie else [])]
    actor = SimpleNamespace(name="<b>Ek</b>", roles=frozenset(roles.split()), language=None) if roles else None
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": headers,
            "scheme": "http",
            "server": ("landa.test", 80),
            "state": {"actor": actor},
        }
    )


def shown(house: Pages, request: Request, **context: object) -> str:
    body = house.render(request, "page.html", d=date(2018, 1, 2), **context).body
    return bytes(body).decode()


def test_a_form_comes_back_with_what_was_typed_and_every_error_at_once(house: Pages) -> None:
    data = FormData([("arrived_on", "igår"), ("people", ""), ("note", "<script>"), ("key", "k1"), ("sequence", "4")])
    posted = parse(data, Arrival, house.texts, "sv")
    assert posted.value is None and (posted.key, posted.sequence, posted.bait) == ("k1", 4, False)
    assert [mistake.where for mistake in posted.form.errors] == ["arrived_on", "people", "note"]
    html = shown(house, asking(), form=posted.form)
    assert "Det finns 3 fel att rätta" in html and 'href="#f-arrived_on">Day: ' in html
    assert 'value="igår"' in html and "&lt;script&gt;" in html and "<script>" not in html
    assert html.count('aria-invalid="true"') == 2 and 'id="f-people"' in html
    refused = posted.form.refused(
        asking(), house.texts, Refused("stale-version", field="arrived_on", expected=1, current=2)
    )
    assert "version 1" in refused.errors[-1].what


def test_a_good_form_is_a_value_and_an_empty_field_is_not_there() -> None:
    data = FormData(
        [("arrived_on", "2018-03-12"), ("people", "1"), ("people", "2"), ("note", " "), ("website", "spam")]
    )
    posted = parse(data, Arrival, Texts(), "en")
    assert posted.value == Arrival(arrived_on=date(2018, 3, 12), people=["1", "2"])
    assert posted.form.errors == () and posted.bait


def test_the_language_is_asked_for_then_remembered_and_swedish_otherwise(house: Pages) -> None:
    assert '<html lang="sv">' in shown(house, asking())
    english = house.render(asking(query="sort=days&lang=en"), "page.html", d=date(2018, 1, 2))
    assert "lang=en" in english.headers["set-cookie"] and "3 days late" in bytes(english.body).decode()
    assert "sort=days&amp;lang=sv" in bytes(english.body).decode()
    assert '<html lang="en">' in shown(house, asking(cookie="lang=en"))


def test_the_other_language_of_a_refused_form_is_the_page_it_was_sent_from(house: Pages) -> None:
    def links(sent_from: str) -> dict[str, str]:
        request = asking("/reception/forms/arrival/1")
        request.scope["method"] = "POST"
        request.scope["headers"].append((b"referer", sent_from.encode()))
        return house.languages(request)

    page = f"{asking().url.scheme}://landa.test/reception/cases/1/arrive"
    assert links(page)["en"] == "/reception/cases/1/arrive?lang=en"
    for elsewhere in ("http://landa.test/reception/forms/arrival/1", "http://other.test/reception/cases/1", ""):
        assert links(elsewhere)["en"] == "/?lang=en"


def test_each_role_is_offered_its_own_places_and_nobody_the_public_ones(house: Pages) -> None:
    nobody = [link["path"] for link in house.links(asking(), frozenset())]
    assert nobody == ["/awards/nominate"]
    council = house.links(asking("/reporting/2018"), frozenset({"council"}))
    assert [link["path"] for link in council if link["current"]] == ["/reporting/"]
    page = shown(house, asking(roles="coordinator"))
    assert "&lt;b&gt;Ek&lt;/b&gt;" in page and 'action="/auth/logout"' in page


@pytest.mark.parametrize("name", ["accessibility.html", "privacy.html"])
@pytest.mark.parametrize("lang", ["sv", "en"])
def test_the_notices_are_complete_in_both_languages(house: Pages, name: str, lang: str) -> None:
    html = bytes(house.render(asking(query=f"lang={lang}"), name).body).decode()
    assert html.count("<h2>") >= 4


def test_a_menu_of_one_link_is_no_menu_and_a_longer_one_names_where_one_is(house: Pages) -> None:
    assert 'class="menu"' not in shown(house, asking())
    manager = shown(house, asking("/reporting/themes", roles="manager"))
    assert '<summary>Meny <b aria-current="page">Uppföljning</b></summary></details>' in manager
    assert "<summary>Menu</summary>" in shown(house, asking("/awards/thanks", "lang=en", roles="manager"))
