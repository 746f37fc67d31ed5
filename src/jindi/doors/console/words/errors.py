"""The console's words for what went wrong."""

from typing import Final

WORDS: Final = {
    # errors
    "error.title.400": ("请求有误", "That request makes no sense"),
    "error.title.403": ("没有权限", "Not permitted"),
    "error.title.404": ("没有这个页面", "Nothing here"),
    "error.title.405": ("不支持的请求方式", "That can't be done here"),
    "error.title.410": ("已失效", "This has ended"),
    "error.title.409": ("不能重复提交", "Not a second time"),
    "error.title.413": ("内容过大", "Too large"),
    "error.title.415": ("不支持的内容类型", "Not a form"),
    "error.title.429": ("请求过于频繁", "Too many tries"),
    "error.title.500": ("出错了", "Something failed"),
    "error.title.503": ("暂时繁忙", "Busy for the moment"),
    "error.not_found": (
        "网址可能有误，或编号不存在。",
        "The address may be mistyped, or no such id exists.",
    ),
    "error.no_entity": (
        "没有此主体的数据：从未出现、已删除，或不保存。",
        "There is nothing about this entity: it never came, was erased, or is not kept.",
    ),
    "error.no_request": ("没有这项请求。", "There is no such request."),
    "error.form_used": (
        "此表单已提交过或已过期，未显示任何内容。请重新打开页面。",
        "This form was sent before, or is too old; nothing was shown. Open the page again.",
    ),
    "error.clear_in_address": (
        "网址中不得含有号码明文。请使用“按明文查找”。",
        "An address must not hold an identifier in clear. Use the page that finds a person.",
    ),
    "error.no_staff_alert": (
        "没有这条员工预警，或它涉及您本人或您的条线。",
        "There is no such alert about staff, or it is about you or your line.",
    ),
    "error.no_decision": (
        "没有编号为 {id} 的决策。",
        "There is no decision with the id {id}.",
    ),
    "error.no_policy": ("没有名为 {id} 的策略。", "There is no policy named {id}."),
    "error.forbidden.read": (
        "您无权查看这张表，因此也不能筛选、保存或导出。",
        "You may not read this table, so you can't filter it, keep filters of it or take it away.",
    ),
    "error.forbidden.not_permitted": (
        "您无权执行“{action}”。如工作需要，请由安全管理员为您的账户授予相应角色。",
        "You may not do this: {action}. If your work needs it, ask a security administrator for the role.",
    ),
    "error.forbidden.scope": (
        "您凭链接或密钥登录，该会话无权执行“{action}”（需要：{scopes}）。如有需要，请联系管理员。",
        "You came by a link or a key that may not do this: {action} (needed: {scopes}). Ask an administrator.",
    ),
    "error.forbidden.fresh_factor": (
        "“{action}”需要刚刚完成的二次验证。请先再次验证，然后重试。",
        "This needs a second factor that was shown just now: {action}. Verify again, then retry.",
    ),
    "error.forbidden.own_proposal": (
        "不能审批自己提出的事项（{action}）。请由另一位有权人员处理。",
        "Nobody answers what he proposed himself ({action}). Somebody else with the right must.",
    ),
    "error.forbidden.no_case": (
        "“{action}”必须关联案件并选择用途。",
        "This must name a case and a purpose: {action}.",
    ),
    "error.forbidden.failed": (
        "权限判断出错，已按拒绝处理（{action}）。请联系系统管理员。",
        "Whether you may could not be decided, so you may not ({action}). Tell a system administrator.",
    ),
    "error.forbidden.own_policy": (
        "本公司的访问策略禁止此操作（{action}）。",
        "Your company's own policies forbid this ({action}).",
    ),
    "error.csrf": (
        "表单已过期或来自其他页面，未作任何改动。请返回后重试。",
        "The form is out of date or came from another page; nothing was changed. Go back and try again.",
    ),
    "error.other_site": (
        "请求来自其他网站，未作任何改动。",
        "Another site sent this request; nothing was changed.",
    ),
    "error.method": (
        "此网址不支持该操作，未作任何改动。",
        "This address does not do that; nothing was changed.",
    ),
    "error.not_a_form": (
        "内容不是普通表单，未作任何改动。",
        "That is no ordinary form; nothing was changed.",
    ),
    "error.form_too_large": ("表单过大，未作任何改动。", "The form is too large; nothing was changed."),
    "error.too_many": (
        "来自您所在网络的请求过于频繁。请在 {seconds} 秒后再试；本次请求未作任何处理。",
        "Too much has been asked from your network. Try again in {seconds} s; nothing was done this time.",
    ),
    "error.not_recorded": (
        "操作未能写入审计记录，因此未执行。请稍后重试。",
        "The action could not be journalled, so it was not done. Try again in a moment.",
    ),
    "error.failed": (
        "控制台处理此请求时出错，决策不受影响。请重试；若再次发生，请把请求编号交给管理员。",
        "The console failed here; decisions go on. Try again; if it recurs, tell your administrator the id.",
    ),
    "error.request_id": ("请求编号", "Request id"),
    "error.retry": ("重试", "Try again"),
    "error.home": ("回到总览", "To the overview"),
    # a form whose session ended
    "once_more.title": ("尚未提交", "Not sent yet"),
    "once_more.ended": (
        "您的会话已结束，刚才的内容没有提交，也没有丢失。请保留本页，在新标签页登录后回到这里再次提交。",
        "Your session ended: nothing was done, nothing is lost. Keep this page, sign in in a new tab, and come back.",
    ),
    "once_more.signed_in": (
        "这份表单写于上一次会话。请核对内容，确认后提交。",
        "This form was written in an earlier session. Look at it again, then send it.",
    ),
    "once_more.shown": (
        "验证已通过。刚才的表单还没有提交，内容都在；请核对后提交。",
        "Verified. What you had filled in is all here and was not sent yet: look at it again, then send it.",
    ),
    "once_more.written": ("您写的内容", "What you wrote"),
    "once_more.sign_in": ("在新标签页登录", "Sign in, in a new tab"),
    "once_more.send": ("再次提交", "Send it"),
}
