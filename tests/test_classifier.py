"""The estimator's contract on texts; scikit-learn's own common tests do not know estimators of texts."""

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import (
    check_do_not_raise_errors_in_init_or_set_params,
    check_estimator_cloneable,
    check_estimator_repr,
    check_estimator_tags_renamed,
    check_get_params_invariance,
    check_mixin_order,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_set_params,
    check_valid_tag_types,
)

from opportunity.model.classifier import OpportunityClassifier
from opportunity.model.columns import COLUMNS, EXCLUSIVE
from opportunity.model.vectors import WordVectors
from opportunity.records import Labels
from opportunity.taxonomy import HEADS, TAXONOMY

DATA_FREE_CHECKS = [
    check_do_not_raise_errors_in_init_or_set_params,
    check_estimator_cloneable,
    check_estimator_tags_renamed,
    check_estimator_repr,
    check_get_params_invariance,
    check_mixin_order,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_set_params,
    check_valid_tag_types,
]

SMALL = {"min_messages": 2, "max_iter": 50}


@pytest.fixture(name="X")
def messages(small):
    return [row.text for row in small]


@pytest.fixture
def y(small):
    return [row.labels for row in small]


@pytest.mark.parametrize("check", DATA_FREE_CHECKS, ids=lambda check: check.__name__)
def test_scikit_learns_data_free_checks_hold(check):
    check("OpportunityClassifier", OpportunityClassifier())


def test_it_is_a_classifier():
    assert is_classifier(OpportunityClassifier())


def test_fit_returns_the_estimator_itself(X, y):
    estimator = OpportunityClassifier(**SMALL)
    assert estimator.fit(X[:80], y[:80]) is estimator


def test_fit_leaves_the_parameters_as_they_were(X, y):
    estimator = OpportunityClassifier(**SMALL)
    before = estimator.get_params()
    assert estimator.fit(X[:80], y[:80]).get_params() == before


def test_a_clone_has_the_parameters_and_is_not_fitted(classifier, X):
    copy = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    with pytest.raises(NotFittedError, match=r"OpportunityClassifier is not fitted yet; call fit\(X, y\)"):
        copy.predict(X[:1])


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_what_is_not_fitted_says_so(method):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        getattr(OpportunityClassifier(), method)(["a message"])


def test_an_unfitted_fold_says_so():
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        OpportunityClassifier().fold()


@pytest.mark.parametrize("single", ["one message", b"one message"])
def test_a_single_string_is_refused_with_a_hint(classifier, single):
    with pytest.raises(TypeError, match=r"give a sequence of messages, such as \[text\]"):
        classifier.predict(single)


def test_a_message_that_is_no_text_is_named_by_its_place(classifier):
    with pytest.raises(TypeError, match=r"X\[1\] is a float; every message must be a str"):
        classifier.predict(["fine", 1.5])


def test_no_messages_to_fit_are_refused():
    with pytest.raises(ValueError, match="X has 0 messages"):
        OpportunityClassifier().fit([], [])


def test_messages_and_labels_must_match_in_number(X, y):
    with pytest.raises(ValueError, match="X has 3 messages but y has 2 rows of labels"):
        OpportunityClassifier().fit(X[:3], y[:2])


def test_no_messages_to_predict_give_no_labels(classifier):
    assert len(classifier.predict([])) == 0


@pytest.mark.parametrize(
    "container", [list, tuple, np.array, pd.Series, pa.array, lambda x: np.array(x, object)], ids=lambda c: c.__name__
)
def test_every_container_gives_the_same_answer(classifier, X, container):
    expected = classifier.decision_function(X[:20])
    assert np.array_equal(classifier.decision_function(container(X[:20])), expected)


def test_labels_may_be_dicts_of_the_guides_form(X, y):
    a = OpportunityClassifier(**SMALL).fit(X[:80], y[:80])
    b = OpportunityClassifier(**SMALL).fit(X[:80], [row.to_dict() for row in y[:80]])
    assert np.array_equal(a.coef_, b.coef_)


def test_probabilities_have_the_shape_of_the_classes(classifier, X):
    probability = classifier.predict_proba(X[:7])
    assert list(probability) == list(HEADS)
    for head in HEADS:
        assert probability[head].shape == (7, len(classifier.classes_[head]))
        assert list(classifier.classes_[head]) == list(TAXONOMY[head].names)


def test_probabilities_of_an_exclusive_head_sum_to_one(classifier, X):
    probability = classifier.predict_proba(X[:50])
    for head in set(EXCLUSIVE) - {"failure"}:
        assert probability[head].sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (probability["failure"].sum(axis=1) <= 1 + 1e-5).all()


