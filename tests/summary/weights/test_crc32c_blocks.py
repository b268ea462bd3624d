"""The CRC of data in pieces, against the plain one and the published test vectors."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubexplore.summary.weights import crc32c
from hubexplore.summary.weights import crc32c_blocks as subject
from hubexplore.summary.weights.crc32c_blocks import Register

# RFC 3720, appendix B.4; unmasked.
VECTORS = {
    bytes(32): 0x8A9136AA,
    b"\xff" * 32: 0x62A8AB43,
    bytes(range(32)): 0x46DD794E,
    bytes(range(31, -1, -1)): 0x113FDB5C,
}
STATE = subject._STATE


def checksum(register: Register, data: bytes, piece: int) -> int:
    """The masked checksum of data that comes in pieces."""
    for start in range(0, len(data), piece):
        register.add(np.frombuffer(data[start : start + piece], np.uint8))
    return register.take()


@pytest.fixture(params=["folded", "compiled"])
def register(request: pytest.FixtureRequest) -> Register:
    if request.param == "folded":
        return subject.FoldedRegister()
    pytest.importorskip("crc32c")
    return subject.CompiledRegister()


def test_the_multiple_is_a_multiple() -> None:
    def power(exponent: int) -> int:
        value = subject._ONE
        for _ in range(exponent):
            value = value >> 1 ^ (crc32c.POLYNOMIAL if value & 1 else 0)
        return value

    total = power(subject._DEGREE) ^ power(0)
    for exponent in subject._MIDDLE:
        total ^= power(exponent)
    assert total == 0


@pytest.mark.parametrize(("data", "expected"), VECTORS.items(), ids=["zeros", "ones", "up", "down"])
def test_published_vectors(register: Register, data: bytes, expected: int) -> None:
    assert checksum(register, data, 16) == crc32c.finished(expected ^ 0xFFFFFFFF)


@pytest.mark.parametrize("size", [0, 1, 7, 6777, 6778, 54_216, STATE - 1, STATE, STATE + 1, 3 * STATE + 5])
@pytest.mark.parametrize("piece", [4096, subject._STEP, STATE, 1 << 18])
def test_every_regime_of_sizes(register: Register, size: int, piece: int) -> None:
    data = np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()
    assert checksum(register, data, piece) == crc32c.masked(data)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60_000), st.integers(1, 50_000))
def test_pieces_of_any_size(seed: int, size: int, piece: int) -> None:
    data = np.random.default_rng(seed).integers(0, 256, size, np.uint8).tobytes()
    begun = subject.FoldedRegister()
    for _ in range(2):  # it begins again
        assert checksum(begun, data, piece) == crc32c.masked(data)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_checksums_of_two_stretches_are_joined(first: bytes, second: bytes) -> None:
    joined = subject.joined(crc32c.masked(first), crc32c.masked(second), len(second))
    assert joined == crc32c.masked(first + second)


def test_one_flipped_bit_is_seen(register: Register) -> None:
    data = bytearray(np.random.default_rng(1).integers(0, 256, 2 * STATE, np.uint8).tobytes())
    before = checksum(register, bytes(data), 1 << 16)
    for position in (0, STATE, len(data) - 1):
        data[position] ^= 1
        assert checksum(register, bytes(data), 1 << 16) != before
        data[position] ^= 1


def test_the_processors_instruction_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    for compiled, kind in (
        (None, subject.FoldedRegister),
        (SimpleNamespace(hardware_based=False), subject.FoldedRegister),
        (SimpleNamespace(hardware_based=True), subject.CompiledRegister),
    ):
        monkeypatch.setattr(subject, "_compiled", compiled)
        assert isinstance(subject.new_register(), kind)
