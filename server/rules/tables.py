"""The table of rules in the SQL store."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Double, LargeBinary, String, Table

from server.catalog.tables import SCHEMA

# Bytes decide the order of ids in SQLite; so they shall in PostgreSQL, whatever its locale.
_rule_id = String(128).with_variant(String(128, collation="C"), "postgresql")

rules: Final = Table(
    "rules",
    SCHEMA,
    Column("catalog", String(128), primary_key=True),
    Column("id", _rule_id, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("update_seconds", Double, nullable=False),
    comment="Rules: serialized omnishelf.v1.Rule.",
)
