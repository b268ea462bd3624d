"""A page that shows widgets as VS Code and Colab do: html-manager in a frame, without JupyterLab's styles.

The page is connected to a real kernel, whose messages go to `take`; those of widgets come from `outbox`.
Outputs are in boxes as these front ends have them.
"""

from __future__ import annotations

import base64
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jupyter_client.blocking.client import BlockingKernelClient
from playwright.sync_api import Frame, Page, Route

from tests.browser.front_ends.servers import PYTHON
from tests.browser.lab import PATIENCE

HOST: Final = "http://front-end.test"
EMBED: Final = PYTHON.parents[1] / "share" / "html-manager" / "embed-amd.js"
_SHARE: Final = PYTHON.parents[1] / "share" / "jupyter"

_SCRIPT: Final = """
const outbox = [], comms = new Map(), callbacks = new Map(), displays = new Map();
requirejs.config({ baseUrl: "/" });
const loader = (name) => new Promise((resolve, reject) => require([name], resolve, reject));
const managing = loader("@jupyter-widgets/html-manager")
  .then(({ HTMLManager }) => new HTMLManager({ loader }));
const encoded = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer.buffer ?? buffer)));
const decoded = (text) => new DataView(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer);

function open(id) {
  const comm = {
    comm_id: id, target_name: "jupyter.widget", open() {}, close() {}, on_close() {},
    on_msg(take) { comm.take = take; },
    send(data, answers, metadata, buffers) {
      const msg_id = crypto.randomUUID?.() ?? String(Math.random());
      callbacks.set(msg_id, answers);
      outbox.push({ msg_id, comm_id: id, data, buffers: (buffers ?? []).map(encoded) });
      return msg_id;
    },
  };
  comms.set(id, comm);
  return comm;
}

function box() {
  const place = document.createElement("div");
  place.innerHTML = document.querySelector("template").innerHTML;
  document.body.append(place.firstElementChild);
  return document.body.lastElementChild.querySelector(".content") ?? document.body.lastElementChild;
}

async function show({ data, transient }) {
  const manager = await managing, view = data["application/vnd.jupyter.widget-view+json"];
  const place = displays.get(transient?.display_id) ?? box();
  if (transient?.display_id) displays.set(transient.display_id, place);
  if (view) manager.display_view(manager.create_view(await manager.get_model(view.model_id)), place);
  else place.innerHTML = data["text/html"] ?? "";
}

async function take({ kind, content, metadata, parent, buffers }) {
  const message = { content, metadata, buffers: buffers.map(decoded) };
  if (kind === "comm_open") (await managing).handle_comm_open(open(content.comm_id), message);
  else if (kind === "comm_msg") comms.get(content.comm_id)?.take?.(message);
  else if (kind === "status") callbacks.get(parent)?.iopub?.status?.(message);
  else if (["display_data", "execute_result"].includes(kind)) await show(content);
  else if (displays.has(content.transient?.display_id)) await show(content);
}
"""


@dataclass(frozen=True)
class Host:
    """How a front end embeds outputs.

    Attributes:
      start: the beginning of the page, up to its body.
      ground: the colour behind outputs.
      box: around each output, which goes into the element of class `content`.
    """

    start: str
    ground: str
    box: str


class Embedding:
    """An embedded page, connected to a kernel."""

    def __init__(self, page: Page, host: Host, client: BlockingKernelClient) -> None:
        self.page = page
        self.foreign: list[str] = []
        self._host = host
        self._client = client
        page.route("**/*", self._serve)
        page.goto(f"{HOST}/page")
        self.frame: Frame = page.frames[1]
        self.frame.wait_for_function("typeof take === 'function'")

    def _serve(self, route: Route) -> None:
        """Serves the files of the page; any other host is a finding."""
        address = urlsplit(route.request.url)
        files = {
            "/require.js": PYTHON.parents[1].glob(
                "lib/*/site-packages/nbclassic/static/components/requirejs/require.js"
            ),
            "/embed-amd.js": iter([EMBED]),
            "/anywidget.js": iter([_SHARE / "nbextensions" / "anywidget" / "index.js"]),
        }
        if f"{address.scheme}://{address.netloc}" != HOST:
            self.foreign.append(route.request.url)
            route.abort()
        elif address.path in files:
            route.fulfill(path=Path(next(files[address.path])))
        elif address.path == "/page":
            route.fulfill(
                content_type="text/html; charset=utf-8",
                body="<!doctype html><iframe src='/output' style='width: 100%; height: 2900px; border: 0'>",
            )
        elif address.path == "/output":
            route.fulfill(content_type="text/html; charset=utf-8", body=self._output())
        else:
            route.fulfill(status=404)

    def _output(self) -> str:
        host = self._host
        return (
            f"<!doctype html>{host.start}<style>body {{ background: {host.ground}; }}</style>"
            f"<template>{host.box}</template><script src='/require.js'></script>"
            f"<script src='/embed-amd.js'></script><script>{_SCRIPT}</script>"
        )

    def run(self, source: str) -> None:
        """Runs a cell, and shows its outputs."""
        cell = self._client.execute(source)
        done: list[bool] = []

        def ended() -> bool:
            return bool(done)

        def watch(message: dict[str, Any]) -> None:
            if message["parent_header"].get("msg_id") == cell:
                assert message["msg_type"] != "error", message["content"]["traceback"]
                if message["content"].get("execution_state") == "idle":
                    done.append(True)

        self.until(ended, watch)

    def until(
        self, reached: Callable[[], bool], watch: Callable[[dict[str, Any]], None] = lambda message: None
    ) -> None:
        """Carries messages between the page and the kernel until a state is reached."""
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < deadline, "the page does not reach the state"
            self._send()
            try:
                message = self._client.get_iopub_msg(timeout=0.05)
            except queue.Empty:
                continue
            watch(message)
            self._take(message)

    def _send(self) -> None:
        for sent in self.frame.evaluate("outbox.splice(0)"):
            session = self._client.session
            message = session.msg("comm_msg", {"comm_id": sent["comm_id"], "data": sent["data"]})
            message["header"]["msg_id"] = message["msg_id"] = sent["msg_id"]
            buffers = [base64.b64decode(text) for text in sent["buffers"]]
            session.send(self._client.shell_channel.socket, message, buffers=buffers)

    def _take(self, message: dict[str, Any]) -> None:
        self.frame.evaluate(
            "message => take(message)",
            {
                "kind": message["msg_type"],
                "content": message["content"],
                "metadata": message["metadata"],
                "parent": message["parent_header"].get("msg_id"),
                "buffers": [base64.b64encode(bytes(one)).decode() for one in message["buffers"]],
            },
        )
