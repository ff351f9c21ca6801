"""The tables of the SQL store, the same in SQLite and PostgreSQL."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    text,
)

SCHEMA: Final = MetaData()


class RowState(IntEnum):
    """How far a product's row has come: only INDEXED rows are certainly in the vector index."""

    PENDING = 0
    INDEXED = 1
    DELETING = 2


_Number = BigInteger().with_variant(Integer, "sqlite")
# Bytes decide the order of ids in SQLite; so they shall in PostgreSQL, whatever its locale.
_product_id = String(128).with_variant(String(128, collation="C"), "postgresql")

generations: Final = Table(
    "generations",
    SCHEMA,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("catalog", String(128), nullable=False, index=True),
    Column("bundle", String(200), nullable=False),
    Column("layout", Integer, nullable=False),
    Column("created_seconds", Double, nullable=False),
    sqlite_autoincrement=True,
    comment="One build of a catalog by one encoder bundle; numbers are never used again.",
)

catalogs: Final = Table(
    "catalogs",
    SCHEMA,
    Column("name", String(128), primary_key=True),
    Column("generation", ForeignKey("generations.number"), nullable=False),
    comment="Which generation of each catalog is served.",
)

products: Final = Table(
    "products",
    SCHEMA,
    Column("generation", _Number, primary_key=True, autoincrement=False),
    Column("id", _product_id, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("text_vector", LargeBinary),
    Column("image_vector", LargeBinary),
    Column("terms", LargeBinary, nullable=False),
    Column("state", SmallInteger, nullable=False),
    comment="Products: serialized omnishelf.v1.Product, vectors as float16, terms as int32.",
)

# Almost every row is indexed, so an index over the others stays tiny.
Index(
    "products_unfinished",
    products.c.generation,
    products.c.state,
    sqlite_where=text("state <> 1"),
    postgresql_where=text("state <> 1"),
)

value_vectors: Final = Table(
    "value_vectors",
    SCHEMA,
    Column("generation", _Number, primary_key=True, autoincrement=False),
    Column("text", String, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    comment="Unit vectors of colours, brands and categories as texts, float32.",
)

answers: Final = Table(
    "answers",
    SCHEMA,
    Column("request_id", String(128), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("response", LargeBinary, nullable=False),
    Column("created_seconds", Double, nullable=False, index=True),
    comment="Responses of writes that may be sent again under the same request id.",
)

changes: Final = Table(
    "changes",
    SCHEMA,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("kind", SmallInteger, nullable=False),
    Column("catalog", String(128), nullable=False),
    Column("key", String(128), nullable=False),
    Column("writer", String(32), nullable=False),
    Column("created_seconds", Double, nullable=False, index=True),
    sqlite_autoincrement=True,
    comment="What was written, for replicas to follow; numbers rise in the order of commits.",
)

settings: Final = Table(
    "settings",
    SCHEMA,
    Column("key", String(128), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    comment="What replicas share: the key that signs page tokens, the schema's version.",
)
