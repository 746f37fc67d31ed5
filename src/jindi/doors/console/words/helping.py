"""The console's words for help: what pages are for, and the first quarter of an hour."""

from typing import Final

WORDS: Final = {
    "nav.help": ("帮助", "Help"),
    "help.page": ("帮助", "Help"),
    "help.words": ("术语", "Words"),
    "help.pages": ("各页用途", "What each page is for"),
    "word.four_eyes": ("双人复核", "four eyes"),
    "help.about": ("本页用途", "About this page"),
    # what each page is for
    "about.overview": (
        "看平台此刻的状态：有什么等您处理、决策是否正常、未结案件集中在哪里。",
        "How the platform is now: what needs you, whether decisions flow, where open cases gather.",
    ),
    "about.cases": (
        "领取、调查、结案。排在最前的是风险、金额和紧迫程度综合最高的案件。",
        "Take cases, look into them, close them. The first is the one with most risk, money and urgency.",
    ),
    "about.team": (
        "给组长：谁手上有多少案件、多久办结、抽中复核的案件。",
        "For who leads: who has how much, how long it takes, and cases drawn for a second look.",
    ),
    "about.decisions": (
        "查找任何一笔决策，看它为什么这样、改变什么会不同，并可按筛选导出。",
        "Find any decision, see why it is as it is and what would change it, export what a filter finds.",
    ),
    "about.policies": (
        "每种事件的规则：命中多少、谁批准、影子版本表现如何，以及修改、回测、提案。",
        "The rules of each type of event: hits, who approved them, how shadows do; change, test on the past, propose.",
    ),
    "about.links": (
        "从一个用户、设备或商户出发，看还牵连着谁。",
        "Start at a user, a device, a merchant and see what else hangs on it.",
    ),
    "about.screening": (
        "开户人、被核验人与收款人是否与监控名单相符：载入名单，核实命中，排除须两人，确认即停办业务。",
        "Whether those who open accounts or are paid may be on a watch list: lists, matches, what became of them.",
    ),
    "about.diligence": (
        "客户洗钱风险评级：每位客户的等级与构成、何时审核、逾期多少；记录审核，人工调整须两人。",
        "The rating of customers: each one's level and what makes it, when a person looks, what is overdue.",
    ),
    "about.filings": (
        "可疑与大额交易报告：从案件起草、制作报文、他人审批、编号报送到回执，含时限与月度统计；对其他人保密。",
        "Reports of suspicions and large transactions: written, approved, sent, answered; clocks and months. Secret.",
    ),
    "about.lists": (
        "黑、白、灰名单：谁在上面、为什么、到什么时候；改动须经审批。",
        "Black, white and grey lists: who stands there, why, until when. Changes take an approval.",
    ),
    "about.features": (
        "规则能用的每个特征：怎么算、由哪些事件喂入、现在的分布。",
        "Every feature that rules can use: how it is made, what feeds it, how it is spread now.",
    ),
    "about.models": (
        "评分模型的卡片：用什么训练、效果如何、是否漂移、谁批准。",
        "The cards of models: what they were trained on, how well they do, drift, who approved them.",
    ),
    "about.customer": (
        "一个客户（或商户、设备、银行卡、地址）的全貌：做过什么、从哪里来、与平时有何不同、命中过什么。明文须凭案件另行查看。",
        (
            "All about a customer (or a merchant, device, card, address): what it did, from where, how it differs from "
            "usual, what it hit. Clear text takes a case and a step of its own."
        ),
    ),
    "about.sources": (
        "规则、限额与控制项所依据的法规和标准：每一条讲了什么、是否核实过、谁以它为据。",
        "Laws and standards that rules, limits and controls rest on: what each article says, how sure, who cites it.",
    ),
    "about.find": (
        "凭手机号、证件号等明文查找主体；须说明用途和案件，每次查找都有记录。",
        "Find somebody by a phone or an id in clear: with a purpose and a case, and each search is a record.",
    ),
    "about.subjects": (
        "个人行使查阅、复制、更正、删除权利的申请，连同法定期限。",
        "Requests of people to see, copy, correct or erase their data, with the law's clocks.",
    ),
    "about.approvals": (
        "需要第二个人同意的操作：等您审批的和您提出的。",
        "What takes a second person: what waits for you and what you asked for.",
    ),
    "about.keys": (
        "程序调用接口的密钥：谁持有、能做什么、何时到期。",
        "Keys of programs: whose they are, what they may do, when they end.",
    ),
    "about.audit": (
        "每个人做过的每件事，先记录后执行，改动会被发现。",
        "Everything that anybody did, recorded before it was done; a change would be found out.",
    ),
    "about.staff": (
        "员工账户：邀请、角色、登录方式与停用。",
        "Accounts of staff: invitations, roles, how they sign in, and their end.",
    ),
    "about.controls": (
        "向监管和自己承诺的控制项，每项都有检查和证据。",
        "What is promised to supervisors and ourselves, each with a check and its evidence.",
    ),
    "about.staff_alerts": (
        "员工的异常行为；只给与被查者无上下级关系的人看。",
        "Staff who behave strangely, shown only to people outside the suspect's line.",
    ),
    "about.notices": ("与您有关的消息，只有您本人能看到。", "What concerns you; nobody else sees it."),
    "about.settings_notices": (
        "您想在哪里、何时收到哪些通知；团队通道也在这里。",
        "Which notifications you want, where and when; the channels of teams are here, too.",
    ),
    "about.settings_webhooks": (
        "决策推送给哪些系统，送到哪里了。",
        "Which systems are told of decisions, and how far each is.",
    ),
    # the first quarter of an hour
    "guide.title": ("最初的一刻钟", "The first quarter of an hour"),
    "guide.welcome": ("第一次使用金堤？", "New here?"),
    "guide.welcome.line": (
        "跟着做一遍：从一条预警到结案，从改一条规则到批准生效。",
        "Do it once: from an alert to a closed case, from a changed rule to its approval.",
    ),
    "guide.about": (
        "跟着做一遍，就会用这个控制台了。做过的步骤会自动打勾：依据是审计日志，不是点击。",
        "Do this once and you know the console. Steps tick themselves by what the journal says you did, not by clicks.",
    ),
    "guide.done": ("已完成 {n}/{all}", "{n} of {all} done"),
    "guide.go": ("前往", "Go there"),
    "guide.step.done": ("已完成", "done"),
    "guide.step.open": ("未完成", "not done"),
    "guide.not_yours": (
        "您的角色不做这一步；请有权限的同事完成。",
        "Your roles don't do this: ask a colleague.",
    ),
    "guide.over": (
        "您的步骤都做完了。接下来：把自己的事件接进来（README 中的“第一个自己的事件”）。",
        "All your steps are done. Next: send in events of your own (README, “Your first own event”).",
    ),
    "guide.watch": ("看平台此刻在做什么", "See what the platform is doing"),
    "guide.watch.how": (
        "总览右侧是实时决策，左侧是等您处理的事和未结案件的分布。把指针移到实时列表上，它会停住。",
        "On the right decisions come in live (they stand still under the pointer), on the left is what needs you.",
    ),
    "guide.why": ("弄清一笔决策为什么这样", "See why a decision is as it is"),
    "guide.why.how": (
        "打开一笔被审核的决策，看命中的规则、用到的值，以及“改变什么会不同”。",
        "Open a decision under review: the rules it hit, the values they saw, and what would change it.",
    ),
    "guide.take": ("领取一个案件", "Take a case"),
    "guide.take.how": (
        "点“领取下一件”，或按键盘 n。案件此后由您负责，别人领不到。",
        "Press Take next, or the key n. The case is yours from then on, and nobody else gets it.",
    ),
    "guide.note": ("调查并记录", "Look into it and write it down"),
    "guide.note.how": (
        "按调查步骤逐项查看并打勾，把发现写成备注。备注里不能写手机号、证件号，系统会拒收。",
        "Go through the steps and tick them, write down what you found. No phone or id number: such a note is refused.",
    ),
    "guide.links": ("看还牵连着谁", "See what else hangs on it"),
    "guide.links.how": (
        "从案件主体出发展开关联，找共用的设备和收款人。",
        "Expand from the subject of your case; look for devices and payees that several share.",
    ),
    "guide.close": ("下结论", "Come to a verdict"),
    "guide.close.how": (
        "选“属实”或“排除”，写理由，结案。结论会回写到每一笔决策，成为训练数据的标签。",
        "Choose confirmed or cleared, say why, close it. The verdict goes back to each decision and becomes a label.",
    ),
    "guide.colleague": ("邀请一位同事", "Invite a colleague"),
    "guide.colleague.how": (
        "停下平台，用 jindi staff invite 给两人建账户并给角色（见 docs/access.md），再启动；第二个链接用隐私窗口打开。",
        "Stop, run jindi staff invite with roles for two people (docs/access.md), start again; use a private window.",
    ),
    "guide.two": ("让两个人结一个大额案件", "Close a large case by two"),
    "guide.two.how": (
        "找一件达到单人限额（5 万元，设计默认值）的案件提请结案，再由第二个人在“审批”中同意。",
        "Ask to close a case from CNY 50,000 on (a design default); the second person agrees under Approvals.",
    ),
    "guide.rule": ("改一条规则", "Change a rule"),
    "guide.rule.how": (
        "在策略页打开一条规则，用条件编辑器改一个数，类型错误当场提示，用例当场运行。",
        "Open a rule from the policies and change a number in the builder: type errors show as you go, its cases run.",
    ),
    "guide.past": ("看它在历史上会怎样", "See what it would have done"),
    "guide.past.how": (
        "对草稿做一次回测：多拦了谁、漏了谁、多少人要多看。",
        "Test the draft on the past: whom it stops more, whom less, and how much more people would have to look at.",
    ),
    "guide.propose": ("提请批准", "Ask for approval"),
    "guide.propose.how": (
        "写明理由并提案。提案绑定内容的摘要，之后再改就要重新提案。",
        "Say why, and propose it. A proposal is bound to its content: whoever changes it afterwards has to ask again.",
    ),
    "guide.approve": ("由第二个人批准", "Have the second person approve it"),
    "guide.approve.how": (
        "第二个人在自己的浏览器里打开提案，看差异和回测，批准。立即生效。",
        "In the other browser, look at the difference and at its past, and approve it. It is in force at once.",
    ),
    "guide.audit": ("在审计里找到这一切", "Find all of it in the audit"),
    "guide.audit.how": (
        "打开审计：您和同事做的每一步都在，按人、按操作都能查。",
        "Open the audit: every step of yours and your colleague's is there, by person and by action.",
    ),
}
