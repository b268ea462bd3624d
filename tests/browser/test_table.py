"""A user fills in a table of inputs as in a spreadsheet: keys, clipboard, files, variables, errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tensorflow as tf
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.notebook import Notebook
from tests.browser.panel import Panel
from tests.hub.modules import export

tf1 = tf.compat.v1
NUMBERS = (
    "income",
    "age",
    "rooms",
    "bedrooms",
    "people",
    "homes",
    "latitude",
    "longitude",
    *(f"x{n}" for n in range(12)),
)


def houses() -> None:
    """Thirty inputs of all types, and a signature with four of them."""
    inputs = {name: tf1.placeholder(tf.float32, [None], name) for name in NUMBERS}
    inputs |= {name: tf1.placeholder(tf.int64, [None, 1], name) for name in ("floors", "year", "zip")}
    inputs |= {name: tf1.placeholder(tf.bool, [None], name) for name in ("pool", "garden")}
    inputs |= {name: tf1.placeholder(tf.string, [None], name) for name in ("city", "street")}
    inputs |= {"<b>place</b>": tf1.placeholder(tf.float32, [None, 2])}
    rate, fast = tf1.placeholder(tf.float32, [], "rate"), tf1.placeholder(tf.bool, [], "fast")
    price = rate * inputs["income"] + tf.cast(inputs["pool"], tf.float32)
    price += tf.cast(tf.strings.length(inputs["city"]), tf.float32) + tf.reduce_sum(inputs["<b>place</b>"], 1)
    few = {name: inputs[name] for name in ("income", "age", "city", "pool")}
    hub.add_signature("price", {**inputs, "rate": rate, "fast": fast}, price)
    hub.add_signature("few", few, inputs["income"] + inputs["age"] + tf.cast(inputs["pool"], tf.float32))


def rows() -> None:
    """tf.Example messages with features of all kinds."""
    messages = tf1.placeholder(tf.string, [None], "messages")
    parsed = tf1.parse_example(
        messages,
        {
            "age": tf1.FixedLenFeature([], tf.int64, 7),
            "name": tf1.FixedLenFeature([], tf.string),
            "size": tf1.FixedLenFeature([2], tf.float32),
            "tags": tf1.VarLenFeature(tf.string),
        },
    )
    score = tf.reduce_sum(parsed["size"], 1) + tf.cast(parsed["age"], tf.float32)
    hub.add_signature(inputs={"messages": messages}, outputs={"score": score, "name": parsed["name"]})


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    for function in (houses, rows):
        export(hub.create_module_spec(function), folder / function.__name__)
    return folder


cell = Panel.table_cell


def copy(notebook: Notebook, text: str) -> None:
    notebook.page.evaluate("text => navigator.clipboard.writeText(text)", text)


def test_a_table_is_drawn_once(notebook: Notebook, modules: Path) -> None:
    """Without the width that the panel gives it, each column would get a band of its own at first."""
    notebook.new()
    notebook.page.evaluate(
        """() => {
          window.drawn = [];
          const replace = Element.prototype.replaceChildren;
          Element.prototype.replaceChildren = function (...children) {
            if (this.matches(".hub-cells")) window.drawn.push(children.length);
            return replace.apply(this, children);
          };
        }"""
    )
    panel = Panel.open(notebook, repr(str(modules / "houses")))
    expect(cell(panel, "income", 1)).to_be_visible()
    (bands,) = notebook.page.evaluate("window.drawn")
    assert bands == panel.node.locator(".hub-cells > tbody").count()
    notebook.start_over()  # the page has another `replaceChildren`


def test_typing_with_the_keyboard_only(notebook: Notebook, modules: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(modules / 'houses')!r}, 'few'")
    keys = notebook.page.keyboard
    cell(panel, "income", 1).focus()
    for text in ("70", "2.5"):
        keys.type(text)
        keys.press("Tab")
    expect(cell(panel, "pool", 1)).to_be_focused()
    keys.press("Space")
    expect(cell(panel, "pool", 1).get_by_role("checkbox")).to_be_checked()
    keys.press("Tab")
    keys.type("Bonn")
    keys.press("Tab")  # beyond the last cell
    cell(panel, "city", 1).focus()
    keys.press("Home")
    keys.type("80")
    keys.press("Enter")  # adds a row below the last one
    keys.type("10")
    keys.press("ArrowRight")
    keys.type("1")
    keys.press("Escape")  # drops what was typed
    keys.type("20")
    keys.press("Shift+Enter")  # runs with what is being typed
    panel.wait_for_run(1)
    assert panel.value("panel.value.tolist()") == "[83.5, 30.0]\n"
    cell(panel, "age", 2).focus()
    keys.press("F2")
    keys.press("Backspace")
    keys.press("Enter")
    expect(cell(panel, "age", 2)).to_have_text("2")
    cell(panel, "age", 2).focus()
    keys.press("Delete")
    expect(cell(panel, "age", 2)).to_have_text("")
    keys.press("Control+z")
    expect(cell(panel, "age", 2)).to_have_text("2")
    keys.press("Escape")
    keys.press("Tab")
    expect(panel.node.get_by_role("button", name="Add a row below the current one")).to_be_focused()


def test_cells_come_from_and_go_to_a_spreadsheet(notebook: Notebook, modules: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(modules / 'houses')!r}, 'few'")
    copy(notebook, 'City\tincome\r\n"Bad\nEms"\t1.5\r\n"the ""old"" town"\t2\r\n')
    cell(panel, "pool", 1).focus()
    notebook.page.keyboard.press("Control+v")
    expect(cell(panel, "city", 1)).to_have_text("Bad\nEms")
    expect(cell(panel, "income", 2)).to_have_text("2")
    copy(notebook, "5\t6\n7\t8")
    cell(panel, "income", 1).click()
    notebook.page.keyboard.press("Control+v")
    expect(cell(panel, "age", 2)).to_have_text("8")
    copy(notebook, "9")
    notebook.page.keyboard.press("Control+v")  # fills what is selected
    expect(cell(panel, "income", 1)).to_have_text("9")
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.press("Control+c")
    copied = notebook.page.evaluate("navigator.clipboard.readText()")
    assert copied == '9\t9\t\t"Bad\nEms"\n9\t9\t\t"the ""old"" town"'
    panel.run()
    assert panel.value("panel.value.tolist()") == "[18.0, 18.0]\n"
    copy(notebook, "true\tUlm\t3\t4\nfalse\tAachen\t5\t6")
    cell(panel, "pool", 1).focus()
    notebook.page.keyboard.press("Control+v")  # wider than the rest of the table
    expect(panel.node.get_by_text("Only 2 of 4 columns were pasted: the table ends there.")).to_be_visible()
    expect(cell(panel, "city", 2)).to_have_text("Aachen")
    copy(notebook, "price\tcity\tincome\n7\tBonn\t8")
    notebook.page.keyboard.press("Control+v")  # below a heading that names a column more
    expect(panel.node.get_by_text("Not pasted: price. The table has no such input.")).to_be_visible()
    expect(panel.node.get_by_role("gridcell", name="Bonn")).to_be_visible()
    cell(panel, "income", 1).click()
    expect(panel.node.get_by_text("Not pasted: price.")).to_have_count(0)
    cell(panel, "age", 2).click(modifiers=["Shift"])
    notebook.page.keyboard.press("Control+x")
    expect(cell(panel, "age", 1)).to_have_text("")
    panel.node.get_by_role("button", name="Remove the selected rows").click()
    expect(panel.node.get_by_text("1 row", exact=True)).to_be_visible()


def test_thirty_inputs_are_on_one_screen_and_errors_at_their_cells(notebook: Notebook, modules: Path) -> None:
    notebook.new()
    notebook.hide_files()
    notebook.page.set_viewport_size({"width": 1280, "height": 800})
    panel = Panel.open(notebook, f"{str(modules / 'houses')!r}, 'price'")
    panel.fill("Random (seed 0)", rows=2)
    expect(cell(panel, "income", 2)).not_to_have_text("")
    panel.node.locator(".hub-title").scroll_into_view_if_needed()
    headings = panel.node.locator("[role=columnheader]")
    for element in (headings.first, headings.last, panel.node.get_by_label("rate"), panel.run_button):
        expect(element).to_be_in_viewport(ratio=0.9)
    notebook.screenshot("table-of-thirty")
    panel.run()
    rate = panel.node.get_by_role("spinbutton", name=re.compile("^rate"))
    rate.fill("")
    cell(panel, "zip", 2).click()
    notebook.page.keyboard.type("1.5")
    notebook.page.keyboard.press("Enter")
    cell(panel, "<b>place</b>", 1).click()
    notebook.page.keyboard.type("1")
    panel.run_button.click()
    panel.wait_for_error("'zip', row 2: found '1.5'")
    expect(panel.error).to_contain_text("'<b>place</b>', row 1: found 1 value, expected 2 numbers")
    expect(rate).to_be_focused()
    expect(rate).to_have_attribute("aria-invalid", "true")
    expect(cell(panel, "zip", 2)).to_have_attribute("aria-invalid", "true")
    notebook.screenshot("table-errors")
    rate.fill("0.5")
    cell(panel, "<b>place</b>", 1).click()
    notebook.page.keyboard.type("1 2")
    panel.run_button.click()
    expect(cell(panel, "zip", 2)).to_be_focused()
    notebook.page.keyboard.type("15")
    notebook.page.keyboard.press("Tab")
    expect(cell(panel, "zip", 2)).not_to_have_attribute("aria-invalid", "true")
    panel.node.get_by_label("Filter inputs by name").fill("ro")
    expect(headings).to_have_text([re.compile("^rooms"), re.compile("^bedrooms")])
    notebook.theme("dark")
    panel.node.get_by_label("Filter inputs by name").fill("")
    notebook.screenshot("table-of-thirty-dark")
    notebook.narrow(600)
    widths = panel.node.evaluate("node => [node.scrollWidth, node.clientWidth]")
    assert widths[0] <= widths[1]
    panel.node.get_by_label("Wrap columns").uncheck()
    sheet = panel.node.locator(".hub-sheet").evaluate("node => [node.scrollWidth, node.clientWidth]")
    assert sheet[0] > 2 * sheet[1]
    widths = panel.node.evaluate("node => [node.scrollWidth, node.clientWidth, innerWidth]")
    assert widths[0] <= widths[1] <= widths[2]
    notebook.screenshot("table-of-thirty-600")


def test_a_file_and_a_variable_fill_all_inputs(notebook: Notebook, modules: Path, tmp_path: Path) -> None:
    notebook.new()
    notebook.run("import pandas as pd\ndf = pd.DataFrame({'income': [1.5], 'age': [2], 'note': ['x']})")
    panel = Panel.open(notebook, f"{str(modules / 'houses')!r}, 'few'")
    path = tmp_path / "houses.csv"
    path.write_text("city,income,age,pool\n" + "Bonn,1,2,yes\n" * 7)
    panel.upload(path)
    expect(panel.node.get_by_text("7 rows from 'houses.csv'.", exact=True)).to_be_visible()
    expect(cell(panel, "pool", 7).get_by_role("checkbox")).to_be_checked()
    panel.node.get_by_label("or variable").select_option(label="df")
    message = "1 row from variable 'df'. No column for 'pool', 'city'. Not used: 'note'."
    expect(panel.node.get_by_text(message, exact=True)).to_be_visible()
    panel.run()
    assert panel.value("panel.value.tolist()") == "[3.5]\n"
    path.write_text("city,income,age,pool\n" + "Bonn,1,2,yes\n" * 30_000)
    panel.upload(path)
    expect(panel.node.get_by_text("30,000 rows, the first 50 shown; Clear to type others")).to_be_visible()
    panel.run()
    assert panel.value("panel.value.sum()") == "120000.0\n"
    panel.choose("Signature", "price")
    panel.choose("Signature", "few")
    expect(panel.node.get_by_text("30,000 rows, the first 50 shown; Clear to type others")).to_be_visible()


def test_features_of_examples_are_columns(notebook: Notebook, modules: Path) -> None:
    notebook.new()
    panel = Panel.open(notebook, f"{str(modules / 'rows')!r}")
    expect(cell(panel, "age", 1)).to_have_attribute("data-usual", "7")
    cell(panel, "name", 1).click()
    for text in ("Ann", "1 2", '["a", "b"]'):
        notebook.page.keyboard.type(text)
        notebook.page.keyboard.press("Tab")
    number = panel.run()
    assert panel.value("panel.value['score'].tolist()") == "[10.0]\n"
    notebook.screenshot("table-of-features", panel.node)
    code = panel.copy_code("Python")
    copy_cell = notebook.run(code)
    assert [output["output_type"] for output in notebook.outputs(copy_cell)] != ["error"]
    cell(panel, "age", 1).click()
    notebook.page.keyboard.press("Delete")
    cell(panel, "name", 1).click()
    notebook.page.keyboard.press("Delete")
    panel.run_button.click()
    panel.wait_for_error("feature 'name' is empty; expected: a text")
    expect(cell(panel, "name", 1)).to_be_focused()
    panel.put_back(number)
    expect(cell(panel, "name", 1)).to_have_text("Ann")
    panel.wait_for_still("<td>Ann</td>")
