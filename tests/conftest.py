"""Fixtures that several folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from .postgres_server import PostgresServer, ServerNotStartedError, running_server

# No test is timed: on a busy machine the same example takes ten times as long.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets (Flickr8k, Flickr30k Entities, …); skips where it is not given."""
    folder = os.environ.get("VSA_TEST_DATA")
    if not folder:
        pytest.skip("VSA_TEST_DATA is not set: no real data to test on")
    return Path(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real server, started when the first test asks for it; skips where it cannot start."""
    try:
        with running_server() as server:
            yield server
    except ServerNotStartedError as error:
        pytest.skip(f"no PostgreSQL: {error}")


@pytest.fixture(autouse=True)
def _no_workspace_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings must not reach the tests."""
    for name in ("VSA_WORKSPACE", "VSA_PLUGINS", "VSA_STRICT_PLUGINS", "VSA_DEBUG", "VSA_YOLOX_MODEL"):
        monkeypatch.delenv(name, raising=False)
