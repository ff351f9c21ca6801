"""The API keeps buf's rules, and what would break a released client is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from protos.lint import RELEASED_IMAGE, check, write_image

SEARCH = "omnishelf/v1/search_service.proto"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    destination = tmp_path_factory.mktemp("image") / "image.binpb"
    write_image(destination)
    return destination


def edited(image: Path, edit: Callable[[FileDescriptorProto], None]) -> Path:
    """Write a copy of `image` with `edit` done to the search service's file."""
    files = FileDescriptorSet.FromString(image.read_bytes())
    edit(next(file for file in files.file if file.name == SEARCH))
    destination = image.with_name(f"{edit.__name__}.binpb")
    destination.write_bytes(files.SerializeToString())
    return destination


def without_comments(file: FileDescriptorProto) -> None:
    for location in file.source_code_info.location:
        location.ClearField("leading_comments")


def badly_named(file: FileDescriptorProto) -> None:
    file.message_type[0].field[0].name = "Parent"


def without_a_field(file: FileDescriptorProto) -> None:
    del file.message_type[0].field[-1]


def retyped(file: FileDescriptorProto) -> None:
    parent = file.message_type[0].field[0]
    parent.type = parent.TYPE_BYTES


def with_one_more_field(file: FileDescriptorProto) -> None:
    message = file.message_type[0]
    message.field.add().CopyFrom(message.field[0])
    added = message.field[-1]
    added.name, added.json_name, added.number = "further", "further", 1_000


def test_the_api_passes(image: Path) -> None:
    assert check(image, released=RELEASED_IMAGE) == 0


@pytest.mark.parametrize(
    ("edit", "rule"), [(without_comments, "comment"), (badly_named, "lower_snake_case")]
)
def test_lint_finds(
    image: Path,
    edit: Callable[[FileDescriptorProto], None],
    rule: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert check(edited(image, edit), released=Path("absent")) == 1
    assert rule in capfd.readouterr().out


@pytest.mark.parametrize("edit", [without_a_field, retyped])
def test_a_breaking_change_is_refused(
    image: Path, edit: Callable[[FileDescriptorProto], None]
) -> None:
    changed = edited(image, edit)
    assert check(changed, released=Path("absent")) == 0
    assert check(changed, released=image) == 1


def test_an_added_field_breaks_nobody(image: Path) -> None:
    assert check(edited(image, with_one_more_field), released=image) == 0
