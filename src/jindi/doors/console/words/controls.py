"""The console's words for the register of controls."""

from typing import Final

WORDS: Final = {
    # the controls
    "nav.controls": ("控制", "Controls"),
    "controls.title": ("控制登记", "Controls"),
    "controls.summary": (
        "{passed} 项成立，{failing} 项未成立，{excluded} 项不适用",
        "{passed} hold, {failing} fail, {excluded} do not apply",
    ),
    "controls.note": (
        "每项承诺由其检查证明；证据由检查自己产生，摘要写入日志。与日志不符、过期或无法检查者，一律算作未成立。",
        "Evidence is made by the checks alone, and the journal has its digest. What differs, or is overdue, fails.",
    ),
    "controls.empty": ("没有行业包声明控制。", "No pack declares a control."),
    "controls.show_failing": ("只看未成立", "Only those that fail"),
    "controls.show_all": ("全部显示", "Show all"),
    "controls.id": ("编号", "Id"),
    "controls.state": ("状态", "State"),
    "controls.promise": ("承诺", "What is promised"),
    "controls.owner": ("负责角色", "Owner"),
    "controls.severity": ("严重程度", "Severity"),
    "controls.found": ("检查于", "Checked"),
    "controls.mapping": ("对应关系", "Mapping"),
    "controls.risk": ("风险类别", "Risk"),
    "controls.measure": ("对应措施", "Measure"),
    "controls.by": ("由何实现", "Carried out by"),
    "controls.check": ("检查", "Check"),
    "controls.no_check": (
        "本版本没有这项检查，因此算作未成立。",
        "This version has no such check, so it counts as failing.",
    ),
    "controls.basis": ("依据", "Basis"),
    "controls.period": ("周期", "Period"),
    "controls.unchecked": (
        "（其中 {n} 项尚未检查，平台正逐项检查）",
        " ({n} not checked yet; the platform checks one after another)",
    ),
    "controls.due": ("下次 {at}", "due {at}"),
    "controls.result": ("最近结果", "Last result"),
    "controls.run": ("运行", "Run"),
    "controls.record": ("日志记录", "Record"),
    "controls.digest": ("证据摘要", "Evidence digest"),
    "controls.evidence": ("证据", "Evidence"),
    "controls.last_passed": ("上次成立", "Last held"),
    "controls.earlier": ("先前结果", "Earlier results"),
    "controls.never": ("尚未检查，因此算作未成立。", "It was never checked, so it counts as failing."),
    "controls.state.passed": ("成立", "holds"),
    "controls.state.failed": ("不成立", "fails"),
    "controls.state.could_not_run": ("无法检查", "could not run"),
    "controls.state.altered": ("结果被改动", "result altered"),
    "controls.state.overdue": ("过期", "overdue"),
    "controls.state.never": ("尚未检查", "never run"),
    "controls.state.excluded": ("不适用", "does not apply"),
}
