"""A hash table of whole numbers finds what a dictionary finds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opportunity.text.slots import Slots

whole = st.integers(0, 2**63 - 1) | st.integers(0, 40).map(lambda n: n << 40)  # the latter meet in few slots


@given(st.lists(whole, unique=True), st.lists(whole | st.integers(-(2**63), -1)))
def test_every_key_has_its_value_and_nothing_else_has_one(keys: list[int], others: list[int]) -> None:
    numbers = {key: i for i, key in enumerate(keys)}
    slots = Slots(np.array(keys, np.int64), np.arange(len(keys)))
    wanted = [*others, *keys, *keys]
    assert slots.find(np.array(wanted, np.int64)).tolist() == [numbers.get(key, -1) for key in wanted]