def test_what_is_predicted_is_the_likeliest_opportunity(classifier, X):
    likeliest = classifier.predict_proba(X[:50])["opportunity"].argmax(axis=1)
    said = [row.opportunity[0] for row in classifier.predict(X[:50])]
    assert said == [TAXONOMY["opportunity"].names[i] for i in likeliest]


def test_predict_does_not_change_the_estimator_and_keeps_no_word_of_what_it_reads(classifier, X):
    before = pickle.dumps(classifier)
    classifier.predict(X[:10])
    classifier.predict_proba(["A wholly unheardofword"])
    assert pickle.dumps(classifier) == before


def test_a_second_fit_forgets_the_first(X, y):
    once = OpportunityClassifier(**SMALL).fit(X[:80], y[:80])
    twice = OpportunityClassifier(**SMALL).fit(X[80:160], y[80:160]).fit(X[:80], y[:80])
    assert np.array_equal(once.coef_, twice.coef_)


def test_the_same_data_and_seed_give_the_same_coefficients_whatever_the_number_of_jobs(X, y):
    one = OpportunityClassifier(**SMALL, n_jobs=1).fit(X[:80], y[:80])
    two = OpportunityClassifier(**SMALL, n_jobs=2).fit(X[:80], y[:80])
    assert np.array_equal(one.coef_, two.coef_)


def test_order_of_messages_does_not_matter(classifier, X):
    straight = classifier.decision_function(X[:40])
    assert np.allclose(classifier.decision_function(X[:40][::-1])[::-1], straight, atol=1e-5)


def test_it_survives_pickle(classifier, X):
    again = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(again.decision_function(X[:10]), classifier.decision_function(X[:10]))


def test_cross_val_score_works_on_it(X, y):
    rows = np.empty(len(y), object)
    rows[:] = y
    scores = cross_val_score(OpportunityClassifier(**SMALL), X[:120], rows[:120], cv=2)
    assert ((scores > 0) & (scores <= 1)).all()


def test_grid_search_works_on_it(X, y):
    search = GridSearchCV(OpportunityClassifier(**SMALL), {"C": [0.1, 1.0]}, cv=2).fit(X[:120], y[:120])
    assert search.best_params_["C"] in (0.1, 1.0)


def test_a_label_that_no_row_has_is_never_likely(X, y):
    plain = [Labels(**row.to_dict() | {"flags": ()}) for row in y[:80]]
    probability = OpportunityClassifier(**SMALL).fit(X[:80], plain).predict_proba(X[80:100])
    assert probability["flags"].max() < 1e-4


def test_a_single_class_can_be_learned(X):
    rows = [Labels("complaint", ("other",), ("make_whole",), ("explain",), "soon", "calm")] * 10
    said = OpportunityClassifier(**SMALL).fit(X[:10], rows).predict(["anything"])[0]
    assert (said.kind, said.opportunity) == ("complaint", ("make_whole",))


def test_words_of_fewer_messages_than_asked_are_not_kept():
    X = ["my secretword parcel", "my parcel is late", "my parcel again", "my parcel", "late parcel of my aunt"]
    rows = [Labels("complaint", ("other",), ("make_whole",), ("explain",), "soon", "calm")] * 5
    vocabulary = OpportunityClassifier(min_messages=3).fit(X, rows).vocabulary_
    assert vocabulary.words == ("my", "parcel")
    assert len(vocabulary.pairs) == 1


def test_the_same_message_many_times_does_not_make_its_words_common():
    rows = [Labels("complaint", ("other",), ("make_whole",), ("explain",), "soon", "calm")] * 6
    vocabulary = OpportunityClassifier(min_messages=2).fit(["oneman said"] * 5 + ["else"], rows).vocabulary_
    assert vocabulary.words == ()


def test_vectors_carry_over_to_words_that_were_never_taught():
    vectors = WordVectors(("boiler", "heating", "invoice"), np.float32([[1, 0], [1, 0.1], [0, 1]]))
    common = {"failure": ("other",), "help": ("explain",), "urgency": "soon", "heat": "calm", "kind": "complaint"}
    rows = [Labels(opportunity=("save_the_moment",), **common), Labels(opportunity=("make_whole",), **common)] * 5
    fitted = OpportunityClassifier(vectors, min_messages=1).fit(["boiler", "invoice"] * 5, rows)
    assert fitted.predict(["heating"])[0].opportunity == ("save_the_moment",)


def test_there_is_a_coefficient_for_every_column(classifier):
    assert classifier.coef_.shape[1] == len(COLUMNS) == len(classifier.intercept_)
