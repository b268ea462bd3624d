"""Checks of programs and environment variables: diagrams, proxies, certificates, limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hubexplore.checkup.findings import OK, PROBLEM, WARNING, Finding, of_error
from hubexplore.errors import SettingError
from hubexplore.summary.files.redaction import redacted

_LIMITS: Final = ("SIZE", "RATIO", "FILES", "DEPTH", "RATE")
# Read by other libraries, but not by Python's ssl.
_OTHER_CERTIFICATES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def findings() -> Iterator[Finding]:
    """Checks what diagrams and downloads need."""
    yield _dot()
    yield from _proxies()
    yield from _certificates()
    yield from _limits()
    yield Finding(
        "offline use",
        OK,
        "No connection was tried. Without a network, paths, samples and everything in the cache can be used.",
    )


def _dot() -> Finding:
    import shutil

    # As `display.diagram.graphviz_svg` looks for it.
    program = shutil.which("dot")
    if program:
        return Finding("dot", OK, f"Graphviz has its program: {program}.")
    from hubexplore.display.diagram.graphviz_svg import HOW_TO_GET_DOT

    sentence = "The program `dot` of graphviz is not on the PATH: diagrams are displayed as nested lists."
    return Finding("dot", WARNING, sentence, HOW_TO_GET_DOT)


def _proxies() -> Iterator[Finding]:
    used: list[str] = []
    is_set = False
    for scheme in ("http", "https"):
        # urllib prefers the lower-case name.
        lower, upper = f"{scheme}_proxy", f"{scheme}_proxy".upper()
        value = os.environ.get(lower) or os.environ.get(upper, "")
        name = lower if os.environ.get(lower) else upper
        if not value:
            continue
        wrong = list(_proxy(name, value))
        yield from wrong
        used += [] if wrong else [f"{name}={redacted(value)}"]
        is_set = True
        if os.environ.get(upper, value) not in ("", value):
            sentence = f"{lower} and {upper} differ. {lower} is used."
            yield Finding("proxy", WARNING, sentence, "Unset one of them, or set both to the same value.")
    every = next((name for name in ("all_proxy", "ALL_PROXY") if os.environ.get(name)), "")
    if every and not is_set:
        sentence = f"{every} is set, but Python's urllib reads only HTTP_PROXY and HTTPS_PROXY."
        yield Finding("proxy", WARNING, sentence, f'export HTTPS_PROXY="${every}" HTTP_PROXY="${every}"')
    elif not is_set:
        yield Finding("proxy", OK, "No proxy is set: downloads connect directly.")
    elif used:
        without = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
        but = f", except for {without}" if without else ""
        yield Finding("proxy", OK, f"Downloads use {' and '.join(used)}{but}.")


def _proxy(name: str, value: str) -> Iterator[Finding]:
    import urllib.parse

    example = f"export {name}=http://PROXY_SERVER:8080"
    try:
        parts = urllib.parse.urlsplit(value if "://" in value else f"http://{value}")
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urllib.parse.urlsplit("")
    if not host:
        sentence = f"{name} is {redacted(value)!r}, which is not the address of a server."
        yield Finding("proxy", PROBLEM, sentence, example)
    elif parts.scheme.lower() not in ("http", "https"):
        sentence = f"{name} is {redacted(value)!r}. Downloads can use HTTP proxies only."
        yield Finding("proxy", PROBLEM, sentence, example)


def _certificates() -> Iterator[Finding]:
    wrong = False
    for name, is_kind in (("SSL_CERT_FILE", os.path.isfile), ("SSL_CERT_DIR", os.path.isdir)):
        value = os.environ.get(name)
        if value and not is_kind(value):
            kind = "file" if name.endswith("FILE") else "folder"
            wrong = True
            sentence = f"{name} is {value!r}, which is not a {kind}: every https address fails."
            remedy = f"Set {name} to the {kind} with the certificates of your network, or unset it."
            yield Finding("certificates", PROBLEM, sentence, remedy)
    chosen = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
    for name in _OTHER_CERTIFICATES:
        if os.environ.get(name) and not chosen:
            sentence = f"{name} is set, but Python's ssl, which downloads use, reads SSL_CERT_FILE."
            yield Finding("certificates", WARNING, sentence, f'export SSL_CERT_FILE="${name}"')
    if not chosen:
        import ssl

        default = ssl.get_default_verify_paths()
        if not (default.cafile or default.capath):
            sentence = (
                f"Python finds no certificates: neither {default.openssl_cafile!r} nor a folder exists."
            )
            remedy = (
                "Install them (apt-get install ca-certificates), or pip install certifi and set "
                "SSL_CERT_FILE to the output of `python -m certifi`."
            )
            yield Finding("certificates", WARNING, sentence, remedy)
            return
        chosen = default.cafile or default.capath
    if not wrong:
        yield Finding("certificates", OK, f"https addresses are checked with {str(Path(chosen or ''))!r}.")


def _limits() -> Iterator[Finding]:
    from hubexplore.hub.resolve import size_limits

    for name in (getattr(size_limits, limit) for limit in _LIMITS):
        try:
            size_limits.value(name)
        except SettingError as error:
            yield of_error(name, error)
        else:
            if os.environ.get(name):
                yield Finding(name, OK, f"{name} is {os.environ[name]!r}.")
