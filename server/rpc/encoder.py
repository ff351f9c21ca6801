"""The encoder service."""

# ruff: noqa: ARG002, N802 - gRPC names the methods and gives every one a context

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import grpc
from omnishelf.v1 import encoder_service_pb2 as pb
from omnishelf.v1 import encoder_service_pb2_grpc

from exporter.spec import Manifest
from server.encoders.shelf import ShelvedBundle
from server.errors import NotFound
from server.rpc.names import catalog_name
from server.rpc.page_tokens import PageTokens
from server.rpc.validate_encoder import bundle_name, check_directory_name, parse_bundle_name
from server.rpc.violations import Violations

MOST_PAGE = 100

# No catalog's name has a slash, so no token of a listing of products fits.
_LISTING = "encoderBundles/"


class Shelf(Protocol):
    """What has bundles open: `server.encoders.shelf.EncoderShelf`, or a fake."""

    def open(self, directory: Path) -> Manifest:
        """Open a bundle beside the others, or in place of the same one."""

    def promote(self, bundle_id: str) -> None:
        """Make new catalogs with it."""

    def close(self, bundle_id: str) -> None:
        """Take it off."""

    def bundles(self) -> list[ShelvedBundle]:
        """What is open, by id."""

    def bundle(self, bundle_id: str) -> ShelvedBundle:
        """One of them, or NotFound."""


class EncoderService(encoder_service_pb2_grpc.EncoderServiceServicer):
    """Opens, promotes and closes encoder bundles."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        directory: Path,
        runs_on: str,
        opened: Callable[[], None],
        tokens: PageTokens,
    ) -> None:
        """``directory`` holds the bundles that may be opened; ``runs_on`` says where towers run.

        ``opened`` is called after a bundle was opened, to open the catalogs indexed with it.
        """
        self._shelf = shelf
        self._directory = directory
        self._runs_on = runs_on
        self._opened = opened
        self._tokens = tokens

    def ListEncoderBundles(
        self, request: pb.ListEncoderBundlesRequest, context: grpc.ServicerContext
    ) -> pb.ListEncoderBundlesResponse:
        """One page of the open bundles in the order of their ids."""
        after_id, size = self._asked_page(request)
        found = [each for each in self._shelf.bundles() if each.manifest.id > after_id]
        response = pb.ListEncoderBundlesResponse(
            encoder_bundles=[self._message(each) for each in found[:size]]
        )
        if len(found) > size:
            last = found[size - 1].manifest.id
            response.next_page_token = self._tokens.write_list(_LISTING, after_id=last)
        return response

    def OpenEncoderBundle(
        self, request: pb.OpenEncoderBundleRequest, context: grpc.ServicerContext
    ) -> pb.OpenEncoderBundleResponse:
        """Open a bundle of the server's folder, and the catalogs that were indexed with it."""
        directory = self._directory / check_directory_name(request.directory_name)
        if not directory.is_dir():
            message = (
                f"the server's folder of bundles has no folder {request.directory_name!r}; copy "
                "the bundle there, or set encoder.shelf to the folder that has it"
            )
            raise NotFound(message, reason="BUNDLE_NOT_FOUND")
        manifest = self._shelf.open(directory)
        self._opened()
        return pb.OpenEncoderBundleResponse(encoder_bundle=self._found(manifest.id))

    def PromoteEncoderBundle(
        self, request: pb.PromoteEncoderBundleRequest, context: grpc.ServicerContext
    ) -> pb.PromoteEncoderBundleResponse:
        """Make new catalogs and replacements with it."""
        bundle_id = parse_bundle_name(request.name)
        self._shelf.promote(bundle_id)
        return pb.PromoteEncoderBundleResponse(encoder_bundle=self._found(bundle_id))

    def CloseEncoderBundle(
        self, request: pb.CloseEncoderBundleRequest, context: grpc.ServicerContext
    ) -> pb.CloseEncoderBundleResponse:
        """Close a bundle that nobody needs."""
        self._shelf.close(parse_bundle_name(request.name))
        return pb.CloseEncoderBundleResponse()

    def _asked_page(self, request: pb.ListEncoderBundlesRequest) -> tuple[str, int]:
        violations = Violations()
        after_id = ""
        if request.page_token:
            with violations.collecting():
                after_id = self._tokens.read_list(request.page_token, catalog=_LISTING)
        size = violations.page_size(request.page_size, default=MOST_PAGE, most=MOST_PAGE)
        violations.raise_any()
        return after_id, size

    def _found(self, bundle_id: str) -> pb.EncoderBundle:
        return self._message(self._shelf.bundle(bundle_id))

    def _message(self, bundle: ShelvedBundle) -> pb.EncoderBundle:
        return pb.EncoderBundle(
            name=bundle_name(bundle.manifest.id),
            dimension=bundle.manifest.dimension,
            current=bundle.current,
            catalogs=[catalog_name(user) for user in bundle.users],
            runs_on=self._runs_on,
            away_reason=bundle.away_reason or "",
            has_image_tower=bundle.manifest.image is not None,
        )
