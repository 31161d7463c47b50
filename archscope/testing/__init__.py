"""Contract tests: what must hold of a family, an executor, a dataset, to be run on one's own.

    from archscope.testing import check_family
    from my_families import plainnet

    def test_plainnet():
        check_family(plainnet)

Each raises AssertionError with one sentence. They need no test runner.
"""

from archscope.testing.dataset import check_dataset
from archscope.testing.executor import check_executor
from archscope.testing.family import check_family

__all__ = ["check_dataset", "check_executor", "check_family"]
