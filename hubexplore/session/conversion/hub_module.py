"""Writes whatever a program has of a module as a TF1 Hub module."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import tensorflow as tf

from hubexplore.errors import GraphError
from hubexplore.hub.eager.loaded_module import LoadedModule
from hubexplore.hub.loading import open_spec
from hubexplore.hub.module import Module
from hubexplore.hub.spec import ModuleSpec
from hubexplore.session.export import checked_export
from hubexplore.session.export.report import ExportReport
from hubexplore.session.session import NotebookSession
from hubexplore.summary.lookup import default_tags

MSG_LOADED: Final = (
    "What hub.load returned cannot be written as a TF1 Hub module. Write a SavedModel: "
    "hub.save(module, path)."
)
MSG_NO_SESSION: Final = "The values of the variables of {name!r} are in a session: pass session=..."


def write_hub_module(  # noqa: PLR0917 - one caller
    module: Any,
    path: str,
    session: tf.compat.v1.Session | None,
    tags: Iterable[str] | None,
    overwrite: bool,
    verify: bool,
) -> ExportReport:
    """See `convert`."""
    if isinstance(module, LoadedModule):
        raise GraphError(MSG_LOADED)
    if isinstance(module, Module):
        session = session or tf.compat.v1.get_default_session()
        if session is None:
            raise GraphError(MSG_NO_SESSION.format(name=module.name))
        return checked_export.export(module, session, path, overwrite=overwrite, verify=verify)
    spec = module if isinstance(module, ModuleSpec) else open_spec(module)
    existing = [tuple(sorted(one)) for one in spec.get_tags()]
    chosen = default_tags(existing, lambda one: f"tags={list(one)}") if tags is None else tags
    with NotebookSession("convert") as own:
        loaded = own.load(spec, "module", chosen)
        report: ExportReport = own.export(loaded, path, overwrite, verify)
        return report
