"""Modules of tables: many inputs, and messages with many features."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from playwright.sync_api import expect

import hubexplore as hub
from tests.browser.gallery.exhibit import Exhibit
from tests.browser.panel import Panel

tf1 = tf.compat.v1
AMOUNTS = (
    "income", "savings", "loan_amount", "loan_years", "rent", "debts", "age", "children", "years_employed",
    "years_at_address", "cards", "accounts", "late_payments", "inquiries", "insurance", "car_value",
    "house_value", "interest", "monthly", "sureties",
)  # fmt: skip
FLAGS = ("owns_house", "owns_car", "is_married", "is_customer")
TEXTS = ("job", "city", "purpose", "education", "housing", "channel")
NURSE = (41200, 8000, 12000, 5, 900, 300, 34, 1, 8, 4, 2, 2, 0, 1, 60, 9000, 0, 4.9, 226, 0)
ENGINEER = (78000, 31000, 180000, 25, 0, 0, 45, 2, 15, 9, 3, 4, 1, 0, 140, 21000, 240000, 3.6, 911, 1)
STUDENT = (19500, 400, 3000, 2, 620, 1800, 23, 0, 1, 1, 1, 1, 3, 4, 20, 0, 0, 8.9, 137, 0)
ROWS = (
    (*NURSE, "no", "yes", "yes", "yes", "nurse", "Bonn", "car", "college", "rented", "branch"),
    (*ENGINEER, "yes", "yes", "yes", "no", "engineer", "Köln", "house", "university", "owned", "web"),
    (*STUDENT, "no", "no", "no", "no", "student", "Mainz", "laptop", "school", "shared", "app"),
)
NAMES = (*AMOUNTS, *FLAGS, *TEXTS)


def write_rows(folder: Path) -> None:
    """Writes the files that a user drops on the tables."""
    lines = [",".join(map(str, row)) for row in (NAMES, *ROWS)]
    (folder / "loans.csv").write_text("\n".join(lines), "utf-8")
    (folder / "people.csv").write_text("age,income,job\n34,41200,nurse\n45,78000,engineer\n", "utf-8")


def scorer() -> None:
    """Says how likely a loan is paid back: thirty inputs."""
    inputs = {name: tf1.placeholder(tf.float32, [None], name) for name in AMOUNTS}
    inputs |= {name: tf1.placeholder(tf.bool, [None], name) for name in FLAGS}
    inputs |= {name: tf1.placeholder(tf.string, [None], name) for name in TEXTS}
    score = (
        inputs["income"] / 4e4 + inputs["savings"] / 2e4 - inputs["late_payments"] + inputs["loan_years"] / 25
    )
    score += sum(tf.cast(inputs[name], tf.float32) / 4 for name in FLAGS)
    score += tf.cast(tf.strings.length(inputs["education"]), tf.float32) / 20
    probability = tf.sigmoid(score - 1)
    decision = tf.where(
        probability > 0.5, tf.fill(tf.shape(score), "accept"), tf.fill(tf.shape(score), "ask")
    )
    hub.add_signature("default", inputs, {"decision": decision, "probability": probability})


def rows_in(panel: Panel, folder: Path) -> None:
    panel.upload(folder / "loans.csv")
    expect(panel.node.get_by_role("grid").get_by_text("engineer")).to_be_visible()


def check_table(panel: Panel) -> None:
    decisions = panel.output("decision, probability")
    expect(decisions.get_by_role("row")).to_have_count(1 + len(ROWS))
    expect(decisions.get_by_role("row").nth(1)).to_contain_text("accept")


def reader() -> None:
    """Reads tf.Example messages."""
    messages = tf1.placeholder(tf.string, [None], "examples")
    features = tf1.parse_example(
        messages,
        {
            "age": tf1.FixedLenFeature([], tf.int64, 40),
            "income": tf1.FixedLenFeature([], tf.float32),
            "job": tf1.FixedLenFeature([], tf.string),
        },
    )
    chance = tf.sigmoid(features["income"] / 5e4 - tf.cast(features["age"], tf.float32) / 60)
    hub.add_signature("default", {"examples": messages}, {"job": features["job"], "chance": chance})


def people_in(panel: Panel, folder: Path) -> None:
    panel.upload(folder / "people.csv")
    expect(panel.node.get_by_role("grid").get_by_text("engineer")).to_be_visible()


def check_examples(panel: Panel) -> None:
    chances = panel.output("job, chance")
    expect(chances.get_by_role("row")).to_have_count(3)
    expect(chances.get_by_role("row").nth(1)).to_contain_text("nurse")


EXHIBITS = (
    Exhibit(
        "table", "A table of 30 inputs",
        "Inputs are columns. A file from a spreadsheet fills them all; results are a row for each row.",
        scorer, rows_in, check_table,
    ),
    Exhibit(
        "tf-example", "tf.Example",
        "The features of a message are columns too: nobody has to serialize anything.",
        reader, people_in, check_examples,
    ),
)  # fmt: skip
