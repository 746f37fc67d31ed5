"""The check of who looks for malware in files that strangers sent."""

from datetime import UTC, datetime
from typing import Final

from jindi.basics.instants import DAY_US, format_instant
from jindi.ports import ScannerFailure
from jindi.run.controls.ground import Evidence, Ground, could_not_run, failed
from jindi.run.controls.registry import Asked, check

TEST_STRING: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" + b"$H+H*"
"""The harmless string that every scanner takes for malware (EICAR, eicar.org); in two pieces, so that none takes this
file for it."""

HARMLESS: Final = "转账记录 a letter of a customer".encode()
_DATED: Final = "%a %b %d %H:%M:%S %Y"
"""How clamd writes the date of its signatures, behind their number: `ClamAV 1.4.3/27500/Fri Nov 27 09:31:02 2026`."""


def signed_us(version: str) -> int | None:
    """When a scanner's signatures are from, as it says; None when it does not. The zone is taken for UTC: days count.

    >>> signed_us("ClamAV 1.4.3/27500/Fri Nov 27 09:31:02 2026"), signed_us("ClamAV 1.4.3")
    (1795771862000000, None)
    """
    parts = version.split("/")
    try:
        return int(datetime.strptime(parts[2], _DATED).replace(tzinfo=UTC).timestamp()) * 1_000_000
    except (IndexError, ValueError):
        return None


@check(
    "file_scanner",
    "现场一试：病毒扫描程序查出测试串，放过无害文本，特征库够新；无法扫描的文件不放行",
    "The scanner is tried: finds the test string, lets harmless text pass, has new signatures; unscanned is refused",
    days_max=7,
)
def file_scanner(ground: Ground, asked: Asked) -> Evidence:
    """C57. ASVS 5.0 5.4.3. `days_max` 0: it is not asked how old the signatures are."""
    unscanned = ground.settings.get("unscanned") or ("refuse" if ground.settings.get("scanner") else "take")
    evidence: Evidence = {"unscanned": unscanned, "scanner": ground.settings.get("scanner", "")}
    if ground.settings.get("vault") == "off":
        return evidence | {"files": "none: there is no vault to keep them in"}
    scanner = ground.scanner()
    if scanner is None:
        if unscanned == "refuse":
            return evidence | {"files": "none: all would have to be looked at, and there is no scanner"}
        raise failed(
            '没有病毒扫描程序检查案件文件：请运行 clamd 并设置 scanner；不用文件则设置 unscanned = "refuse"',
            "no virus scanner looks at files of cases: run clamd and name it (setting scanner), or take no files "
            '(unscanned = "refuse")', **evidence,
        )  # fmt: skip
    try:
        version = scanner.version()
        found, passed = scanner.scan(TEST_STRING), scanner.scan(HARMLESS)
    except ScannerFailure as failure:
        raise could_not_run(
            "病毒扫描程序不可用：请启动它，或改正设置 scanner",
            f"the scanner is not to be had, so start it or mend the setting: {failure}"[:400], **evidence,
        ) from None  # fmt: skip
    signed, now_us = signed_us(version), ground.clock.now_us()
    evidence |= {
        "version": version, "found": found, "harmless": passed,
        "signatures_of": None if signed is None else format_instant(signed),
    }  # fmt: skip
    if found is None:
        raise failed(
            "扫描程序没有查出 EICAR 测试串：它没有可用的特征库",
            "the scanner does not find EICAR's test string: it has no signatures that are worth anything", **evidence,
        )  # fmt: skip
    if passed is not None:
        raise failed(
            "扫描程序把无害文本当作恶意内容：请检查其特征库",
            "the scanner takes a harmless text for malware: look at its signatures", **evidence,
        )  # fmt: skip
    if unscanned != "refuse":
        raise failed(
            "扫描程序不可用时文件照样放行：请去掉设置 unscanned，或设为 refuse",
            "files pass while the scanner is away: leave the setting unscanned out, or make it refuse", **evidence,
        )  # fmt: skip
    days_max = asked.whole("days_max")
    if days_max and signed is None:
        raise failed(
            "扫描程序没有说明特征库的日期：请装上 ClamAV 官方特征库并由 freshclam 更新",
            "the scanner does not say how old its signatures are: give it ClamAV's own, kept up to date by freshclam",
            **evidence,
        )
    if days_max and signed is not None and now_us - signed > days_max * DAY_US:
        raise failed(
            f"特征库已超过 {days_max} 天：请检查 freshclam",
            f"its signatures are older than {days_max} days: look at freshclam", **evidence,
        )  # fmt: skip
    return evidence
