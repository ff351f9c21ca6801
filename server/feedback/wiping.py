"""Makes SQLite overwrite what is deleted, so that who was forgotten is in no free page either.

PostgreSQL keeps deleted rows until it vacuums, and its log for as long as it is told to.
"""

from __future__ import annotations

from sqlalchemy import Connection

from server.catalog.database import Database


def wipe_deleted(database: Database, connection: Connection) -> None:
    """Have a connection overwrite deleted content with zeros from now on.

    Not only where rows are deleted: an insert moves rows between pages, and what it leaves behind
    would outlive them.
    """
    if database.dialect == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def empty_log(database: Database) -> None:
    """Move what SQLite's log holds into the file and empty it, as far as readers let it."""
    if database.dialect == "sqlite":
        with database.read() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()
