"""The shared suites say what differed, as test files do."""

import pytest

pytest.register_assert_rewrite("contract.broker_suite", "fixtures.broker_desk")
