"""What the owner of a server does once, before the first migration and after it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import asyncpg

EXISTS = "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1)"
QUOTED = "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)"
CREATION = "SELECT format('CREATE DATABASE %I ENCODING ''UTF8'' TEMPLATE template0', $1::text)"


async def create_database(dsn: str, name: str) -> None:
    """Create a database if it is not there; `dsn` is of another database of the server."""
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval(EXISTS, name):
            await connection.execute(await connection.fetchval(CREATION, name))
    finally:
        await connection.close()


async def set_password(dsn: str, role: str, role_dsn: str) -> None:
    """Let a role in with the password that its own address holds."""
    password = unquote(urlsplit(role_dsn).password or "")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(await connection.fetchval(QUOTED, role, password))
    finally:
        await connection.close()
