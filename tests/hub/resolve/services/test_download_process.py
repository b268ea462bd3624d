"""The process in which kagglehub and huggingface_hub fetch: its limits, its end, and what it is told."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tqdm import tqdm

from hubexplore import errors
from hubexplore.hub.resolve import resolve
from tests.hub.resolve.conftest import Archives

if TYPE_CHECKING:
    from tests.hub.resolve.services.conftest import Service

KAGGLE = "kaggle:google/nnlm/tensorFlow1/en-dim128/1"
HUGGING_FACE = "hf:owner/name"
DATA = "variables/variables.data-00000-of-00001"
LIMIT = 2 << 20
TOO_LARGE = r"(MB|kB) or more; the limit is 2\.0 MB.*HUBEXPLORE_MAX_SIZE"
FEW_SECONDS = 60


@pytest.fixture(autouse=True)
def both(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kaggle and Hugging Face are the server, which sends content from another address."""
    monkeypatch.setenv("TEST_KAGGLE", service.url)
    monkeypatch.setenv("HF_ENDPOINT", service.url)
    service.elsewhere = service.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEXPLORE_MAX_SIZE", "2MB")


@pytest.fixture(autouse=True)
def caches(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the caches of both packages."""
    # Imported by another test, it has read the home of whoever runs the tests.
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / ".cache" / "huggingface" / "hub"))
    return home / ".cache"


def _used(folder: Path) -> int:
    used = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                used += Path(place, name).lstat().st_size
    return used


@contextlib.contextmanager
def _peak(folder: Path) -> Iterator[list[int]]:
    """The most bytes that were in a folder at any time during the block, as the only item."""
    most = [0]
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.002):
            most[0] = max(most[0], _used(folder))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def _models(caches: Path) -> list[Path]:
    """What is in the caches of the packages."""
    return [*caches.glob("kagglehub/models/*"), *caches.glob("huggingface/hub/models--*")]


def _is_over(number: int) -> bool:
    """Whether a process has ended, waited for or not."""
    try:
        return Path("/proc", str(number), "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + FEW_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("handle", [KAGGLE, HUGGING_FACE])
def test_a_body_without_end_is_stopped_near_the_limit(
    handle: str, service: Service, caches: Path, small_limit: None
) -> None:
    service.fail(f"/storage/{DATA}", endless=True)
    with _peak(caches) as peak, pytest.raises(errors.DownloadError, match=TOO_LARGE):
        resolve(handle)
    assert peak[0] < 2 * LIMIT
    assert _models(caches) == []
    # In the same process, with the same locks.
    with tqdm(total=1, file=io.StringIO()) as bar:
        bar.update()
    service.faults.clear()
    assert Path(resolve(handle), DATA).read_bytes() == service.files[DATA]


def _zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


_PACK = [_zipped, Archives.tar_gz]


@pytest.mark.parametrize("pack", _PACK)
@pytest.mark.parametrize("members", [1, 40])
def test_an_archive_that_unpacks_to_more_than_the_limit(
    members: int, pack: Callable[..., bytes], service: Service, caches: Path, small_limit: None
) -> None:
    zeros = {f"{number}.bin": bytes((40 << 20) // members) for number in range(members)}
    service.archive = pack(zeros)
    with _peak(caches) as peak, pytest.raises(errors.DownloadError, match=TOO_LARGE):
        resolve(KAGGLE)
    assert peak[0] < (2 * LIMIT if members == 1 else 40 << 20)
    assert _models(caches) == []
    service.archive = pack(service.files)
    assert Path(resolve(KAGGLE), DATA).read_bytes() == service.files[DATA]


@pytest.mark.parametrize("name", ["../../../outside.bin", "link.bin"])
def test_an_archive_with_a_member_that_leads_out(name: str, service: Service, caches: Path) -> None:
    member = tarfile.TarInfo(name)
    if name == "link.bin":
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        archive.addfile(member)
    service.archive = target.getvalue()
    with pytest.raises(errors.DownloadError, match=name.rpartition("/")[2]):
        resolve(KAGGLE)
    assert not [*caches.parent.rglob(name.rpartition("/")[2])]


def test_an_archive_of_too_many_files(
    service: Service, caches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBEXPLORE_MAX_FILES", "50")
    service.archive = _zipped({f"{number}.bin": b"x" for number in range(3000)})
    with pytest.raises(errors.DownloadError, match="it has more than 50 files; the limit is 50"):
        resolve(KAGGLE)
    assert _models(caches) == []


def test_a_length_that_kaggle_announces_is_refused_at_once(service: Service, caches: Path) -> None:
    service.fail(f"/storage/{DATA}", length=17 << 30)
    with pytest.raises(errors.DownloadError, match=r"it has 17\.0 GB or more; the limit is 16\.0 GB"):
        resolve(KAGGLE)
    assert _models(caches) == []


def test_what_was_there_before_stays_at_a_limit(
    service: Service, caches: Path, put: Callable[..., Path], small_limit: None
) -> None:
    folder = caches / "kagglehub" / "models" / "google" / "nnlm" / "tensorFlow1"
    kept = [put(folder / "en-dim128" / "7"), put(folder / "other" / "1")]
    service.fail(f"/storage/{DATA}", endless=True)
    with pytest.raises(errors.DownloadError, match=TOO_LARGE):
        resolve(KAGGLE)
    assert {file.parent for file in folder.rglob("saved_model.pb")} == set(kept)
    assert not (folder / "en-dim128" / "1").exists()


@pytest.mark.parametrize("name", ["../../../../../outside.txt", "{home}/outside.txt"])
def test_a_file_is_not_written_elsewhere(name: str, service: Service, home: Path) -> None:
    service.files[name.format(home=home)] = b"x"
    with pytest.raises(errors.DownloadError, match="is outside of the folder for the model"):
        resolve(KAGGLE)
    assert list(home.rglob("outside.txt")) == []


PROGRAM = """
from hubexplore.hub.resolve import resolve
try:
    print(resolve({handle!r}))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("handle", [KAGGLE, HUGGING_FACE])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_the_process_that_started_it(
    handle: str,
    number: signal.Signals,
    service: Service,
    caches: Path,
    notes: Callable[[str], list[str]],
) -> None:
    service.fail(f"/storage/{DATA}", cut=1000, hangs=True)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(handle=handle)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            _wait_until(lambda: f"/storage/{DATA}" in service.paths())
            process.send_signal(number)
            said, _ = process.communicate(timeout=FEW_SECONDS)
        finally:
            process.kill()
    assert said == ("interrupted\n" if number == signal.SIGINT else "")
    (started,) = notes("started")
    _wait_until(lambda: _is_over(int(started)))
    # What has arrived stays, to be continued.
    assert _models(caches) != []
    service.faults.clear()
    assert Path(resolve(handle), DATA).read_bytes() == service.files[DATA]


FORKING = """
import os, threading, time, warnings
from hubexplore.hub.resolve import resolve
threading.Thread(target=resolve, args=({handle!r},), daemon=True).start()
input()
warnings.simplefilter("ignore")  # of threads, which this copy does not use
number = os.fork()
if number:
    print(number, flush=True)
time.sleep(600)
"""


def test_it_ends_even_if_a_copy_of_its_parent_lives_on(
    service: Service, caches: Path, notes: Callable[[str], list[str]]
) -> None:
    """The copy keeps the pipe open by which it would see the end."""
    service.fail(f"/storage/{DATA}", cut=1000, hangs=True)
    command = [sys.executable, "-c", FORKING.format(handle=KAGGLE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        _wait_until(lambda: f"/storage/{DATA}" in service.paths())
        process.stdin.write("\n")
        process.stdin.flush()
        copy = int(process.stdout.readline())
        try:
            process.kill()
            process.wait()
            (started,) = notes("started")
            _wait_until(lambda: _is_over(int(started)))
        finally:
            os.kill(copy, signal.SIGKILL)


def test_two_processes_fetch_once(service: Service, notes: Callable[[str], list[str]]) -> None:
    command = [sys.executable, "-c", PROGRAM.format(handle=KAGGLE)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as one,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other,
    ):
        assert one.communicate(timeout=FEW_SECONDS) == other.communicate(timeout=FEW_SECONDS)
    assert (one.returncode, other.returncode) == (0, 0)
    assert service.paths().count(f"/storage/{DATA}") == 1
    assert len(notes("started")) == 1


def test_nothing_is_printed_or_imported_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TQDM_DISABLE", "1")  # On a slow machine this takes long enough for a bar.
    code = (
        "import sys; from hubexplore.hub.resolve import resolve\n"
        f"resolve({KAGGLE!r})\n"
        "assert not {'kagglehub', 'kagglesdk', 'huggingface_hub', 'tensorflow'} & set(sys.modules)\n"
        f"resolve({HUGGING_FACE!r})\n"
        "assert not {'kagglehub', 'kagglesdk', 'huggingface_hub', 'tensorflow'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("handle", "total"), [(KAGGLE, None), (HUGGING_FACE, 5000 + 5 + 4 + 2 + 5)])
def test_progress_is_shown(
    handle: str, total: int | None, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars: list[Bar] = []

    class Bar(tqdm):  # type: ignore[type-arg]
        def __init__(self, **options: Any) -> None:
            super().__init__(**{**options, "file": io.StringIO(), "delay": 0})
            assert options["delay"] == 1
            bars.append(self)

    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    resolve(handle)
    assert "Downloading" in bars[-1].desc
    assert bars[-1].total == total
    assert bars[-1].n >= sum(map(len, service.files.values()))


def test_what_a_package_says_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLEHUB_VERBOSITY", "info")
    resolve(KAGGLE)
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{DATA}..." in said.err


@pytest.mark.parametrize(
    ("sign_in", "sent"),
    [
        ("set_kaggle_credentials('me', 'secret')", "Basic bWU6c2VjcmV0"),
        ("set_kaggle_api_token('secret')", "Bearer secret"),
    ],
)
def test_a_sign_in_of_this_process(
    sign_in: str,
    sent: str,
    service: Service,
    notes: Callable[[str], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It goes before the one of the environment, as in kagglehub."""
    for variable in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.setenv(variable, "other")
    code = (
        f"import kagglehub.config; kagglehub.config.{sign_in}\n"
        f"from hubexplore.hub.resolve import resolve; resolve({KAGGLE!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    asked = [request for request in service.requests if request.path.startswith("/v1/")]
    assert {request.headers["Authorization"] for request in asked} == {sent}
    assert "secret" not in notes("command")[0]


COLAB = """
import sys, types
colab = sys.modules["google.colab"] = types.ModuleType("google.colab")
colab.userdata = types.SimpleNamespace(get=lambda name: f"secret of {name}")
colab.errors = sys.modules["google.colab.errors"] = types.ModuleType("google.colab.errors")
colab.errors.Error = RuntimeError
for name in ("NotebookAccessError", "SecretNotFoundError"):
    setattr(colab.userdata, name, LookupError)
import kagglehub.env, huggingface_hub.utils._runtime
kagglehub.env._is_google_colab = huggingface_hub.utils._runtime._is_google_colab = True
from hubexplore.hub.resolve import resolve
print(resolve({handle!r}))
"""


@pytest.mark.parametrize(("handle", "secret"), [(KAGGLE, "KAGGLE_API_TOKEN"), (HUGGING_FACE, "HF_TOKEN")])
def test_secrets_of_colab(handle: str, secret: str, service: Service) -> None:
    """Only the kernel can read them."""
    subprocess.run([sys.executable, "-c", COLAB.replace("{handle!r}", repr(handle))], check=True)
    sent = [{name.lower(): value for name, value in one.headers.items()} for one in service.requests]
    assert f"Bearer secret of {secret}" in {headers.get("authorization") for headers in sent}


@pytest.mark.parametrize(
    "variables",
    [
        {
            "KAGGLE_KERNEL_RUN_TYPE": "Interactive",
            "KAGGLE_DATA_PROXY_URL": "{url}",
            "KAGGLE_USER_SECRETS_TOKEN": "secret",
            "KAGGLE_DATA_PROXY_TOKEN": "secret",
            "KAGGLE_CACHE_MOUNT_FOLDER": "{folder}",
        },
        {"TBE_RUNTIME_ADDR": "{host}", "COLAB_CACHE_MOUNT_FOLDER": "{folder}"},
    ],
    ids=["Kaggle", "Colab"],
)
def test_notebooks_that_mount_models(
    variables: dict[str, str],
    service: Service,
    put: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = {"url": service.url, "host": service.url.removeprefix("http://"), "folder": tmp_path / "input"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format_map(places))
    service.mounted = "nnlm"
    mounted = put(tmp_path / "input" / "nnlm")
    assert resolve(KAGGLE) == str(mounted)
    assert not any(path.startswith("/storage/") for path in service.paths())


def test_a_process_that_ends_by_itself(caches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_END", str(int(signal.SIGKILL)))
    with pytest.raises(errors.DownloadError, match="the process that fetches it has ended with SIGKILL"):
        resolve(KAGGLE)
    monkeypatch.setattr(sys, "executable", str(caches / "none"))
    with pytest.raises(errors.DownloadError, match="the process that fetches it cannot be started"):
        resolve(KAGGLE)
