"""One cluster for all tests of this folder, which are for `make test-spark`: pyspark is no part of other runs."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from tests.spark.report import report


@pytest.fixture(scope="session")
def spark_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the cluster, for ZHIKE_ENGINE."""
    if find_spec("pyspark") is None:
        pytest.skip("needs pyspark: make test-spark")
    from tests.spark.cluster import cluster

    with cluster(tmp_path_factory.mktemp("spark")) as address:
        yield address
    report.write()
