"""Codes of the analysis centre's interface, in words.

They were read in a public copy of its specification V1.0 for banks, securities and insurance, of which our notes may
lack a part. Where a list ends with an "other" and seems whole (`WHOLE`) another code is refused; a type of crime that
does not stand here is told as a remark.
"""

from collections.abc import Mapping
from typing import Final

from jindi.packs import Words

DOCUMENTS: Final[Mapping[str, tuple[str, Words]]] = {
    "id_card": ("110001", Words("居民身份证", "resident identity card")),
    "temporary_id_card": ("110003", Words("临时居民身份证", "temporary identity card")),
    "household_register": ("110005", Words("户口簿", "household register")),
    "military_card": ("110007", Words("军人证件", "military card")),
    "hk_macao_permit": ("110019", Words("港澳居民来往内地通行证", "permit of residents of Hong Kong and Macao")),
    "taiwan_permit": ("110021", Words("台湾居民来往大陆通行证", "permit of residents of Taiwan")),
    "passport_cn": ("110023", Words("因私护照", "ordinary passport of China")),
    "passport_foreign": ("110027", Words("外国护照", "foreign passport")),
    "foreign_residence": ("110029", Words("外国人永久居留证", "permanent residence of a foreigner")),
    "other_domestic": ("119999", Words("其他境内个人证件", "another document of a person, domestic")),
    "other_foreign": ("129999", Words("其他境外个人证件", "another document of a person, foreign")),
    "organisation_code": ("610001", Words("组织机构代码", "organisation code")),
    "enterprise_licence": ("610005", Words("企业法人营业执照", "licence of an enterprise as a legal person")),
    "business_licence": ("610047", Words("企业营业执照", "business licence")),
    "individual_business": ("610049", Words("个体工商户营业执照", "licence of an individual business")),
    "uscc": ("610099", Words("统一社会信用代码", "unified social credit code")),
    "other_entity_domestic": ("619999", Words("其他境内机构证件", "another document of an organisation, domestic")),
    "other_entity_foreign": ("629999", Words("其他境外机构证件", "another document of an organisation, foreign")),
}
"""Kinds of identifiers by our names: their codes (10.1), and what they are."""

OTHERS: Final = frozenset({"other_domestic", "other_foreign", "other_entity_domestic", "other_entity_foreign"})
"""Kinds that must say what they are."""

BY_CODE: Final[Mapping[str, str]] = {code: kind for kind, (code, _) in DOCUMENTS.items()}

URGENCY: Final[Mapping[str, Words]] = {
    "01": Words("非特别紧急", "not urgent"), "02": Words("特别紧急", "urgent"),
}  # fmt: skip
DIRECTED: Final[Mapping[str, Words]] = {
    "01": Words("报告中国反洗钱监测分析中心", "to the analysis centre"),
    "02": Words("并报人民银行当地分支机构", "to the local branch of the central bank as well"),
    "03": Words("并报当地公安机关", "to the local police as well"),
    "04": Words("并报人民银行当地分支机构和公安机关", "to both as well"), "99": Words("其他", "other"),
}  # fmt: skip
TRIGGERS: Final[Mapping[str, Words]] = {
    "01": Words("模型筛选", "a model"), "02": Words("执法部门指令", "an order of law enforcement"),
    "03": Words("监管部门指令", "an order of a supervisor"), "04": Words("机构内部案件", "an internal case"),
    "05": Words("社会舆情", "public opinion"), "06": Words("从业人员发现", "found by staff"),
    "99": Words("其他", "other"),
}  # fmt: skip
RELATIONS: Final = frozenset({"00", "01", "02"})
DIRECTIONS: Final[Mapping[str, str]] = {"in": "01", "out": "02"}
CHANNELS: Final[Mapping[str, Words]] = {
    "11": Words("网上交易", "web"), "12": Words("POS", "POS"), "13": Words("电话", "telephone"),
    "14": Words("热键", "hot key"), "15": Words("ATM", "ATM"), "16": Words("传真", "fax"),
    "17": Words("营业场所", "premises"), "99": Words("其他", "other"),
}  # fmt: skip
FEATURES: Final = frozenset({"0501", "0502", "0503", "0504"})
"""Criteria of large transactions."""

WHOLE: Final = {"urgency": URGENCY, "directed": DIRECTED, "trigger": TRIGGERS, "channel": CHANNELS}

CRIMES: Final[Mapping[str, Words]] = {
    "0101": Words("毒品犯罪", "drugs"), "0201": Words("黑社会性质组织", "organised crime"),
    "0301": Words("恐怖活动", "terrorism"), "0401": Words("走私", "smuggling"),
    "0501": Words("贪污贿赂（其一）", "corruption, first of two"),
    "0502": Words("贪污贿赂（其二）", "corruption, second of two"),
    "0603": Words("擅自设立金融机构", "an unlicensed financial institution"),
    "0604": Words("高利转贷", "lending on at usurious rates"),
    "0605": Words("骗取金融机构资金", "money got out of institutions by fraud"),
    "0606": Words("非法吸收公众存款", "illegal taking of public deposits"),
    "0607": Words("擅自发行股票、债券", "unlicensed issue of shares or bonds"),
    "0608": Words("内幕交易、操纵市场", "insider dealing, manipulation"),
    "0610": Words("非法跨境转移", "illegal cross-border movement"),
    "0701": Words("集资诈骗", "fund-raising fraud"), "0702": Words("贷款诈骗等", "loan fraud and the like"),
    "0704": Words("信用卡诈骗", "credit-card fraud"), "0705": Words("保险诈骗", "insurance fraud"),
    "0801": Words("洗钱（其一）", "money laundering, first of two"),
    "0802": Words("洗钱（其二）", "money laundering, second of two"),
    "0901": Words("虚假出资等（其一）", "false capital and the like, first of three"),
    "0902": Words("虚假出资等（其二）", "false capital and the like, second of three"),
    "0903": Words("虚假出资等（其三）", "false capital and the like, third of three"),
    "1001": Words("涉税", "tax"),
    "1101": Words("传销", "pyramid selling"),
    "1102": Words("非法经营（地下钱庄、POS 套现）", "illegal business: underground banking, cash-out by POS"),
    "1201": Words("诈骗（电信网络）", "fraud, telecom and online"), "1202": Words("职务侵占", "embezzlement in office"),
    "1203": Words("挪用资金", "misuse of funds"), "1301": Words("伪造证件", "forged documents"),
    "1302": Words("赌博", "gambling"), "1401": Words("已被立案调查", "under investigation already"),
    "1402": Words("其他", "other"),
}  # fmt: skip
"""Types of crime that are suspected (疑似涉罪类型). The words are short forms; where our note of the list has one word
for several codes, so has this."""
