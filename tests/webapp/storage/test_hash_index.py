"""The multi-index finds exactly what a plain pass finds, and hands nothing to forked children."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from webapp.storage.hash_index import HashIndex, distances, rows_of


def flipped(rng, row, count):
    bits = np.unpackbits(row.view(np.uint8))
    bits[rng.choice(256, count, replace=False)] ^= 1
    return np.packbits(bits).view(np.uint64)


def plain(hashes, wanted, radius):
    return {
        (place, number, int(far))
        for number, one in enumerate(wanted)
        for place, far in enumerate(distances(hashes, one))
        if far <= radius
    }


@pytest.mark.parametrize("radius", [0, 15, 16, 31, 40])
@pytest.mark.parametrize("loose", [0, 300])
def test_it_finds_what_a_plain_pass_finds(radius, loose):
    rng = np.random.default_rng(radius)
    hashes = rows_of(rng.bytes(32 * 3000)).copy()
    for place in range(0, 3000, 10):  # some lie near each other
        hashes[place] = flipped(rng, hashes[place + 1], int(rng.integers(0, 60)))
    wanted = np.stack([flipped(rng, hashes[n], int(rng.integers(0, 45))) for n in range(200)])
    index = HashIndex(radius)
    ids = np.arange(10, 3010)
    built = 3000 - loose
    index.add(ids[:built], hashes[:built], ids[:built])
    index.build()
    index.add(ids[built:], hashes[built:], ids[built:])
    places, asked, far = index.search(wanted)
    found = set(zip(places.tolist(), asked.tolist(), far.tolist(), strict=True))
    assert found == plain(hashes, wanted, radius)
    assert found
    assert index.last == 3009


def test_an_empty_index_finds_nothing():
    index = HashIndex(31)
    assert [len(one) for one in index.search(rows_of(bytes(64)))] == [0, 0, 0]
    assert (len(index), index.last) == (0, 0)


def test_it_puts_what_is_new_into_the_tables_when_there_is_much_of_it():
    rng = np.random.default_rng(5)
    index = HashIndex(31)
    for start in range(0, 12_000, 1000):
        hashes = rows_of(rng.bytes(32_000))
        index.add(np.arange(start, start + 1000), hashes, np.zeros(1000, np.int64))
        places, _, far = index.search(hashes[:1])
        assert (index.ids[places].tolist(), far.tolist()) == ([start], [0])


def test_many_equal_hashes_are_all_found():
    index = HashIndex(31)
    index.add(np.arange(9000), np.zeros((9000, 4), np.uint64), np.zeros(9000, np.int64))
    assert len(index.search(np.zeros((1, 4), np.uint64))[0]) == 9000


@pytest.mark.skipif(
    not hasattr(__import__("mmap"), "MADV_DONTFORK"), reason="the system cannot keep memory from a child"
)
def test_a_forked_child_does_not_have_the_hashes():
    index = HashIndex(31)
    index.add(np.arange(5000), rows_of(os.urandom(160_000)), np.zeros(5000, np.int64))
    child = os.fork()
    if not child:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.close(2)
        int(index._hashes[0, 0])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGSEGV
