"""Workloads from and to files that people can keep and share."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.workloads.workload import Kind, Question, Workload
from server.encoders.picture_header import PictureError, read_header
from server.errors import AlreadyInUse, InvalidRequest, Violation
from server.rpc.names import catalog_name
from server.workload.line import (
    Header,
    LineRefused,
    QuestionLine,
    header_json,
    question_json,
)
from server.workload.reading import WorkloadReader
from server.workload.stand_in import StandIn, filled

_ENDINGS: Final[Mapping[str, str]] = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
_READ_AT_ONCE: Final = 2**20
_HASH_CHARACTERS: Final = 16


def read_workload(
    path: Path, *, catalog: str | None = None, stand_in: StandIn | None = None
) -> Workload:
    """Read a file that `write_workload` or a recording server wrote, whole.

    Args:
        path: The file.
        catalog: The catalog to ask, by id; None for the one that the file names.
        stand_in: Gives contents for the pictures that a recording did not keep, such as
            `benchmarks.workloads.photographs.Photographs.like`.

    Raises:
        InvalidRequest: the file cannot be used: bad lines with their numbers, up to twenty at once;
            requests of several catalogs and none named; pictures not kept and no ``stand_in``.
    """
    reader = WorkloadReader(path=path)
    header = reader.header
    kept: dict[bytes, bytes] = {}
    questions = []
    catalogs = set()
    for line in reader:
        try:
            request = filled(line, stand_in=stand_in or _no_stand_in)
        except LineRefused as refused:
            raise _unusable(path, refused.reason, refused.description) from None
        catalogs.add(request.parent)
        if catalog is not None:
            address(request, catalog=catalog)
        # Repeats share their bytes: pictures are large, and popular ones are asked often.
        serialized = request.SerializeToString(deterministic=True)
        questions.append(
            Question(
                kind=Kind(line.kind),
                request=kept.setdefault(serialized, serialized),
                query_id=line.query_id,
                due_seconds=line.due_seconds,
            )
        )
    if catalog is None and len(catalogs) > 1:
        named = ", ".join(sorted(catalogs)[:5])
        description = f"its requests are of several catalogs ({named}); say which one to ask"
        raise _unusable(path, "SEVERAL_CATALOGS", description)
    return Workload(
        name=header.name or path.stem,
        catalog=catalog or catalogs.pop().removeprefix("catalogs/"),
        data=header.data,
        questions=tuple(questions),
    )


def dropped_searches(path: Path) -> int:
    """How many searches a recording could not write down: they are missing from its load."""
    reader = WorkloadReader(path=path)
    reader.check()
    return reader.dropped


def write_workload(
    workload: Workload, path: Path, *, how: str = "", replace_existing: bool = False
) -> None:
    """Write a file that `read_workload` reads as an equal workload.

    Pictures and sound go into the folder ``NAME.media`` beside it, each once, under its hash. The
    file appears whole or not at all.

    Raises:
        AlreadyInUse: ``FILE_EXISTS``, and it is not to be replaced.
    """
    refuse_existing(path, replace_existing=replace_existing)
    media = _Media(folder=path.with_name(f"{path.stem}.media"))
    header = Header(
        name=workload.name,
        catalog=workload.catalog,
        data=workload.data,
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        how=how,
    )
    text = io.StringIO()
    text.write(header_json(header) + "\n")
    for question in workload.questions:
        line = QuestionLine(
            kind=question.kind,
            request=pb.SearchProductsRequest.FromString(question.request),
            query_id=question.query_id,
            due_seconds=question.due_seconds,
        )
        text.write(question_json(line, name_file=media.keep) + "\n")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text.getvalue(), "utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    media.clear()


def refuse_existing(path: Path, *, replace_existing: bool) -> None:
    """Find out that a file is there already before anything slow is drawn.

    Raises:
        AlreadyInUse: ``FILE_EXISTS``, and it is not to be replaced.
    """
    if path.exists() and not replace_existing:
        message = f"{path} is there already; name another file, or replace it with --replace"
        raise AlreadyInUse(message, reason="FILE_EXISTS")


def addressed(workload: Workload, *, catalog: str) -> Workload:
    """The workload asked of another catalog, by id."""
    if workload.catalog == catalog:
        return workload
    made: dict[bytes, bytes] = {}
    for question in workload.questions:
        if question.request not in made:
            request = pb.SearchProductsRequest.FromString(question.request)
            address(request, catalog=catalog)
            made[question.request] = request.SerializeToString(deterministic=True)
    questions = tuple(replace(each, request=made[each.request]) for each in workload.questions)
    return replace(workload, catalog=catalog, questions=questions)


def address(request: pb.SearchProductsRequest, *, catalog: str) -> None:
    """Make a request one of a catalog, by id, with the products that it names."""
    before, request.parent = request.parent, catalog_name(catalog)
    for part in request.query:
        if part.WhichOneof("content") == "product":
            part.product = part.product.replace(f"{before}/", f"{request.parent}/", 1)
    for change in request.ranking.signal_changes:
        change.product = change.product.replace(f"{before}/", f"{request.parent}/", 1)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex: what `Workload.data` holds of a catalogue's file."""
    made = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_READ_AT_ONCE):
            made.update(piece)
    return made.hexdigest()


@dataclass(slots=True, kw_only=True)
class _Media:
    """Files of one workload, written once each."""

    folder: Path
    names: dict[bytes, str] = field(default_factory=dict)

    def keep(self, content: str, data: bytes) -> str:
        if data not in self.names:
            name = f"{hashlib.sha256(data).hexdigest()[:_HASH_CHARACTERS]}.{_ending(content, data)}"
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(data)
            self.names[data] = f"{self.folder.name}/{name}"
        return self.names[data]

    def clear(self) -> None:
        """Delete what an earlier workload of the same name left behind."""
        for path in self.folder.glob("?" * _HASH_CHARACTERS + ".*"):
            if f"{self.folder.name}/{path.name}" not in self.names.values():
                path.unlink()


def _ending(content: str, data: bytes) -> str:
    if content != "image":
        return content
    try:
        return _ENDINGS[read_header(data).format]
    except PictureError:
        return "picture"  # kept as it is: how a server takes it may be what is measured


def _no_stand_in(_absent: object) -> bytes:
    description = (
        "the recording did not keep its pictures; name the catalogue whose pictures stand in for "
        "them"
    )
    raise LineRefused("PICTURES_NOT_KEPT", description)


def _unusable(path: Path, reason: str, description: str) -> InvalidRequest:
    return InvalidRequest([Violation(field=str(path), reason=reason, description=description)])
