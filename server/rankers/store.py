"""Rankers in the SQL store: the files of versions, and which of them is served from when."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from sqlalchemy import Row, select

from ranker.archive import pack
from ranker.version_files import VersionFiles
from server.catalog.changes import ChangeKind, ChangeLog
from server.catalog.database import Database
from server.errors import DataCorrupted, FailedPrecondition, NotFound
from server.rankers.tables import ranker_activations, ranker_versions
from server.rankers.versions import SETTINGS, Activation, ActivationReason, StoredVersion


class RankerStore:
    """Versions and activations. Any thread; each method is one transaction.

    Raises (any method):
        Unavailable: the store does not answer.
    """

    def __init__(self, database: Database, *, changes: ChangeLog) -> None:
        self._database = database
        self._changes = changes

    def keep(self, ranker: str, files: VersionFiles) -> None:
        """Store the files of a version, once.

        Raises:
            FailedPrecondition: RANKER_ID_TAKEN, the store has other features under that id.
        """
        packed, manifest = pack(files), files.manifest
        insert = self._database.insert(ranker_versions).values(
            id=ranker,
            archive=packed,
            sha256=hashlib.sha256(packed).hexdigest(),
            fingerprint=manifest.fingerprint,
            metrics=json.dumps(dict(manifest.metrics)).encode(),
            provenance=json.dumps(dict(manifest.provenance)).encode(),
            created_seconds=time.time(),
        )
        columns = ranker_versions.c
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_nothing())
            kept = select(columns.fingerprint).where(columns.id == ranker)
            if connection.execute(kept).scalar_one() != manifest.fingerprint:
                message = (
                    f"the store has a ranker {ranker} of other features; save the version under "
                    "another name"
                )
                raise FailedPrecondition(message, reason="RANKER_ID_TAKEN")

    def versions(self) -> list[StoredVersion]:
        """Every version, the one stored last first."""
        columns = ranker_versions.c
        statement = select(
            columns.id,
            columns.fingerprint,
            columns.metrics,
            columns.provenance,
            columns.created_seconds,
        ).order_by(columns.created_seconds.desc(), columns.id)
        with self._database.read() as connection:
            return [_version(row) for row in connection.execute(statement)]

    def archive(self, ranker: str) -> bytes:
        """The files of a version, as `ranker.archive.unpack` takes them.

        Raises:
            NotFound: RANKER_NOT_FOUND, there is no such version.
            DataCorrupted: RANKER_HASH, they are not what was stored.
        """
        columns = ranker_versions.c
        statement = select(columns.archive, columns.sha256).where(columns.id == ranker)
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            message = (
                f"the store has no ranker {ranker!r}; `omnishelf ranker list` shows those it has"
            )
            raise NotFound(message, reason="RANKER_NOT_FOUND")
        packed = bytes(row.archive)
        if hashlib.sha256(packed).hexdigest() != row.sha256:
            message = f"the stored files of {ranker} are damaged; promote another version"
            raise DataCorrupted(message, reason="RANKER_HASH")
        return packed

    def activations(self) -> list[Activation]:
        """What was served from when, in order; empty where the settings always decided."""
        statement = select(ranker_activations).order_by(ranker_activations.c.number)
        with self._database.read() as connection:
            return [_activation(row) for row in connection.execute(statement)]

    def active(self) -> str:
        """The id of the version to serve, or ``SETTINGS``."""
        columns = ranker_activations.c
        last = select(columns.ranker).order_by(columns.number.desc()).limit(1)
        with self._database.read() as connection:
            return connection.execute(last).scalar_one_or_none() or SETTINGS

    def announce(self, ranker: str) -> None:
        """Have every replica load a version, or ``SETTINGS``, that is about to be served."""
        with self._database.write() as connection:
            self._changes.note(connection, ChangeKind.RANKER, keys=[ranker])

    def activate(
        self, ranker: str, *, after: int, reason: ActivationReason, activated_by: str
    ) -> None:
        """Serve a version, or ``SETTINGS``, from now on.

        Args:
            ranker: Id of a version in the store, or ``SETTINGS``.
            after: Number of the last activation the caller knows, 0 before the first.
            reason: What was done.
            activated_by: Who did it, for people to read.

        Raises:
            FailedPrecondition: RANKER_CHANGED, somebody else activated one meanwhile.
        """
        insert = self._database.insert(ranker_activations).values(
            number=after + 1,
            ranker=None if ranker == SETTINGS else ranker,
            reason=reason.value,
            activated_by=activated_by,
            created_seconds=time.time(),
        )
        with self._database.write() as connection:
            written = connection.execute(
                insert.on_conflict_do_nothing().returning(ranker_activations.c.number)
            )
            if written.scalar_one_or_none() is None:
                message = (
                    "somebody else promoted or rolled back a ranker meanwhile; look with "
                    "`omnishelf ranker list` and start again"
                )
                raise FailedPrecondition(message, reason="RANKER_CHANGED")
            self._changes.note(connection, ChangeKind.RANKER)


def _version(row: Row[*tuple[Any, ...]]) -> StoredVersion:
    return StoredVersion(
        id=row.id,
        fingerprint=row.fingerprint,
        metrics=json.loads(row.metrics),
        provenance=json.loads(row.provenance),
        created_seconds=row.created_seconds,
    )


def _activation(row: Row[*tuple[Any, ...]]) -> Activation:
    return Activation(
        number=row.number,
        ranker=row.ranker or SETTINGS,
        reason=ActivationReason(row.reason),
        activated_by=row.activated_by,
        created_seconds=row.created_seconds,
    )
