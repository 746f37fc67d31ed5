"""Checks of the machine that we run on: its clock, and who can read our files."""

import ctypes
import stat
from typing import Any, Final

from jindi.basics.instants import SECOND_US, format_instant
from jindi.run.archive import Archive
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check
from jindi.run.intake import AHEAD_MAX_US

TIME_ERROR: Final = 5
"""What the kernel answers when nothing keeps its clock (adjtimex(2))."""


_NO_KEY: Final = "key-origin"
"""The journal's own name lies beside the keys; it is no secret."""


class _Timeval(ctypes.Structure):
    _fields_ = (("sec", ctypes.c_long), ("usec", ctypes.c_long))


class _Timex(ctypes.Structure):
    """`struct timex` of Linux, as adjtimex(2) has it."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("constant", ctypes.c_long),
        ("precision", ctypes.c_long), ("tolerance", ctypes.c_long), ("time", _Timeval), ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long), ("jitter", ctypes.c_long), ("shift", ctypes.c_int), ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long), ("calcnt", ctypes.c_long), ("errcnt", ctypes.c_long), ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int), ("reserved", ctypes.c_int * 11),
    )  # fmt: skip


def kernel_clock() -> tuple[int, int, int]:
    """(state, greatest error in µs, estimated error in µs) of the kernel's clock. Raises OSError."""
    library: Any = ctypes.CDLL(None, use_errno=True)
    found = _Timex()
    state = int(library.adjtimex(ctypes.byref(found)))
    if state < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")
    return state, int(found.maxerror), int(found.esterror)


@check(
    "clock",
    "系统时钟由时间同步服务维持，误差不超过一秒；不落后于日志，也没有走到未来",
    "The machine's clock is kept by a time service to within a second, and lies neither behind the journal nor ahead",
    error_ms_max=1_000,
)
def clock(ground: Ground, asked: Asked) -> Evidence:
    """C45. PCI DSS 10.6; ASVS 5.0 16.2.2."""
    now_us = ground.clock.now_us()
    with ground.journal() as log:
        last = log.next_seq() - 1
        newest_us = Archive(log).record(last).received_us if last >= 0 else None
    evidence: Evidence = {
        "now": format_instant(now_us),
        "newest_record": None if newest_us is None else format_instant(newest_us),
    }
    if newest_us is not None and newest_us > now_us + AHEAD_MAX_US:
        raise failed(
            "系统时钟落后于日志的最新记录：请校准时钟；若属实，查明谁把它拨回",
            "the clock lies behind the journal's newest record: set it right, and find out who put it back", **evidence,
        )  # fmt: skip
    try:
        state, greatest_us, estimated_us = ground.kernel_clock()
    except (OSError, AttributeError):
        raise could_not_run(
            "内核不告知时钟状态", "the kernel does not tell how its clock is kept", **evidence
        ) from None
    evidence |= {"kept": state != TIME_ERROR, "error_ms_at_most": greatest_us // 1_000,
                 "error_ms_estimated": estimated_us // 1_000}  # fmt: skip
    if state == TIME_ERROR:
        raise failed(
            "系统时钟没有与任何时间源同步：请启用时间同步服务（chrony、systemd-timesyncd 等）；容器内由宿主机负责",
            "nothing keeps the machine's clock: turn on a time service (chrony, systemd-timesyncd …); in a container "
            "that is for the host to do", **evidence,
        )  # fmt: skip
    if greatest_us > asked.whole("error_ms_max") * SECOND_US // 1_000:
        raise failed(
            "系统时钟的误差过大：请检查时间同步服务及其时间源",
            "the clock may be too far off: look at the time service and its sources", **evidence,
        )  # fmt: skip
    return evidence


@check(
    "private_files",
    "数据目录与其中的文件只有所有者能读写；密钥文件权限为 0600",
    "The data folder and what lies in it is its owner's alone; key files are 0600",
)
def private_files(ground: Ground, _: Asked) -> Evidence:
    """ASVS 5.0 13.4, 14.2; GB/T 22239 8.1.4.2."""
    if not ground.data.is_dir():
        raise could_not_run("数据目录不存在", "there is no data folder")
    open_, writable, keys = [], [], 0
    mode = stat.S_IMODE(ground.data.stat().st_mode)
    for path in sorted(ground.data.rglob("*")):
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            continue
        name, bits = path.relative_to(ground.data).as_posix(), stat.S_IMODE(status.st_mode)
        is_key = name.startswith("keys/") or (path.name.startswith(("key-", "access-")) and path.name != _NO_KEY)
        keys += is_key
        if is_key and bits & 0o077:
            open_.append(f"{name}: {bits:04o}")
        if bits & 0o022:
            writable.append(f"{name}: {bits:04o}")
    evidence: Evidence = {
        "folder": f"{mode:04o}",
        "key_files": keys,
        "keys_open_to_others": open_,
        "writable_by_others": writable,
    }
    if mode & 0o077:
        raise failed("其他账户能进入数据目录", "other accounts of the machine can enter the data folder", **evidence)
    if open_ or writable:
        raise failed("有文件对其他账户开放", "files are open to other accounts of the machine", **evidence)
    if not keys:
        raise could_not_run("数据目录中还没有密钥文件", "there is no key file yet", **evidence)
    return evidence
