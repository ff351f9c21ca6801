"""A bundle's towers as models of a Triton repository: published, listed and taken back.

``<repository>/<bundle id>_<tower>/`` holds ``config.pbtxt``, ``omnishelf.json`` and one directory a
version, each with ``model.onnx``, the tower's external data and ``model.py``. Every version can be
served by either runtime, so a configuration read a moment before or after its version still fits.
Bundles stand side by side; a tower gets a new version when the files it is served from change.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from google.protobuf.text_format import ParseError

from exporter.spec import (
    ImageTower,
    Manifest,
    TextTower,
    file_record,
    load_manifest,
    model_name,
)
from exporter.triton.errors import RepositoryError
from exporter.triton.model_config import (
    MODEL_FILE,
    SCRIPT_FILE,
    build_config,
    config_text,
    parse_config,
)
from exporter.triton.options import ServingOptions
from exporter.triton.record import (
    CONFIG_NAME,
    RECORD_NAME,
    PublishedModel,
    read_record,
    record_text,
)
from exporter.triton.staging import discard, link_or_copy, only_writer, replace_text

SCRIPT = Path(__file__).parent / "runtime" / "model.py"
VERSIONS_KEPT = 2
"""The one that is served, and the one before it for whoever is loading it right now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What stands in the repository now; ``changed`` names the models that did not before."""

    bundle_id: str
    models: tuple[PublishedModel, ...]
    changed: tuple[str, ...]


def publish(
    bundle: Path, repository: Path, *, options: ServingOptions, keep: int = VERSIONS_KEPT
) -> Published:
    """Put every tower of a bundle into a repository, which is made when absent.

    May be killed at any moment and run again; several may run at once. Publishing the same again
    changes nothing. A running Triton sees it when it is told to load the model.

    Raises:
        BundleError: The bundle is not what its manifest says.
        RepositoryError: ``REPOSITORY_FOREIGN`` or ``REPOSITORY_UNWRITABLE``.
    """
    manifest = load_manifest(bundle)
    towers: list[TextTower | ImageTower] = [*manifest.text]
    if manifest.image is not None:
        towers.append(manifest.image)
    models, changed = [], []
    with only_writer(repository) as staging:
        for tower in towers:
            writer = _Writer(
                place=repository / model_name(manifest.id, tower.file),
                staging=staging,
                sources=_sources(bundle, manifest, tower),
            )
            config = config_text(build_config(manifest, tower, options=options))
            model, new = writer.write(manifest.id, tower.file, config, options, keep=max(1, keep))
            models.append(model)
            changed += [model.name] if new else []
    return Published(bundle_id=manifest.id, models=tuple(models), changed=tuple(changed))


def read_published(repository: Path) -> tuple[PublishedModel, ...]:
    """Every model that was published into a repository, by name; foreign ones are left out.

    Raises:
        RepositoryError: ``REPOSITORY_NOT_FOUND``, or ``REPOSITORY_RECORD`` for the first bad one.
    """
    if not repository.is_dir():
        message = f"{repository} is not there; `omnishelf triton publish` makes it"
        raise RepositoryError(message, reason="REPOSITORY_NOT_FOUND")
    models = []
    for record in sorted(repository.glob(f"[!.]*/{RECORD_NAME}")):
        try:
            models.append(read_record(record.parent))
        except RepositoryError:
            if record.parent.is_dir():  # else it was taken back a moment ago
                raise
    return tuple(models)


def read_config(repository: Path, name: str) -> str:
    """Read a published model's configuration, as its protobuf says it again.

    Raises:
        RepositoryError: ``REPOSITORY_NOT_FOUND``, or ``REPOSITORY_CONFIG`` when it does not parse.
    """
    if name not in {model.name for model in read_published(repository)}:
        message = f"{repository} holds no model {name}; see `omnishelf triton list`"
        raise RepositoryError(message, reason="REPOSITORY_NOT_FOUND")
    path = repository / name / CONFIG_NAME
    try:
        return config_text(parse_config(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, ParseError) as error:
        message = f"{path} is not what Triton reads ({error}); publish the bundle again"
        raise RepositoryError(message, reason="REPOSITORY_CONFIG") from error


def unpublish(repository: Path, bundle_id: str) -> tuple[str, ...]:
    """Take the models of a bundle out of a repository; return their names, none where none stood.

    A running Triton keeps what it has loaded until it is told to unload it.
    """
    read_published(repository)
    with only_writer(repository) as staging:
        found = [model for model in read_published(repository) if model.bundle_id == bundle_id]
        for model in found:
            discard(repository / model.name, staging=staging)
    return tuple(model.name for model in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    path: Path
    sha256: str


def _sources(bundle: Path, manifest: Manifest, tower: TextTower | ImageTower) -> dict[str, _Source]:
    """Files of a version by their name in it.

    A graph finds its external data by name beside itself, so data keeps its name. It is every file
    whose name goes on where the tower's ends: ``text.onnx.data``, ``text.onnx_data``.
    """
    folder = PurePosixPath(tower.file).parent
    found = {
        MODEL_FILE: _Source(path=bundle / tower.file, sha256=manifest.files[tower.file].sha256)
    }
    for name, record in manifest.files.items():
        if name.startswith((f"{tower.file}.", f"{tower.file}_")):
            inside = PurePosixPath(name).relative_to(folder).as_posix()
            found[inside] = _Source(path=bundle / name, sha256=record.sha256)
    found[SCRIPT_FILE] = _Source(path=SCRIPT, sha256=file_record(SCRIPT).sha256)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes one model; whoever reads meanwhile finds the old one or the new one."""

    place: Path
    staging: Path
    sources: Mapping[str, _Source]

    def write(
        self, bundle_id: str, file: str, config: str, options: ServingOptions, *, keep: int
    ) -> tuple[PublishedModel, bool]:
        """Return the model, and whether anything changed."""
        standing = self._standing()
        wanted = {name: source.sha256 for name, source in self.sources.items()}
        newest = max(standing, default=0)
        version = newest if standing and _hashes(self.place / str(newest)) == wanted else newest + 1
        kept = sorted({*standing, version})[-keep:]
        model = PublishedModel(
            name=self.place.name,
            bundle_id=bundle_id,
            file=file,
            options=options,
            versions={
                number: wanted if number == version else _hashes(self.place / str(number))
                for number in kept
            },
        )
        texts = {CONFIG_NAME: config, RECORD_NAME: record_text(model)}
        if not self.place.exists():
            self._lay(version, into=self.staging / self.place.name)
            for name, text in texts.items():
                (self.staging / self.place.name / name).write_text(text, "utf-8")
            (self.staging / self.place.name).rename(self.place)
            return model, True
        changed = version != newest
        if changed:
            self._lay(version, into=self.staging / f"{self.place.name}.new")
            fresh = self.staging / f"{self.place.name}.new" / str(version)
            fresh.rename(self.place / str(version))
        for name, text in texts.items():
            changed |= replace_text(self.place / name, text, staging=self.staging)
        for number in standing:
            if number not in kept:
                discard(self.place / str(number), staging=self.staging)
        return model, changed

    def _standing(self) -> list[int]:
        """Versions that are there; a model that is not ours is never touched."""
        if self.place.exists() and not (self.place / RECORD_NAME).is_file():
            message = f"{self.place} was not published by us; move it away, then publish again"
            raise RepositoryError(message, reason="REPOSITORY_FOREIGN")
        return sorted(int(each.name) for each in self.place.glob("[1-9]*") if each.name.isdigit())

    def _lay(self, version: int, *, into: Path) -> None:
        for name, source in self.sources.items():
            if name != SCRIPT_FILE:
                link_or_copy(source.path, into / str(version) / name)
        # Never shared: whoever edits the source tree must not edit what is being served.
        shutil.copyfile(self.sources[SCRIPT_FILE].path, into / str(version) / SCRIPT_FILE)


def _hashes(version: Path) -> dict[str, str]:
    """SHA-256 of every file of a version, as it is on the disk now."""
    return {
        path.relative_to(version).as_posix(): file_record(path).sha256
        for path in sorted(version.rglob("*"))
        if path.is_file()
    }
