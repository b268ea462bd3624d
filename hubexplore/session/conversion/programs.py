"""Converts a module to a model that another runtime runs, and runs that one as a proof.

The module is written as a TF2 SavedModel into a temporary folder. A process of its own converts it, while the
module runs here on examples; another one runs the result.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import tensorflow as tf

from hubexplore.errors import (
    ConversionError,
    FailedConversionError,
    NoSuchSignatureError,
    UnconvertibleError,
    closest,
)
from hubexplore.hub.danger_check import require_trust
from hubexplore.hub.quiet_start import start_devices
from hubexplore.hub.servable.callables import fields
from hubexplore.hub.servable.choice import Choice, signature_names
from hubexplore.hub.servable.subject import subject_of
from hubexplore.hub.servable.write import SERVE, Written, write_saved_model
from hubexplore.hub.storage.disk_errors import STORAGE_ERRORS, export_error
from hubexplore.hub.tensor_info import InfoDict
from hubexplore.session.conversion import calibration, placing, precheck, proof
from hubexplore.session.conversion.child import RUN, Child
from hubexplore.session.conversion.converter_errors import refused_nodes, shortened
from hubexplore.session.conversion.formats import ONNX, TFLITE, Format, is_installed, version
from hubexplore.session.conversion.report import ConversionReport, WrittenFile
from hubexplore.session.conversion.request import INT8, Request
from hubexplore.session.conversion.tensor_lists import RESERVE, open_lists
from hubexplore.session.export.reference import dense_inputs
from hubexplore.session.export.save_report import ComparedCall
from hubexplore.session.interruption import run_interruptibly
from hubexplore.summary.lookup import first_names, named
from hubexplore.summary.model import IN_MEMORY
from hubexplore.summary.module_format import DEFAULT_SIGNATURE

MSG_SIGNATURE: Final = "The module has no signature {name!r}.{hint} It has: {names}."
MSG_ONE_FILE: Final = (
    "Only the signature {name!r} is written, because a file of this format holds one. {others}, "
    "signature={other!r}, or write to a directory, which gets a file for each."
)
MSG_RENAMED: Final = (
    "The output {old!r} of the signature {name!r} is called {new!r}, since ONNX has no input and output of "
    "one name."
)
MSG_FAILED: Final = (
    "{title} cannot be made of {signatures}. Its converter says: {error} Nothing was written.{others}"
)
MSG_LISTS: Final = (
    " A loop of the module collects tensors whose shape or number is not known. Give both where the model is "
    "made, and save it again: tf.TensorArray(tf.float32, steps, element_shape=[None, 5]), where None is the "
    "batch, and without dynamic_size."
)
MSG_TIES: Final = (
    "The signature {name!r} selects boxes by {op}. LiteRT does not order boxes with equal scores as "
    "TensorFlow does, so it may select others of them: rows of outputs that differ much can be other boxes "
    "with the same scores."
)
MSG_NO_RUNTIME: Final = "{title} is not installed. Run: pip install 'hubexplore[{extra}]'"
MSG_NOT_WANTED: Final = "verify=False was asked for."


class ProgramConversion:
    """A conversion.

    Args:
      request: what was asked for.
      path: absolute, of what is written.
      wanted: the format.
      work: temporary folder.
      converter: the process that converts.
    """

    def __init__(self, request: Request, path: str, wanted: Format, work: Path, converter: Child) -> None:
        self._request, self._path, self._wanted = request, path, wanted
        self._work, self._converter = work, converter
        module, tags = request.load()
        subject = subject_of(module, tags, request.session)
        # Converters load what they convert, which runs its initialisers.
        require_trust(subject.spec, trust=request.trust, remedy=request.remedy)
        # The variant for training would be written only to be left out.
        choice = Choice(subject.choice.serving, None, subject.choice.notes)
        self._subject = dataclasses.replace(subject, choice=choice)
        self._warnings = list(choice.notes)
        # Signature in the SavedModel -> output -> its other name in the file.
        self._renamed: dict[str, dict[str, str]] = {}
        # Name in the SavedModel -> name in the module.
        self._signatures = self._chosen()
        self._check()
        self._examples = self._given()

    def run(self) -> ConversionReport:
        """Converts, compares and puts the files in their places."""
        written = self._write()
        jobs, files = self._jobs()
        self._converter.send(
            {
                "model": str(self._work / "model"),
                "tag": SERVE,
                "jobs": jobs,
                "quantize": self._request.quantize,
                "data": self._calibration(),
            }
        )
        runtime, not_compared = self._runtime()
        with contextlib.ExitStack() as stack:
            # It imports what it needs while the converter works.
            runner = None if not_compared else stack.enter_context(self._runner())
            expected = [] if not_compared else self._expected(written)
            answer = self._converter.wait(self._request.timeout)
            if answer["errors"]:
                self._fail(jobs, {int(number): error for number, error in answer["errors"].items()})
            models = {key: Path(job["out"]) for job in jobs for key in job["signatures"]}
            compared = () if runner is None else self._compare(runner, expected, models)
        sizes = [WrittenFile(str(target), source.stat().st_size, holds) for source, target, holds in files]
        placing.check(self._path, [self._wanted.suffix], self._request.overwrite)
        placing.put([(source, target) for source, target, _ in files], self._request.overwrite)
        return ConversionReport(
            path=self._path,
            format=self._wanted.name,
            files=tuple(sizes),
            compared=compared,
            runtime=runtime,
            not_compared=not_compared,
            quantize=self._request.quantize,
            weights=self._weights(),
            converter_seconds=answer["seconds"],
            seconds=time.monotonic() - self._request.begin,
            warnings=(*self._warnings, *written.notes, *self._subject.spec.notes),
        )

    def _chosen(self) -> dict[str, str]:
        """Name in the SavedModel -> name in the module, of the signatures that are converted."""
        variant = self._subject.spec.variant(self._subject.choice.serving)
        every = signature_names(list(variant.signature_names))
        wanted = self._request.signature
        names = [wanted] if isinstance(wanted, str) else list(wanted or every.values())
        for name in names:
            if name not in every.values():
                raise NoSuchSignatureError(
                    MSG_SIGNATURE.format(
                        name=name, hint=closest(name, every.values()), names=first_names(every.values(), 10)
                    )
                )
        if wanted is None and self._wanted.name == ONNX and self._is_file and len(names) > 1:
            kept = DEFAULT_SIGNATURE if DEFAULT_SIGNATURE in names else next(iter(every.values()))
            others = [name for name in names if name != kept]
            self._warnings.append(
                MSG_ONE_FILE.format(
                    name=kept,
                    others=f"The other is {others[0]!r}: name it"
                    if len(others) == 1
                    else f"The others are {first_names(others, 5)}: name one",
                    other=others[0],
                )
            )
            names = [kept]
        return {key: name for key, name in every.items() if name in names}

    def _given(self) -> list[dict[str, Any]]:
        """The examples of the user, where numbers are quantized by them."""
        if self._request.quantize != INT8:
            return []
        names = list(self._signatures.values())
        if len(names) > 1:
            raise ConversionError(
                calibration.MSG_SIGNATURES.format(
                    count=len(names), names=first_names(names, 5), first=names[0]
                )
            )
        return calibration.examples(self._request.data, names[0], self._infos(names[0]))

    def _infos(self, name: str) -> InfoDict:
        tags = self._subject.choice.serving
        infos: InfoDict = self._subject.spec.get_input_info_dict(name, tags)
        return infos

    def _calibration(self) -> dict[str, list[list[tuple[str, str]]]]:
        """Signature in the SavedModel -> files of the examples, each of which is checked."""
        if not self._examples:
            return {}
        ((key, name),) = self._signatures.items()
        infos = self._infos(name)
        dense = (dense_inputs(name, infos, example) for example in self._examples)
        return {key: calibration.write(dense, self._work / "examples")}

    def _check(self, refused: Mapping[str, Collection[str]] | None = None) -> None:
        """Raises UnconvertibleError if the format lacks ops of a signature.

        Args:
          refused: types of ops that the converter refused -> the nodes that it named.
        """
        summary = self._subject.spec.summary()
        names = list(self._signatures.values())
        reason = precheck.reason_for(self._wanted, refused or {})
        found = precheck.find(summary, self._subject.choice.serving, names, reason, self._wanted)
        if found:
            title = None if summary.format == IN_MEMORY else summary.title
            raise precheck.refusal(found, names, self._wanted, title)

    @property
    def _is_file(self) -> bool:
        return self._path.lower().endswith(self._wanted.suffix)

    def _write(self) -> Written:
        start_devices()
        folder = str(self._work / "model")
        tf.io.gfile.makedirs(folder)
        try:
            written = write_saved_model(folder, self._subject.spec, self._subject.choice, self._subject.live)
            if self._wanted.name == TFLITE:
                open_lists(folder)
        except STORAGE_ERRORS as error:
            raise export_error(folder, error) from error
        return written

    def _jobs(self) -> tuple[list[dict[str, Any]], list[tuple[Path, Path, str]]]:
        """What the converter is asked; and each file: where it is written and belongs, and what is in it."""
        suffix, target = self._wanted.suffix, Path(self._path)
        if self._wanted.name != ONNX:
            # All signatures share the weights in one file.
            out = self._work / f"model{suffix}"
            job = {"signatures": list(self._signatures), "out": str(out)}
            holds = named("signature", self._signatures, 5)
            return [job], [(out, target if self._is_file else target / f"model{suffix}", holds)]
        if self._is_file and len(self._signatures) > 1:
            raise ConversionError(
                f"A file of ONNX holds one signature, and {len(self._signatures)} were asked for. Write to a "
                f"directory: {self._path.removesuffix(suffix)!r}."
            )
        used: set[str] = set()
        jobs, files = [], []
        for key, name in self._signatures.items():
            stem = placing.file_name(name, used)
            out = self._work / f"{stem}{suffix}"
            job = {"signatures": [key], "out": str(out), "output_names": self._output_names(key, name)}
            jobs.append(job)
            place = target if self._is_file else target / out.name
            files.append((out, place, f"signature {name!r}"))
        return jobs, files

    def _output_names(self, key: str, name: str) -> list[str]:
        """Names for all outputs of a signature, in order, if ONNX cannot have those of the module; else [].

        In ONNX no output has the name of an input, as `default` often is both.
        """
        variant = self._subject.spec.variant(self._subject.choice.serving)
        inputs = {part.name for part in fields(variant.input_infos(name), parameters=True)}
        outputs = [part.name for part in fields(variant.output_infos(name))]
        if inputs.isdisjoint(outputs):
            return []
        used = {*inputs, *outputs}
        renamed = []
        for output in outputs:
            new = output
            while new in inputs or (new != output and new in used):
                new += "_output"
            used.add(new)
            renamed.append(new)
        self._renamed[key] = {old: new for old, new in zip(outputs, renamed, strict=True) if old != new}
        self._warnings += [
            MSG_RENAMED.format(old=old, new=new, name=name) for old, new in self._renamed[key].items()
        ]
        return renamed

    def _runtime(self) -> tuple[str, str]:
        """What runs the result, with its version; or why nothing does."""
        wanted = self._wanted
        if not self._request.verify:
            return "", MSG_NOT_WANTED
        if not is_installed(wanted.runtime):
            return "", MSG_NO_RUNTIME.format(title=wanted.runtime_title, extra=wanted.extra)
        return f"{wanted.runtime_title} {version(wanted.runtime)}".strip(), ""

    def _expected(self, written: Written) -> list[proof.ExpectedCall]:
        # In a thread of its own: the main thread handles no signal while it is inside TensorFlow.
        return run_interruptibly(
            lambda: proof.expected_calls(self._subject, written, list(self._signatures), self._examples)
        )

    def _runner(self) -> Child:
        """The process that runs the result."""
        return Child(RUN, self._wanted.name, self._work / "runtime", self._wanted.runtime_title)

    def _compare(
        self, runner: Child, expected: Sequence[proof.ExpectedCall], models: Mapping[str, Path]
    ) -> tuple[ComparedCall, ...]:
        # In ONNX a file is a signature; in LiteRT it has signatures, by the names of the SavedModel.
        names = self._signatures if self._wanted.name == ONNX else dict(zip(models, models, strict=True))
        run = [call for call in expected if not isinstance(call.runs, str)]
        answers: list[Mapping[str, Any]] = []
        if run:
            runner.send(proof.request(run, models, self._work / "runtime" / "inputs"))
            try:
                answers = runner.wait(self._request.timeout)["calls"]
            except FailedConversionError as error:
                # The model was made all the same, and the report says what it does.
                answers = [{"failed": str(error)}] * len(run)
        compared = proof.compare(expected, answers, names, self._renamed)
        if self._wanted.name == TFLITE:
            summary, tags = self._subject.spec.summary(), self._subject.choice.serving
            for name in (self._signatures[call.call] for call in compared if proof.is_far(call)):
                selecting = precheck.ops_of(summary, tags, name, "NonMaxSuppression")
                self._warnings += [MSG_TIES.format(name=name, op=op) for op in selecting[:1]]
        return compared

    def _fail(self, jobs: Sequence[Mapping[str, Any]], errors: Mapping[int, str]) -> NoReturn:
        """Raises what the converter said, with the cut that would help if it named ops."""
        meta_graph = self._subject.spec.variant(self._subject.choice.serving).meta_graph
        ops = refused_nodes(errors.values(), meta_graph.graph_def)
        cause = FailedConversionError("\n".join(errors.values()))
        try:
            self._check(ops)
        except UnconvertibleError as refused:
            raise refused from cause
        number, error = next(iter(errors.items()))
        failed = [self._signatures[key] for key in jobs[number]["signatures"]]
        names = f"the {named('signature', failed, 3)}"
        done = [
            self._signatures[key]
            for position, job in enumerate(jobs)
            if position not in errors
            for key in job["signatures"]
        ]
        others = precheck.MSG_OTHERS.format(names=done) if done else ""
        if RESERVE in error:
            others = f"{MSG_LISTS}{others}"
        failure = FailedConversionError(
            MSG_FAILED.format(
                title=self._wanted.title, signatures=names, error=shortened(error), others=others
            )
        )
        failure.ops = tuple(sorted(ops))
        raise failure from cause

    def _weights(self) -> int | None:
        variables = self._subject.spec.variables_by_variant[self._subject.choice.serving]
        sizes = [variable.shape.num_elements() for variable in variables]
        if None in sizes:
            return None
        return sum(
            int(size * variable.dtype.base_dtype.size)
            for size, variable in zip(sizes, variables, strict=True)
        )
