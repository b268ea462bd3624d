"""`convert`: a module in the format of another runtime or library, with proof."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hubexplore.errors import ConversionError
from hubexplore.session.conversion import formats, placing
from hubexplore.session.conversion.child import CONVERT, Child
from hubexplore.session.conversion.request import INT8, QUANTIZATIONS, Request
from hubexplore.session.tf_startup import import_tensorflow
from hubexplore.summary.files.paths import EXPORT, to_write

if TYPE_CHECKING:
    import tensorflow as tf

    from hubexplore.session.conversion.report import ConversionReport
    from hubexplore.session.export.report import ExportReport
    from hubexplore.session.export.save_report import SaveReport

_MOST_SECONDS: Final = 7 * 24 * 3600.0

MSG_QUANTIZE: Final = "quantize= is one of {names}; got {found!r}."
MSG_NOT_HERE: Final = "{argument}= belongs to {formats}, but the format is {name!r}."
MSG_TIMEOUT: Final = "timeout= is a number of seconds above 0, at most a week; got {found!r}."


def convert(
    module: Any,
    path: str | os.PathLike[str],
    to: str | None = None,
    *,
    signature: str | Sequence[str] | None = None,
    tags: Iterable[str] | None = None,
    session: tf.compat.v1.Session | None = None,
    quantize: str | None = None,
    data: Any = None,
    verify: bool = True,
    timeout: float = 600.0,
    overwrite: bool = False,
    trust: bool = False,
) -> ConversionReport | SaveReport | ExportReport:
    """Writes a module in the format of another runtime or library, and compares what was written with it.

    ```python
    hub.convert("/path/to/module", "model.onnx")
    hub.convert("/path/to/module", "model.tflite", quantize="dynamic")
    hub.convert("/path/to/module", "weights.safetensors")
    ```

    | `to` | what is written | needs |
    | --- | --- | --- |
    | `"onnx"` | for ONNX Runtime, by tf2onnx | `pip install 'hubexplore[onnx]'` |
    | `"tflite"` | for LiteRT, by TensorFlow's converter | `pip install 'hubexplore[litert]'`, to compare |
    | `"safetensors"` | the variables, and a JSON file about them | `pip install 'hubexplore[safetensors]'` |
    | `"npz"` | the same for NumPy | |
    | `"saved-model"` | see `hub.save` | |
    | `"hub"` | a TF1 Hub module | |

    A path that ends in `.onnx`, `.tflite`, `.safetensors` or `.npz` is a file; any other is a directory for
    files. A file of ONNX holds one signature, and a directory gets one file for each. A file of LiteRT holds
    all of them, named as in a TF2 SavedModel: `default` is `serving_default`. Inputs and outputs keep their
    names.

    A process of its own converts, and another one runs what it wrote. Each signature is compared on examples
    that are made for it; outputs that differ between two runs of the module itself are not.

    Args:
      module: a handle, a ModuleSpec, a `hub.Module` in a graph, or what `hub.load` returns. Values of
        variables are those of the session or object.
      path: of the file or directory to write, on this machine. Nothing is there before it is complete.
      to: the format; None if the path says it.
      signature: name, or names, of the signatures that are converted; all by default.
      tags: of the graph variant; None means no tags, or the only variant there is.
      session: of a `hub.Module`; by default the default session.
      quantize: of LiteRT: `"dynamic"` (weights as 8-bit integers), `"float16"` (weights as such) or `"int8"`
        (all numbers inside of the model as 8-bit integers).
      data: examples of inputs that `"int8"` chooses its scales by. A dict of arrays whose first dimension is
        that of the examples; the array, if there is one input; or an iterable of dicts, one for each call.
      verify: run what was written, and compare.
      timeout: seconds that the converter may take, and what runs the result.
      overwrite: replace files of this format that are there.
      trust: run it even if it can touch things outside of itself, such as files. That is remembered for its
        content, in the user's settings.

    Returns:
      A ConversionReport (of `"saved-model"` a SaveReport, of `"hub"` an ExportReport), which is also a path:
      what was written, and the largest difference of each output.

    Raises:
      ConversionError: (a ValueError) an argument that the format does not have.
      MissingConverterError: (an ImportError and ValueError) a package is missing; the message has the
        command.
      UnconvertibleError: (a ValueError) ops that the format lacks; the message names each, and where to cut.
      FailedConversionError: (a RuntimeError and ValueError) the converter failed or took too long. Nothing
        was written.
      ExportExistsError: (a FileExistsError) something is at `path`.
      UntrustedModuleError: (a ValueError) converting would run a module that can touch things outside of
        itself.
    """
    return carry_out(
        Request(
            lambda: (module, tags),
            path,
            to,
            signature,
            session,
            quantize,
            data,
            verify,
            timeout,
            overwrite,
            trust,
        )
    )


def carry_out(request: Request) -> ConversionReport | SaveReport | ExportReport:
    """Does what `convert` does, and raises the same."""
    is_directory = request.to in (formats.SAVED_MODEL, formats.HUB)
    path = to_write(request.path, EXPORT) if is_directory else placing.target_of(request.path)
    wanted = formats.format_of(request.to, path)
    _check(wanted, request)
    formats.require_converter(wanted)
    if is_directory:
        return _directory(request, path, wanted)
    placing.check(path, [wanted.suffix, *wanted.beside], request.overwrite)
    if wanted.is_weights:
        from hubexplore.session.conversion.weights import write_weights

        return write_weights(request, path, wanted)
    # It imports its converter while TensorFlow is imported here, and while its request is made.
    with (
        tempfile.TemporaryDirectory(prefix="hubexplore-") as work,
        Child(CONVERT, wanted.name, Path(work, "converter"), f"The converter of {wanted.title}") as converter,
    ):
        import_tensorflow()
        from hubexplore.session.conversion.programs import ProgramConversion

        return ProgramConversion(request, path, wanted, Path(work), converter).run()


def _directory(request: Request, path: str, wanted: formats.Format) -> SaveReport | ExportReport:
    import_tensorflow()
    from hubexplore.hub.danger_check import require_trust
    from hubexplore.hub.loading import open_spec

    module, tags = request.load()
    if isinstance(module, (str, bytes, os.PathLike)):
        module = open_spec(module)
    if request.verify or wanted.name == formats.HUB:
        spec = getattr(module, "spec", module)
        require_trust(spec, trust=request.trust, remedy=request.remedy)
    if wanted.name == formats.HUB:
        from hubexplore.session.conversion.hub_module import write_hub_module

        return write_hub_module(module, path, request.session, tags, request.overwrite, request.verify)
    from hubexplore.session.export.save import save

    return save(
        module, path, session=request.session, tags=tags, version=request.version,
        overwrite=request.overwrite, verify=request.verify,
    )  # fmt: skip


def _check(wanted: formats.Format, request: Request) -> None:
    programs = " and ".join(repr(one.name) for one in formats.FORMATS.values() if one.is_program)
    for argument, value, belongs, is_right in (
        ("signature", request.signature, programs, wanted.is_program),
        ("quantize", request.quantize, repr(formats.TFLITE), wanted.name == formats.TFLITE),
        ("data", request.data, f"quantize={INT8!r}", request.quantize == INT8),
    ):
        if value is not None and not is_right:
            raise ConversionError(MSG_NOT_HERE.format(argument=argument, formats=belongs, name=wanted.name))
    if request.quantize is not None and request.quantize not in QUANTIZATIONS:
        names = ", ".join(map(repr, QUANTIZATIONS))
        raise ConversionError(MSG_QUANTIZE.format(names=names, found=request.quantize))
    timeout: Any = request.timeout
    is_number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if not is_number or not 0 < timeout <= _MOST_SECONDS:
        raise ConversionError(MSG_TIMEOUT.format(found=timeout))
