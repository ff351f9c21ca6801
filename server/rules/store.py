"""Rules in the SQL store, each change of them noted for the other replicas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from server.catalog.changes import ChangeKind, ChangeLog
from server.catalog.database import Database
from server.rules.tables import rules


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRule:
    """One row: the rule's id in its catalog and the serialized message."""

    catalog: str
    id: str
    payload: bytes


class RuleStore:
    """Rules by catalog and id. Any thread; each method is one transaction.

    Raises (any method):
        Unavailable, DataCorrupted: as `Database`.
    """

    def __init__(self, database: Database, *, changes: ChangeLog) -> None:
        self._database = database
        self._changes = changes

    def put(self, rule: StoredRule, *, update_seconds: float) -> None:
        """Write a rule; one of the same id is replaced."""
        insert = self._database.insert(rules)
        upsert = insert.on_conflict_do_update(
            index_elements=["catalog", "id"],
            set_={name: insert.excluded[name] for name in ("payload", "update_seconds")},
        )
        row = {
            "catalog": rule.catalog,
            "id": rule.id,
            "payload": rule.payload,
            "update_seconds": update_seconds,
        }
        with self._database.write() as connection:
            connection.execute(upsert, row)
            self._changes.note(connection, ChangeKind.RULES, catalog=rule.catalog, keys=(rule.id,))

    def delete(self, catalog: str, rule_id: str) -> bool:
        """Remove a rule; whether it was there."""
        statement = delete(rules).where(rules.c.catalog == catalog, rules.c.id == rule_id)
        with self._database.write() as connection:
            removed = connection.execute(statement).rowcount > 0
            if removed:
                self._changes.note(connection, ChangeKind.RULES, catalog=catalog, keys=(rule_id,))
        return removed

    def get(self, catalog: str, rule_id: str) -> bytes | None:
        """The serialized rule, None where there is none."""
        statement = select(rules.c.payload).where(rules.c.catalog == catalog, rules.c.id == rule_id)
        with self._database.read() as connection:
            found = connection.execute(statement).scalar_one_or_none()
        return None if found is None else bytes(found)

    def page(self, catalog: str, *, after_id: str, limit: int) -> Sequence[StoredRule]:
        """Rules of a catalog in the order of their ids' bytes, those after ``after_id``."""
        statement = (
            select(rules.c.catalog, rules.c.id, rules.c.payload)
            .where(rules.c.catalog == catalog, rules.c.id > after_id)
            .order_by(rules.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return [StoredRule(catalog=row[0], id=row[1], payload=bytes(row[2])) for row in rows]

    def all(self, catalog: str | None = None) -> Sequence[StoredRule]:
        """Every rule of a catalog, or of all, in the order of catalogs and ids."""
        statement = select(rules.c.catalog, rules.c.id, rules.c.payload)
        if catalog is not None:
            statement = statement.where(rules.c.catalog == catalog)
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(rules.c.catalog, rules.c.id)).all()
        return [StoredRule(catalog=row[0], id=row[1], payload=bytes(row[2])) for row in rows]
