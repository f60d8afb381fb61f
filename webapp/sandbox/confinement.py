"""What a disposable child gives up before it touches an untrusted file, for good: called once, in the child.

Several walls stand one behind the other, each by itself enough for what it closes; which of them stand depends on the
machine, and :func:`webapp.sandbox.child.isolation` finds out by trying to break through.

- a user, network and IPC namespace of its own, and as root an empty folder that has no name any more (``chroot``);
- Landlock: the kernel opens no path, binds and connects no port, signals nobody outside;
- seccomp: no process, no program, no socket, no signal to others, none of the kernel's rarely used system calls;
- limits (``setrlimit``): memory, processor time, size of files, processes.

The second and third need no privilege: they stand inside containers too, where namespaces are usually not permitted.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC, _CLONE_THREAD = 0x10000000, 0x40000000, 0x08000000, 0x00010000
_NOBODY = 65534
_MANY = 4096  # processes and threads of a user who may have others running
_FEW = 512  # where the child is counted alone: its threads

NAMESPACES, EMPTY_ROOT, LANDLOCK, SECCOMP = "namespaces", "empty root", "Landlock", "seccomp"
"""Names of the walls."""


@dataclass(frozen=True)
class ChildLimits:
    """What a child may use."""

    seconds: float
    memory: int
    """Bytes it may allocate on top of what the parent holds."""
    file: int = 0
    """How large a file it was handed may grow."""
    network: bool = False
    """Whether it keeps the network, and may read (never write) libraries and the system's configuration: for a child
    that opens no untrusted file."""


def confine(limits: ChildLimits, parent: int, keep: set[int]) -> list[str]:
    """Give everything up; return the walls that stand now.

    Parameters
    ----------
    parent
        Its process: the child dies with it.
    keep
        Descriptors that stay open beside the standard three.
    """
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(5)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # short of memory, the kernel ends this process first
    data = _data_size() + limits.memory
    walls = _unshare(limits)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # after the change of user, which takes it back
    if os.getppid() != parent:
        os._exit(70)  # the parent died before the death signal was set
    _close_all_but({0, 1, 2, *keep})
    _limit(
        {
            resource.RLIMIT_CPU: int(limits.seconds * (os.cpu_count() or 1)) + 1,
            resource.RLIMIT_DATA: data,
            resource.RLIMIT_FSIZE: limits.file,
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_NPROC: _FEW if NAMESPACES in walls else _MANY,
        }
    )
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if landlock(_libraries() if limits.network else (), network=limits.network):
        walls.append(LANDLOCK)
    if seccomp(network=limits.network):
        walls.append(SECCOMP)
    return walls


@cache
def empty_folder() -> int | None:
    """A descriptor of a folder without a name: nothing is in it and nothing can be made there. The parent opens it."""
    with contextlib.suppress(OSError):
        path = tempfile.mkdtemp(prefix="ai-media-detector-")
        try:
            Path(path).chmod(0o711)  # a child that has become nobody must get into it
            return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        finally:
            Path(path).rmdir()
    return None


def _unshare(limits: ChildLimits) -> list[str]:
    """Leave the network, the user and the file system, as far as this is permitted; return the walls."""
    is_root = os.geteuid() == 0
    spaces = _CLONE_NEWIPC | (0 if limits.network else _CLONE_NEWNET)
    if is_root:
        away = _libc.unshare(spaces) == 0 or _libc.unshare(spaces | _CLONE_NEWUSER) == 0
    else:
        away = _libc.unshare(spaces | _CLONE_NEWUSER) == 0
    walls = [NAMESPACES] if away else []
    if not limits.network and _chroot_to_empty_dir():
        walls.append(EMPTY_ROOT)
    if is_root and not limits.network:  # who fetches must reach libraries that may lie in root's own folder
        with contextlib.suppress(OSError):  # in a user namespace that knows no other user
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    _drop_capabilities()
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # no other process of this user looks into it
    return walls


def _chroot_to_empty_dir() -> bool:
    folder = empty_folder()
    if folder is None:
        return False
    try:
        os.fchdir(folder)
        os.chroot(".")
    except OSError:
        return False
    return True


def _drop_capabilities() -> None:
    """Those that a namespace of one's own, or root, had given: with them one could leave the empty folder again."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _libc.capset(header, (ctypes.c_uint32 * 6)())


def _limit(most: dict[int, int]) -> None:
    for what, wanted in most.items():
        _, hard = resource.getrlimit(what)
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(what, (limit, limit))


def _close_all_but(keep: set[int]) -> None:
    first = 0
    for number in [*sorted(keep), 1 << 20]:
        if number > first:  # an empty range would close everything (the kernel reads its end as unsigned)
            os.closerange(first, number)
        first = number + 1


