"""TensorFlow's start-up log stays out of notebooks; warnings do not."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import pytest

from hubexplore.hub.quiet_start import quiet_tensorflow

# What TensorFlow 2.16 to 2.21 write.
NOISE = b"""\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795388365.113699   21232 port.cc:153] oneDNN custom operations are on.
2026-01-31 10:00:00.123456: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.
E0000 00:00:1795388368.591621   21232 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error
2026-11-23 10:51:22.257760: E external/local_xla/xla/cuda_fft.cc:479] Unable to register cuFFT factory: twice
2026-11-23 10:51:23.536618: W tensorflow/py_utils.cc:38] TF-TRT Warning: Could not find TensorRT
W0000 00:00:1795388365.113699   21232 computation_placer.cc:177] computation placer already registered.
"""
NEWS = b"""\
W0000 00:00:1795388365.113699   21232 gpu.cc:1] The driver is too old.
2026-01-31 10:00:00.123456: E tensorflow/core/x.cc:1] Something failed.
Plain text of some library.
"""


@pytest.fixture(autouse=True)
def log_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)


def test_information_goes_and_news_stay(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_tensorflow():
        for noise, news in itertools.zip_longest(
            NOISE.splitlines(True), NEWS.splitlines(True), fillvalue=b""
        ):
            os.write(2, noise + news)
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == NEWS.decode()


def test_afterwards_stderr_is_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_tensorflow():
        pass
    os.write(2, NOISE)
    assert capfd.readouterr().err == NOISE.decode()


def test_if_the_start_fails_everything_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    def start() -> None:
        with quiet_tensorflow():
            os.write(2, NOISE)
            raise ImportError("no TensorFlow")

    with pytest.raises(ImportError):
        start()
    assert capfd.readouterr().err == NOISE.decode()


def test_who_asks_for_the_log_gets_it(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with quiet_tensorflow():
        os.write(2, NOISE)
        assert capfd.readouterr().err == NOISE.decode()


def test_later_information_stays_away_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with quiet_tensorflow():
        pass
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "1"
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    with quiet_tensorflow():
        pass
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "2"


def test_without_a_stderr_nothing_is_held_back() -> None:
    saved = os.dup(2)
    os.close(2)
    try:
        with quiet_tensorflow():
            reached = True
    finally:
        os.dup2(saved, 2)
        os.close(saved)
    assert reached


def test_where_commands_are_typed_a_name_of_the_package_brings_tensorflow_quietly() -> None:
    typed = (
        "import sys; sys.ps1 = '>>> '; import hubexplore; hubexplore.load; assert 'tensorflow' in sys.modules"
    )
    ran = subprocess.run([sys.executable, "-c", typed], capture_output=True, check=True)
    assert ran.stderr == b""


def test_the_names_of_the_package_start_no_devices() -> None:
    configured = (
        "import hubexplore\nfor name in hubexplore.__all__: getattr(hubexplore, name)\n"
        "import tensorflow as tf; (cpu,) = tf.config.list_physical_devices('CPU')\n"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)"
    )
    subprocess.run([sys.executable, "-c", configured], capture_output=True, check=True)
