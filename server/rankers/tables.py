"""The tables of rankers: versions with their files, which is served, and what replicas hold."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
)

from server.catalog.tables import SCHEMA

_Number = BigInteger().with_variant(Integer, "sqlite")

ranker_versions: Final = Table(
    "ranker_versions",
    SCHEMA,
    Column("id", String(128), primary_key=True),
    Column("archive", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("metrics", LargeBinary, nullable=False),
    Column("provenance", LargeBinary, nullable=False),
    Column("created_seconds", Double, nullable=False),
    comment="Versions that were promoted: a zip of the directory, and what its manifest says.",
)

ranker_activations: Final = Table(
    "ranker_activations",
    SCHEMA,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("ranker", ForeignKey("ranker_versions.id")),
    Column("reason", String(16), nullable=False),
    Column("activated_by", String(128), nullable=False),
    Column("created_seconds", Double, nullable=False),
    comment="Which version was served from when; null for the ranker of each server's settings.",
)

ranker_replicas: Final = Table(
    "ranker_replicas",
    SCHEMA,
    Column("replica", String(32), primary_key=True),
    Column("ranker", String(128), primary_key=True),
    Column("refused", String(500), nullable=False),
    Column("answered_seconds", Double, nullable=False),
    comment="What each replica holds ready, or why it refused; an empty ranker for being there.",
)