def _data_size() -> int:
    """Bytes of private writable memory this process has (``data`` in /proc/self/statm), as RLIMIT_DATA counts them."""
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 -- a kernel file, read in one line
        return int(statm.read().split()[5]) * resource.getpagesize()


_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_READ = 0b1100  # files and folders
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15}  # kinds of access each version knows; 16 since version 5


def landlock(readable: Iterable[str] = (), *, network: bool = False) -> bool:
    """Open no path any more but to read below ``readable``; whether the kernel does that."""
    version = _libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    rules = (ctypes.c_uint64 * 3)((1 << _FS_BITS.get(version, 16)) - 1, 0 if network else 0b11, 0b11)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _libc.syscall(_CREATE_RULESET, rules, size, 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _permit(ruleset, path)
        return bool(_libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _permit(ruleset: int, path: str) -> None:
    with contextlib.suppress(FileNotFoundError, PermissionError):
        below = os.open(path, os.O_PATH | os.O_CLOEXEC)
        access = _READ if Path(path).is_dir() else 0b100
        rule = access.to_bytes(8, sys.byteorder) + below.to_bytes(4, sys.byteorder)
        _libc.syscall(_ADD_RULE, ruleset, 1, rule, 0)
        os.close(below)


def _libraries() -> list[str]:
    """What a child that fetches, or that rehearses, has to read."""
    code = Path(__file__).parents[2]
    installed = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    names = "resolv.conf hosts nsswitch.conf gai.conf host.conf services ssl pki ca-certificates ld.so.cache localtime"
    return [
        *(f"/etc/{name}" for name in names.split()),
        *("/usr", "/lib", "/lib64", "/run/systemd/resolve", "/dev/urandom", "/dev/null"),
        *dict.fromkeys(installed),
        f"{sys.base_prefix}/lib",
        f"{code}/analysis",
        f"{code}/webapp",
    ]


_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NOT_EQUAL, _MASKED_EQUAL = 1, 7
_PROCESSES = (
    "fork vfork execve execveat setns unshare ptrace process_vm_readv process_vm_writev kcmp tkill rt_sigqueueinfo"
)
_SIGNALS = "rt_tgsigqueueinfo pidfd_open pidfd_getfd pidfd_send_signal process_madvise process_mrelease"
_FILES = (
    "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr "
    "open_by_handle_at name_to_handle_at fanotify_init"
)
_KERNEL = (
    "bpf perf_event_open io_uring_setup io_uring_enter io_uring_register userfaultfd keyctl add_key request_key "
    "init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff quotactl acct "
    "syslog personality iopl ioperm lookup_dcookie memfd_secret vmsplice"
)
_SOCKETS = "socket socketpair"


class _Comparison(ctypes.Structure):
    """``struct scmp_arg_cmp``: which argument of a call is compared how, with what."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


@cache
def _libseccomp() -> ctypes.CDLL | None:
    """Libseccomp, which Debian always has (apt needs it); loaded by the parent."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Comparison)
    ]  # fmt: skip
    return library


def prepare() -> None:
    """In the parent, once: open and load what children need for giving everything else up."""
    empty_folder()
    _libseccomp()


def seccomp(*, network: bool = False) -> bool:
    """Let the kernel refuse (``EPERM``) what no analysis calls; whether it does."""
    library = _libseccomp()
    filters = library.seccomp_init(_ALLOW) if library else None
    if library is None or not filters:
        return False
    refused = f"{_PROCESSES} {_SIGNALS} {_FILES} {_KERNEL} {'' if network else _SOCKETS}".split()
    rules: list[tuple[str, int, _Comparison | None]] = [(name, errno.EPERM, None) for name in refused]
    own = os.getpid()
    rules += [
        ("clone", errno.EPERM, _Comparison(0, _MASKED_EQUAL, _CLONE_THREAD, 0)),  # threads may be started
        ("clone3", errno.ENOSYS, None),  # its flags lie in memory; the C library falls back to clone
        ("kill", errno.EPERM, _Comparison(0, _NOT_EQUAL, own)),
        ("tgkill", errno.EPERM, _Comparison(0, _NOT_EQUAL, own)),
        ("prlimit64", errno.EPERM, _Comparison(0, _NOT_EQUAL, 0)),
    ]
    for name, code, only_if in rules:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # else this architecture does not have it
            given = ctypes.byref(only_if) if only_if is not None else None
            library.seccomp_rule_add_array(filters, _ERRNO | code, number, int(only_if is not None), given)
    return bool(library.seccomp_load(filters) == 0)
