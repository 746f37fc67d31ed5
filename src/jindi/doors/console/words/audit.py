"""The console's words for the audit."""

from typing import Final

WORDS: Final = {
    # the audit
    "audit.title": ("审计", "Audit"),
    "audit.shown": ("显示 {n} 条", "{n} shown"),
    "audit.line": (
        "每项操作先写入日志，然后才执行；查看本页也会被记录。",
        "Every action is journalled before it is done; looking at this page is recorded, too.",
    ),
    "audit.who": ("操作人", "Who"),
    "audit.what": ("操作", "What"),
    "audit.on": ("对象", "On what"),
    "audit.since": ("起始日", "From"),
    "audit.until": ("截止日", "To"),
    "audit.outcome": ("结果", "Outcome"),
    "audit.from": ("来源", "From where"),
    "audit.request": ("请求编号", "Request"),
    "audit.record": ("记录号", "Record"),
    "audit.nobody": ("未知", "unknown"),
    "audit.allowed": ("允许", "Allowed"),
    "audit.refused": ("拒绝", "Refused"),
    "audit.empty": ("没有符合条件的操作。", "No action fits."),
    "audit.door.api": ("接口", "API"),
    "audit.door.console": ("控制台", "Console"),
    "audit.door.cli": ("命令行", "Command line"),
    "audit.place.loopback": ("本机", "this machine"),
    "audit.place.private": ("内网", "private network"),
    "audit.place.public": ("公网", "public network"),
    "audit.place.unknown": ("未知地址", "unknown address"),
}
