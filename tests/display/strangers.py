"""Names that try to run something, and a module made of them."""

from __future__ import annotations

from pathlib import Path

from hubexplore.summary.graph.hub_messages import ModuleAttachment
from tests.summary.saved_models import (
    FLOAT,
    add_asset,
    add_node,
    add_variable,
    meta_graph,
    set_tensor,
    write,
)

# Each marks the page's root element if it runs.
RUN = "document.documentElement.setAttribute('data-ran', '1')"
ATTACKS = (
    f'<img src=x onerror="{RUN}">',
    f'"><script>{RUN}</script>',
    f"</style><script>{RUN}</script>",
    f'</title></details></table><svg onload="{RUN}">',
    f"javascript:{RUN}",
    f"' onmouseover='{RUN}' autofocus onfocus='{RUN}' x='",
    f"]]></text><script>{RUN}</script><text>",
    f"--><script>{RUN}</script><!--",
    "<b>oops</b>",
    "scope/op:0",
    "\x1b[31mred\x1b[0m",
    "\u202eevil\u202c",
    "two\nlines",
    "n" * 10_000,
)


def hostile_module(parent: Path) -> Path:
    """Writes a module in which strangers chose every name; returns its folder."""
    graph = meta_graph(*ATTACKS)
    for number, attack in enumerate(ATTACKS):
        add_variable(graph, f"{attack}/variable", [2, 2], trainable=number % 2 == 0)
        add_node(graph, f"{attack}/op", f"Op{attack}", ["x", f"{attack}/variable"], T=FLOAT)
        add_asset(graph, f"{number}{attack}".replace("/", "."), f"asset{attack}")
        add_node(graph, f"table{attack}", "HashTableV2")
        add_node(
            graph, f"init{attack}", "InitializeTableFromTextFileV2", [f"table{attack}", f"asset{attack}"]
        )
        graph.collection_def[attack].node_list.value.append(attack)
        for collection in ("update_ops", "regularization_losses"):
            graph.collection_def[collection].node_list.value.append(attack)
        signature = graph.signature_def[attack]
        signature.method_name = attack
        set_tensor(signature.inputs[attack], "x:0", FLOAT, [None])
        set_tensor(signature.outputs[attack], "sum:0", FLOAT, None)
        function = graph.graph_def.library.function.add()
        function.signature.name = attack
        function.signature.input_arg.add(name=attack, type=FLOAT)
        function.node_def.add(name=attack, op=attack)
        attachment = ModuleAttachment(
            key=attack, value=b"\x0a" + bytes([len(attack[:99])]) + attack[:99].encode()
        )
        graph.collection_def["hub_module_attachments"].bytes_list.value.append(attachment.SerializeToString())
    add_node(graph, "sum", "AddN", [f"{attack}/op" for attack in ATTACKS], T=FLOAT)
    graph.meta_info_def.tensorflow_version = ATTACKS[0]
    set_tensor(graph.signature_def["all"].inputs["x"], "x:0", FLOAT, [None])
    set_tensor(graph.signature_def["all"].outputs["y"], "sum:0", FLOAT, None)
    folder = write(parent, graph, meta_graph())
    (folder / "assets").mkdir()
    for number, attack in enumerate(ATTACKS[:8]):
        (folder / "assets" / f"{number}{attack}".replace("/", ".")).write_text(attack)
    return folder
