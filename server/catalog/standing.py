"""Whether a build is the one served, asked in the transaction that writes to it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from server.catalog.tables import catalogs, generations
from server.errors import Unavailable


def served_as(connection: Connection, *, generation: int) -> str | None:
    """The catalog that serves a build, None while nobody is served it yet.

    Until the transaction ends no other build takes its place.

    Raises:
        Unavailable: another build was put in its place, so what is written to it would be lost.
    """
    served = (
        select(catalogs.c.name, catalogs.c.generation)
        .join(generations, generations.c.catalog == catalogs.c.name)
        .where(generations.c.number == generation)
        .with_for_update(read=True, of=catalogs)
    )
    found = connection.execute(served).one_or_none()
    if found is None:
        made = select(generations.c.number).where(generations.c.number == generation)
        if connection.execute(made).scalar() is None:
            raise _replaced("this catalog")
        return None
    if found.generation > generation:
        raise _replaced(f"catalog {found.name!r}")
    return str(found.name) if found.generation == generation else None


def _replaced(what: str) -> Unavailable:
    message = f"{what} was replaced by another process meanwhile; send it again"
    return Unavailable(message, reason="CATALOG_REPLACED")
