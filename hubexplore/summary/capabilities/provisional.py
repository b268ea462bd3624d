"""Provisional."""

from __future__ import annotations

from hubexplore.summary.capabilities.model import Capabilities, Capability, Finding, Severity, Trigger, When


def look(source) -> Capabilities:
    found = []
    for tags, meta_graph in (source.meta_graphs if source else {}).items():
        signatures = sorted(meta_graph.signature_def)
        name = signatures[0] if signatures else ""
        for node in meta_graph.graph_def.node:
            if node.op in ("ReadFile", "WriteFile"):
                what = Capability.READS if node.op == "ReadFile" else Capability.WRITES
                trigger = Trigger(When.CALLED, tags, name)
                found.append(
                    Finding(
                        what,
                        Severity.DANGER,
                        trigger,
                        (f"signature {name}", *node.name.split("/")),
                        node.op,
                        node.name,
                        f"{node.op} {what} when signature {name!r} is called.",
                        path=node.name,
                    )
                )
            if node.op == "PrintV2":
                trigger = Trigger(When.CALLED, tags, name)
                found.append(
                    Finding(
                        Capability.WRITES,
                        Severity.NOTE,
                        trigger,
                        (name, node.name),
                        node.op,
                        node.name,
                        "Prints.",
                    )
                )
    return Capabilities(tuple(sorted(found, key=lambda f: f.severity is not Severity.DANGER)))
