"""Writes `settings.example.yaml`: every setting with its default and what it means.

Run as `python -m deploy.settings_example`; a test compares the file with the settings tree.
"""

import json
import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from server.settings import Settings

EXAMPLE = Path(__file__).with_name("settings.example.yaml")
HEADER = """\
Every setting with its default: `omnishelf serve --config FILE`, or OMNISHELF_CONFIG=FILE.
An environment variable overrules the file (OMNISHELF__SERVER__PORT=9000), a flag overrules both.
"""
LINE_LENGTH = 100


def render() -> str:
    """Return the text of the example file."""
    lines = [*_comment(HEADER, indent=""), ""]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            lines += ["", *_comment(section.__doc__ or "", indent=""), f"{name}:"]
            for key, setting in section.model_fields.items():
                lines += _setting(key, setting, indent="  ")
        else:
            lines += _setting(name, field, indent="")
    return "\n".join(lines) + "\n"


def _setting(name: str, field: FieldInfo, *, indent: str) -> Iterator[str]:
    yield from _comment(field.description or "", indent=indent)
    value = field.default.value if isinstance(field.default, Enum) else field.default
    text = str(value) if isinstance(value, Path | str) else json.dumps(value)
    yield f"{indent}{name}: {text}"


def _comment(text: str, *, indent: str) -> list[str]:
    prefix = f"{indent}# "
    wrap = textwrap.TextWrapper(LINE_LENGTH, initial_indent=prefix, subsequent_indent=prefix)
    return wrap.wrap(" ".join(text.split()))


if __name__ == "__main__":
    EXAMPLE.write_text(render(), encoding="utf-8")
