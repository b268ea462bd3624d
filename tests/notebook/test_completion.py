"""Tab completion, asked of a real shell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import tensorflow as tf
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import hubexplore as hub
from tests.notebook.shells import Run, fails


def completed(shell: InteractiveShell, line: str) -> set[str]:
    """The lines that the tab key offers."""
    with provisionalcompleter():
        completions = list(shell.Completer.completions(line, len(line)))
    return {line[: entry.start] + entry.text for entry in completions}


@pytest.fixture
def half(run: Run) -> Run:
    run("%hub_load sample:half-plus-two --as half")
    return run


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%hub_call ha", {"%hub_call half"}),
        ("x = %hub_call ha", {"x = %hub_call half"}),
        ("%%hub_call ha", {"%%hub_call half"}),
        ("%hub_call half [1.0] --sig", {"%hub_call half [1.0] --signature"}),
        ("%hub_call half --signature d", {"%hub_call half --signature default"}),
        ("%hub_export ha", {"%hub_export half"}),
        ("%hub_show ha", {"%hub_show half"}),
        ("%hub_try ha", {"%hub_try half"}),
        ("%hub_try half --signature d", {"%hub_try half --signature default"}),
        ("%hub_card ha", {"%hub_card half"}),
        ("%hub_card half --no", {"%hub_card half --no-examples"}),
        ("%hub_compare half ha", {"%hub_compare half half"}),
        ("%hub_load sample:d", {"%hub_load sample:digits"}),
        ("%hub_load sample:half-plus-", {"%hub_load sample:half-plus-two"}),
        ("%hub_load sample:digits --ta", {"%hub_load sample:digits --tags"}),
        ("%hub_session re", {"%hub_session reset"}),
        ("%hub_session use de", {"%hub_session use default"}),
        ("%hub_log --rep", {"%hub_log --replay"}),
    ],
)
def test_words(half: Run, shell: InteractiveShell, line: str, expected: set[str]) -> None:
    assert completed(shell, line) == expected


def test_tags_of_a_module_at_hand(run: Run, shell: InteractiveShell) -> None:
    run("%hub_load sample:digits")
    assert completed(shell, "%hub_load sample:digits --tags t") == {"%hub_load sample:digits --tags train"}


def test_nothing_is_built_or_downloaded_to_complete(
    run: Run, shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "empty"))
    completed(shell, "%hub_load sample:digits --tags t")
    completed(shell, "%hub_load https://example.org/x --tags t")
    assert not (tmp_path / "empty").exists()


def test_paths(run: Run, shell: InteractiveShell, tmp_path: Path) -> None:
    (tmp_path / "module-a").mkdir()
    (tmp_path / "module-b.tar.gz").touch()
    (tmp_path / "module-c.txt").touch()
    line = f"%hub_load {tmp_path}/mod"
    assert completed(shell, line) == {
        f"%hub_load {tmp_path}/module-a/",
        f"%hub_load {tmp_path}/module-b.tar.gz",
    }


def test_expressions_are_completed_as_python(half: Run, shell: InteractiveShell) -> None:
    half("a_long_name = [1.0]")
    assert "%hub_call half a_long_name" in completed(shell, "%hub_call half a_long")


def test_unload_removes_it(half: Run, shell: InteractiveShell) -> None:
    half("%unload_ext hubexplore")
    assert "%hub_log --replay" not in completed(shell, "%hub_log --rep")


HOSTILE = [
    "aa{__import__('os').mkdir('pwned')}",
    'aa{__import__("os").mkdir("pwned")}',
    """aa{__import__("os").mkdir('pwned')}""",
    "aa$secret",
    "aa$$secret",
    "aa{secret}",
    "aa{{secret}}",
    "aa b",
    "aa'b",
    'aa"b',
    "aa'\"b",
    "aa\\",
    "aa?",
    "aa;",
    "aa --help",
    "aa#b",
    "aa!b",
    "aa=b",
    "aa:b@c",
    "aaé",
]
UNTYPEABLE = ["aa\nimport os; os.mkdir('pwned')", "aa\x1b[31m", "aa\u2028b", "aa\u202eb"]


def named(signatures: list[str], tags: Sequence[str] = ()) -> hub.ModuleSpec:
    """A module with signatures of these names; each returns its name."""

    def module_fn() -> None:
        for name in signatures:
            hub.add_signature(name, {}, {"default": tf.constant(name)})

    return hub.create_module_spec(module_fn, [(set(tags), {})])


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("begin", ["", "a", "aa", "'aa", '"aa'])
def test_every_signature_is_completed_to_what_means_it(
    run: Run, shell: InteractiveShell, inside: Path, begin: str
) -> None:
    names = [*HOSTILE, "--help", "-", "--"]
    shell.user_ns.update(secret="leaked", spec=named([*names, *UNTYPEABLE]))
    run("%hub_load spec --as m")
    lines = completed(shell, f"%hub_call m --signature {begin}")
    values = {run(line).decode() for line in lines}
    assert values == {name for name in names if name.startswith(begin.lstrip("'\""))}
    assert not (inside / "pwned").exists()


@pytest.mark.parametrize("begin", ["--signature -", "--signature '-", "--signature=-", '--signature="-'])
def test_a_signature_is_no_option_whatever_it_begins_with(
    run: Run, shell: InteractiveShell, begin: str
) -> None:
    names = {"--help", "--as-dict", "-", "--", "-x"}
    shell.user_ns["spec"] = named([*names])
    run("%hub_load spec --as m")
    lines = completed(shell, f"%hub_call m {begin}")
    assert {run(line).decode() for line in lines} == names
    assert completed(shell, "%hub_call m -") > {"%hub_call m --as-dict", "%hub_call m --signature"}


@pytest.mark.parametrize("option", ["--signature ", "--signature="])
def test_drawing_and_trying_take_what_was_completed(
    run: Run, shell: InteractiveShell, inside: Path, option: str
) -> None:
    shell.user_ns.update(secret="leaked", spec=named([*HOSTILE, *UNTYPEABLE]))
    for magic in ("hub_show", "hub_try"):
        lines = completed(shell, f"%{magic} spec {option}aa")
        assert len(lines) == len(HOSTILE)
        for line in lines:
            run(line)
    assert not (inside / "pwned").exists()


@pytest.mark.parametrize("tag", [name for name in HOSTILE if "," not in name])
def test_tags_are_completed_to_what_means_them(
    run: Run, shell: InteractiveShell, inside: Path, tag: str
) -> None:
    shell.user_ns.update(secret="leaked", spec=named(["default"], [tag]))
    (line,) = completed(shell, "%hub_load spec --as m --tags a")
    assert run(line).tags == {tag}
    assert not (inside / "pwned").exists()


@pytest.mark.parametrize("folder", [name for name in HOSTILE if ":" not in name])
@pytest.mark.parametrize("magic", ["hub_load", "hub_show", "hub_compare m"])
def test_folders_are_completed_to_what_means_them(
    run: Run, shell: InteractiveShell, inside: Path, magic: str, folder: str
) -> None:
    shell.user_ns["secret"] = "leaked"
    run("m = %hub_load sample:half-plus-two")
    m = shell.user_ns["m"]
    with m.graph.as_default(), tf.compat.v1.Session() as session:
        session.run(tf.compat.v1.global_variables_initializer())
        m.export(inside / folder, session)
    (line,) = completed(shell, f"%{magic} a")
    run(f"{line} --as n" if magic == "hub_load" else line)
    assert sorted(path.name for path in inside.iterdir()) == ["ipython", folder] or folder < "ipython"
    assert not (inside / "pwned").exists()


WRITTEN = {
    "sample:half-plus-two": "./sample:half-plus-two/",
    "https:": "./https:/",
    "file:": "./file:/",
    "gs:": "./gs:/",
    "C:": "./C:/",
    "aa:b": "./aa:b/",
    "~": "./~/",
    "~root": "./~root/",
    "-x": "./-x/",
    "--help": "./--help/",
    "=x": "'=x/'",
    ",x": "',x/'",
    "$secret": "'$secret/'",
    "{secret}": "'{{secret}}/'",
}


@pytest.mark.parametrize("folder", WRITTEN)
@pytest.mark.parametrize("magic", ["%hub_show ", "%%hub_show ", "hub_show ", "x = %hub_show "])
def test_a_folder_is_completed_to_itself_and_not_to_what_its_name_would_mean(
    run: Run, shell: InteractiveShell, inside: Path, magic: str, folder: str
) -> None:
    shell.user_ns["secret"] = "leaked"
    (inside / folder).mkdir()
    (inside / folder / "saved_model.pb").write_bytes(b"\xff")  # what reads it says where it is
    line = f"{magic}{WRITTEN[folder]}"
    for begin in ("", f"'{folder[0]}"):
        if folder[0] != "~" or not begin:  # which begins a home directory
            assert line in completed(shell, f"{magic}{begin}")
    if not magic.startswith("%%"):
        assert f"'{inside / folder}" in fails(run, line)


@pytest.mark.parametrize(
    "line",
    [
        "%hub_load half --as ",
        "%hub_load half --tags ",
        "%hub_load half ",
        "%hub_load half a",
        "%hub_load damaged --tags ",
        "%hub_load damaged --tags=a",
        "%hub_show half --signature a",
        "%hub_session new ",
        "%hub_session use a",
        "%hub_log --replay ",
        "%hub_list a",
        "%hub_call half 1.0 --out a",
        "%%hub_module m --tags a",
        "%hub_load a\0b/",
        "%hub_load {a'b} c' a",
        "hub_load half a",
    ],
)
def test_nothing_but_these_completions_where_no_python_stands(
    half: Run, shell: InteractiveShell, inside: Path, line: str
) -> None:
    """IPython completes names of files, and does not quote what the magics expand."""
    (inside / "aa$secret").mkdir()
    (inside / "damaged").mkdir()
    (inside / "damaged" / "saved_model.pb").write_bytes(b"\xff")
    assert completed(shell, line) == {line}


def test_a_path_to_write_is_completed_to_itself(half: Run, shell: InteractiveShell, inside: Path) -> None:
    (inside / "aa$half" / "below").mkdir(parents=True)
    assert completed(shell, "%hub_export half ") == {
        "%hub_export half 'aa$half/'",
        "%hub_export half ipython/",
    }
    assert completed(shell, "%hub_export half 'aa$half/") == {"%hub_export half 'aa$half/below/'"}


def test_a_module_of_any_name_is_completed_and_called(half: Run, shell: InteractiveShell) -> None:
    session = half("%hub_session")
    names = ["a b", "a@b", "a-b", "a/b.c", "a{half}", "a$half", "-a", "--as"]
    for name in names:
        session.load(shell.user_ns["half"].spec, name)
    for begin in ("", "'a", "'-"):
        lines = completed(shell, f"%hub_call {begin}")
        assert len(lines) == len([name for name in [*names, "half"] if name.startswith(begin[1:])])
        for line in lines:
            assert half(f"{line} [2.0]") == [3.0]
    for magic in ("%hub_compare half", "%hub_show"):
        for line in completed(shell, f"{magic} 'a"):
            half(line)


def test_a_folder_that_no_line_can_hold_is_not_completed(
    run: Run, shell: InteractiveShell, inside: Path
) -> None:
    for name in UNTYPEABLE:
        (inside / name).mkdir()
    assert completed(shell, "%hub_load aa") == {"%hub_load aa"}


def test_a_quote_that_the_editor_closed(run: Run, shell: InteractiveShell, inside: Path) -> None:
    (inside / "aa b").mkdir()
    line = "%hub_load 'aa'"
    with provisionalcompleter():
        (completion,) = shell.Completer.completions(line, len(line) - 1)
    assert line[: completion.start] + completion.text + line[completion.end :] == "%hub_load 'aa b/'"


def test_values_are_put_in_word_by_word(run: Run, inside: Path) -> None:
    run("where = 'two words'\nplaces = {'a': 'x'}")
    for typed, meant in {
        "{where}": "two words",
        '"{where}/m"': "two words/m",
        "$where": "two words",
        "{places['a']}/{where + 's'}": "x/two wordss",
        "'{where}/m'": "two words/m",
        "'{{where}}'": "{where}",
        "{{where}}": "{where}",
        "$$where": "$where",
        "'$where'": "$where",
        "{nothing}": "{nothing}",
    }.items():
        assert f"{meant}'" in fails(run, f"%hub_load {typed} --as m"), typed


def test_values_of_the_function_that_calls_are_expanded(run: Run) -> None:
    run("def load(name):\n    return get_ipython().run_line_magic('hub_load', 'sample:{name} --as m')")
    assert run("load('half-plus-two')").get_signature_names()


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("option", ["--signature ", "--signature="])
def test_every_signature_where_the_editor_closed_the_quote(
    run: Run, shell: InteractiveShell, inside: Path, quote: str, option: str
) -> None:
    shell.user_ns.update(secret="leaked", spec=named([*HOSTILE, *UNTYPEABLE]))
    run("%hub_load spec --as m")
    line = f"%hub_call m {option}{quote}aa{quote}"
    with provisionalcompleter():
        found = list(shell.Completer.completions(line, len(line) - 1))
    lines = [line[: each.start] + each.text + line[each.end :] for each in found]
    assert {run(line).decode() for line in lines} == {*HOSTILE}
    assert not (inside / "pwned").exists()
