"""Checks of Omnishelf's own parts under given settings: bundle, engine, folder, port."""

from __future__ import annotations

import tempfile
from pathlib import Path

from exporter.spec import BundleError
from server.address import announced_address
from server.deadline import Deadline
from server.encoders.embedded import EmbeddedEncoder
from server.errors import AlreadyInUse, OmnishelfError
from server.health.check import Check, failed, passed
from server.port import refuse_taken_port
from server.retrieval.milvus import MilvusEngine
from server.settings import Settings

_TRIAL_DIMENSION = 8


def bundle(settings: Settings) -> Check:
    """The encoder bundle is whole, and its text towers encode."""
    directory = settings.bundle_directory
    try:
        encoder = EmbeddedEncoder(directory, threads=1)
        vectors = encoder.encode_texts(["blue shoes", "蓝色的鞋"], deadline=Deadline.never())
    except (OmnishelfError, BundleError) as error:
        remedy = "name another with --bundle, or install omnishelf again"
        return failed("encoder bundle", str(error), remedy=remedy)
    manifest = encoder.manifest
    likeness = float(vectors[0] @ vectors[1])
    pictures = "words and pictures" if manifest.image else "words alone"
    found = f"{manifest.id}, {manifest.dimension} dimensions, {pictures}"
    return passed("encoder bundle", f"{found}; English and Chinese shoes agree to {likeness:.2f}")


def engine(settings: Settings) -> Check:
    """The vector engine answers: a server where one is named, else the embedded one on trial."""
    try:
        if settings.retrieval.uri and "://" in settings.retrieval.uri:
            trial = MilvusEngine(settings.retrieval.uri)
            found = f"{len(trial.names())} indexes at {settings.retrieval.uri}"
            trial.close()
            return passed("vector engine", found)
        with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
            trial = MilvusEngine(str(Path(folder) / "trial.db"))
            trial.create("omnishelf_trial", dimension=_TRIAL_DIMENSION)
            trial.close()
    except OmnishelfError as error:
        remedy = "install omnishelf again, or name a Milvus server with retrieval.uri"
        return failed("vector engine", str(error), remedy=remedy)
    return passed("vector engine", "embedded milvus-lite made an index")


def data_directory(settings: Settings) -> Check:
    """Products can be kept where the settings say."""
    wanted = settings.data.absolute()
    there = next(path for path in (wanted, *wanted.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        remedy = "name another with --data, or change its owner"
        return failed("data directory", f"{wanted}: {error.strerror}", remedy=remedy)
    return passed("data directory", f"{wanted} can be written{'' if there == wanted else ' (new)'}")


def port(settings: Settings) -> Check:
    """The server's port is free, or taken by the server of this data directory."""
    where = f"{settings.server.host}:{settings.server.port}"
    address = announced_address(settings.address_file)
    if address is not None:
        return passed("port", f"an Omnishelf server holds the data directory at {address}")
    try:
        refuse_taken_port(settings.server.host, settings.server.port)
    except AlreadyInUse as error:
        return failed("port", str(error), remedy="choose another with --port")
    return passed("port", f"{where} is free")
