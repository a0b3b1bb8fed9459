"""Which database an instance uses: the one that DATABASE_URL names, else the embedded one."""

import os
from dataclasses import dataclass

import psycopg

from zhike.runtime import postgres
from zhike.runtime.home import Home
from zhike.runtime.postgres_roles import prepare_database
from zhike.runtime.problems import EnvironmentProblem

MINIMUM_VERSION = 150000
# An address where nothing answers, for an embedded database that was never started.
NOWHERE = "postgresql://zhike@127.0.0.1:1/zhike"


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    """Addresses for the application's role and for the owner of the tables."""

    app: str
    owner: str
    embedded: bool


def resolve(home: Home) -> DatabaseUrls:
    """The addresses as far as they are known without starting anything."""
    if url := os.environ.get("DATABASE_URL"):
        return DatabaseUrls(app=url, owner=os.environ.get("DATABASE_OWNER_URL") or url, embedded=False)
    cluster = postgres.recorded(home)
    if cluster is None:
        return DatabaseUrls(app=NOWHERE, owner=NOWHERE, embedded=True)
    return DatabaseUrls(app=cluster.app_url, owner=cluster.owner_url, embedded=True)


def ensure_database(home: Home) -> DatabaseUrls:
    """The addresses of a database that answers, with privileges and schemas in place.

    :raises EnvironmentProblem: if it cannot be reached or is too old
    """
    home.create()
    urls = resolve(home)
    if urls.embedded:
        postgres.ensure_running(home)
        return resolve(home)
    app_role = _check_server(urls.app)
    try:
        prepare_database(urls.owner, app_role)
    except psycopg.Error as error:
        raise EnvironmentProblem(
            zh=f"无法以 DATABASE_OWNER_URL 的角色准备数据库：{error}",
            en=f"The role of DATABASE_OWNER_URL cannot prepare the database: {error}",
        ) from error
    return urls


def _check_server(url: str) -> str:
    """The role that the address connects as, if the server is new enough."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version, role = connection.info.server_version, connection.info.user
    except psycopg.OperationalError as error:
        raise EnvironmentProblem(
            zh=f"无法连接 DATABASE_URL 指定的数据库：{error}",
            en=f"The database named by DATABASE_URL cannot be reached: {error}",
        ) from error
    if version < MINIMUM_VERSION:
        raise EnvironmentProblem(
            zh=f"DATABASE_URL 指定的 PostgreSQL 版本是 {version // 10000}，需要 15 或更高版本。",
            en=f"The PostgreSQL named by DATABASE_URL is version {version // 10000}; Zhike needs 15 or later.",
        )
    return role
