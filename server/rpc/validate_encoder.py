"""Checks requests that manage encoder bundles, and names bundles (AIP-122)."""

from __future__ import annotations

import re

from server.errors import InvalidRequest, Violation

_COLLECTION = "encoderBundles/"
_BUNDLE_NAME = re.compile(rf"{_COLLECTION}([A-Za-z0-9][A-Za-z0-9._-]{{0,199}})")
_DIRECTORY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def bundle_name(bundle_id: str) -> str:
    """The resource name of a bundle.

    >>> bundle_name("starter_9b46f0c8")
    'encoderBundles/starter_9b46f0c8'
    """
    return f"{_COLLECTION}{bundle_id}"


def parse_bundle_name(name: str) -> str:
    """The id of the bundle that a request's ``name`` means.

    Raises:
        InvalidRequest: ``BUNDLE_NAME_INVALID``.

    >>> parse_bundle_name("encoderBundles/starter_9b46f0c8")
    'starter_9b46f0c8'
    """
    match = _BUNDLE_NAME.fullmatch(name)
    if match is None:
        description = f"write encoderBundles/{{encoder_bundle}}, not {name[:60]!r}"
        raise InvalidRequest(
            [Violation(field="name", reason="BUNDLE_NAME_INVALID", description=description)]
        )
    return match[1]


def check_directory_name(name: str) -> str:
    """The name of one folder: no path, no way up, nothing hidden.

    Raises:
        InvalidRequest: ``DIRECTORY_NAME_INVALID``.
    """
    if not _DIRECTORY_NAME.fullmatch(name):
        description = (
            "name one folder of the server's folder of bundles with 1 to 128 of letters, digits, "
            f"'.', '_', '-', a letter or digit first, not {name[:60]!r}"
        )
        raise InvalidRequest(
            [
                Violation(
                    field="directory_name",
                    reason="DIRECTORY_NAME_INVALID",
                    description=description,
                )
            ]
        )
    return name
