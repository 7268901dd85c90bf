"""The main journeys once more, in containers: TLS and accounts everywhere, nothing of the demo switched on."""

import pytest

from tests.journeys import test_main_journey

pytestmark = [pytest.mark.containers, pytest.mark.timeout(240, func_only=True)]

# every one of them, in its order
globals().update({name: test for name, test in vars(test_main_journey).items() if name.startswith("test_")})
