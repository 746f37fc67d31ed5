"""The console's words for what every table has: filters, kept filters, pages, files."""

from typing import Final

WORDS: Final = {
    "days.since": ("起始日", "From"),
    "days.until": ("截止日", "To"),
    "days.since.opened": ("开立起始日", "Opened from"),
    "table.text": ("包含文字", "Contains"),
    "table.none": ("没有符合筛选条件的记录。", "Nothing fits the filter."),
    "table.looked": (
        "只查看了最新的 {n} 条；更早的不在本表和导出文件中。",
        "Only the newest {n} were looked at; older ones are neither in this table nor in its files.",
    ),
    "table.sorted": (
        "只对符合条件的最新 {n} 条排序；更早的请翻到下一段，或缩小筛选范围。",
        "Of what fits, the newest {n} are sorted; older ones are one step further back, or narrow the filter.",
    ),
    "table.export.title": (
        "导出当前筛选与排序下的全部行；导出会记入审计",
        "All rows of this view, in this order; that they are taken away is in the audit",
    ),
    "table.export.too_many": (
        "共 {n} 行，一人单独导出至多 {most} 行。请缩小筛选范围。",
        "{n} rows; one person takes away {most} at the most. Narrow the filter.",
    ),
    "paper.title": (
        "由服务器生成的 PDF；下载会连同摘要记入审计",
        "A PDF made by the server; that it is taken is in the audit, with its digest",
    ),
    "paper.state": (
        "案件版本 {version}；供 {who} 查看，个人信息按其权限遮蔽",
        "Version {version} of the case; for {who}, masked as he may see it",
    ),
    "policies.policy": ("策略", "Policy"),
    "policies.versions": ("全部版本", "All versions"),
    "policies.versions.count": ("{n} 个", "{n} in all"),
    "table.back": ("返回列表", "Back to the table"),
    "kept.title": ("已存筛选", "Kept filters"),
    "kept.keep": ("保存筛选", "Keep this filter"),
    "kept.name": ("名称", "Name"),
    "kept.shared": ("对所有可查看本表的人可见", "for all who may read this table"),
    "kept.for_all": ("已共享", "shared"),
    "kept.by": ("{who} 共享", "shared by {who}"),
    "kept.forget": ("删除 {name}", "Forget {name}"),
    "kept.rename": ("重命名“{name}”", "Rename “{name}”"),
    "kept.rename.do": ("重命名", "Rename"),
    "kept.done": ("筛选已保存。", "The filter is kept."),
    "kept.forgotten": ("筛选已删除。", "The filter is forgotten."),
    "kept.renamed": ("筛选已重命名。", "The filter has its new name."),
    "kept.no_name": ("请给筛选起个名字。", "Give the filter a name."),
    "kept.name_too_long": ("名称过长（至多 40 字）。", "The name is too long: 40 characters at the most."),
    "kept.name_taken": ("您已有同名的筛选。", "You have a filter of that name."),
    "kept.personal": (
        "筛选条件或名称含有个人号码，未保存。",
        "The filter or its name holds somebody's number: it is not kept.",
    ),
    "kept.too_many": ("已存筛选过多（每张表至多 50 个）。", "There are 50 kept filters of this table already."),
    "kept.not_there": ("没有这个筛选。", "There is no such filter."),
}
