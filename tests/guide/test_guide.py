"""The guide: the same in both languages, every page shown, and buttons and pages called what the product calls them."""

import re
from functools import cache
from typing import NamedTuple

import pytest

from shared.identity import ROLES
from shared.settings import SERVICES
from shared.web.texts import catalogues, read
from tests.guide.shots import FOLDER, GUIDE, NARROW, SHOTS, UNSHOWN, pictures, shows
from tests.journeys.test_browser_pages import NO_PAGES
from tests.journeys.test_roles import routes

SECTIONS = (
    "five-minutes",
    "coordinator",
    "caseworker",
    "manager",
    "council",
    "secretary",
    "jury",
    "citizen",
    "auditor",
    "operator",
    "words",
)
LONGEST = 320


class Section(NamedTuple):
    name: str
    text: str

    @property
    def pictures(self) -> list[str]:
        return re.findall(r"pictures/([^\")]+)", self.text)

    @property
    def named(self) -> list[str]:
        """What stands in bold: the name of a button, a page, a field or a state."""
        return re.findall(r"\*\*(.+?)\*\*", self.text)


@cache
def guide(lang: str) -> list[Section]:
    parts = re.split(r'^## <a id="([a-z-]+)"></a>', (GUIDE / f"{lang}.md").read_text(encoding="utf-8"), flags=re.M)
    return [Section(name, text) for name, text in zip(parts[1::2], parts[2::2], strict=True)]


@cache
def texts(lang: str) -> list[tuple[str, re.Pattern[str]]]:
    """Every text of the product: its key, and what matches its words with anything in the place of a field."""
    found = []
    for number, catalogue in enumerate(catalogues()):
        for key, entry in read(catalogue).items():
            said = getattr(entry, lang) or entry.sv
            for form in said.values() if isinstance(said, dict) else (said,):
                pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(form))
                if re.search(r"\w", re.sub(r"\{\w+\}", "", form)):
                    found.append((f"{number}:{key}", re.compile(pattern)))
    return found


@cache
def keys(lang: str, words: str) -> frozenset[str]:
    return frozenset(key for key, pattern in texts(lang) if pattern.fullmatch(words))


def test_both_languages_have_the_same_sections_one_for_every_role():
    for lang in ("sv", "en"):
        assert [section.name for section in guide(lang)] == list(SECTIONS)
        assert len((GUIDE / f"{lang}.md").read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert set(SECTIONS) - {"five-minutes", "citizen", "words"} == ROLES - {"service"}


def test_both_languages_show_the_same_pictures_in_the_same_sections():
    made = {picture.file for picture in pictures()}
    for swedish, english in zip(guide("sv"), guide("en"), strict=True):
        meant = [name if (own := name.replace("-sv.", "-en.")) not in made else own for name in swedish.pictures]
        assert english.pictures == meant, swedish.name


def test_every_picture_is_in_the_guide_and_every_picture_of_the_guide_is_made():
    used = {name for lang in ("sv", "en") for section in guide(lang) for name in section.pictures}
    assert used == {picture.file for picture in pictures()}
    assert {picture.shot.role for picture in pictures() if picture.width == NARROW} == {None} | (ROLES - {"service"})


def test_every_picture_is_kept_beside_the_guide():
    assert {one.name for one in FOLDER.iterdir()} == {picture.file for picture in pictures()}


@pytest.mark.parametrize("lang", ["sv", "en"])
def test_what_stands_in_bold_is_said_by_the_product(lang):
    unknown = [f"{s.name}: {words}" for s in guide(lang) for words in s.named if not keys(lang, words)]
    assert unknown == []


def test_what_one_language_names_the_other_names_too():
    for swedish, english in zip(guide("sv"), guide("en"), strict=True):
        for here, there, mine, other in (("sv", "en", swedish, english), ("en", "sv", english, swedish)):
            theirs = frozenset().union(*(keys(there, words) for words in other.named))
            lonely = [words for words in mine.named if not keys(here, words) & theirs]
            assert lonely == [], (here, mine.name)


def test_every_page_of_the_product_has_its_picture_as_somebody_who_may_see_it():
    unshown, allowed = [], []
    for service in SERVICES:
        for route in routes(service):
            if route.method != "GET" or NO_PAGES.search(route.path) or route.path in UNSHOWN:
                continue
            may = frozenset.intersection(*route.needs) if route.needs else ROLES
            if may == {"service"}:
                continue
            found = [shot for shot in SHOTS if shows(shot, route.path)]
            if not found:
                unshown.append(route.path)
            if route.needs:
                allowed += [f"{shot.name} as {shot.role}" for shot in found if shot.role not in may]
    assert unshown == [], "pages without a picture in tests/guide/shots.py"
    assert allowed == [], "pictures by somebody who may not see the page"


def test_nothing_is_said_to_have_no_picture_that_is_gone():
    paths = {route.path for service in SERVICES for route in routes(service)}
    assert set(UNSHOWN) <= paths
    assert len({shot.name for shot in SHOTS}) == len(SHOTS)
