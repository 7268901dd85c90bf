"""What a juror may see: for any nominations, any joining of them, any points and any recusals."""

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.awards.nomination import Nomination, candidates, same_nominee
from services.awards.review import Review, hidden_from, progress, reading_list, result

A, B, C, D = (UUID(int=n) for n in range(1, 5))
ANNA, BO, CILLA = (UUID(int=n) for n in range(101, 104))


def nominations_(same_as: st.SearchStrategy[UUID | None]) -> st.SearchStrategy[Nomination]:
    return st.builds(
        Nomination,
        st.just(2018),
        st.just("person"),
        revision=st.integers(0, 1),
        withdrawn=st.booleans(),
        eligible=st.sampled_from([True, True, False, None]),
        same_as=same_as,
    )


# any of B, C and D may be the same as A; A is then the same as nobody
NOMINATIONS = st.fixed_dictionaries(
    {A: nominations_(st.none())},
    optional={id: nominations_(st.sampled_from([None, A])) for id in (B, C, D)},
)
REVIEWS = st.dictionaries(
    st.tuples(st.sampled_from([A, B, C, D]), st.sampled_from([ANNA, BO, CILLA])),
    st.tuples(st.integers(1, 10), st.integers(0, 1), st.booleans()),
)


@settings(max_examples=300, deadline=None)
@given(NOMINATIONS, REVIEWS, st.sampled_from([ANNA, BO, CILLA]))
def test_no_juror_sees_what_they_are_recused_from_nor_others_points_before_their_own(
    nominations: dict[UUID, Nomination], given_: dict[tuple[UUID, UUID], tuple[int, int, bool]], juror: UUID
) -> None:
    reviews = [
        Review(n, j, recused="close-person") if away else Review(n, j, points, revision)
        for (n, j), (points, revision, away) in given_.items()
    ]
    listed = reading_list(juror, nominations, reviews)
    hidden = hidden_from(juror, reviews, nominations)
    recused = {r.nomination for r in reviews if r.juror == juror and r.recused is not None}
    assert recused <= hidden and not hidden & listed.keys()
    together = candidates(nominations)
    # every eligible nomination is judged exactly once, and nothing else is
    judged = [id for ids in together.values() for id in ids]
    assert sorted(judged) == sorted(id for id, n in nominations.items() if n.standing == "eligible")
    assert len(judged) == len(set(judged))
    for id, candidate in listed.items():
        assert not recused & same_nominee(nominations, candidate.together)
        if not candidate.scored:
            assert candidate.others == ()
        assert all(r.juror != juror and r.nomination == id for r in candidate.others)
        assert all(id not in hidden_from(r.juror, reviews, nominations) for r in candidate.others)
    for id in together:
        found = result(id, nominations, reviews)
        assert (found.mean is None) == (found.scores == 0) and (found.mean is None or 1 <= found.mean <= 10)


@settings(max_examples=300, deadline=None)
@given(NOMINATIONS, REVIEWS)
def test_what_the_secretary_is_told_of_each_juror_adds_up_to_the_results(
    nominations: dict[UUID, Nomination], given_: dict[tuple[UUID, UUID], tuple[int, int, bool]]
) -> None:
    reviews = [
        Review(n, j, recused="close-person") if away else Review(n, j, points, revision)
        for (n, j), (points, revision, away) in given_.items()
    ]
    leaders = candidates(nominations)
    results = [result(leader, nominations, reviews) for leader in leaders]
    jury = [progress(juror, nominations, reviews) for juror in (ANNA, BO, CILLA)]
    assert sum(each.scored for each in jury) == sum(each.scores for each in results)
    assert sum(each.recused for each in jury) == sum(each.recused for each in results)
    for each in jury:
        assert each.judges + each.recused == len(leaders) and 0 <= each.scored <= each.judges
