"""Writers of messages and bills, for tests only: what the readers of `jindi.run.adapters` must read back."""

import io
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from jindi.packs import load
from jindi.run.adapters import Adapter, adapt_file, read_mapping, shipped
from jindi.vault import Tokens

NOW_US = 1_795_827_600_000_000  # 2026-11-28T01:00:00Z
KEY = bytes(range(32))
PACKS_DIR = Path(__file__).parents[1] / "packs"
CARDS = ("6222021234567890128", "4111111111111111", "5500005555555559")
IBANS = ("DE89370400440532013000", "GB82WEST12345698765432")
ISO = "urn:iso:std:iso:20022:tech:xsd:"


@cache
def definitions():
    return load({str(path.relative_to(PACKS_DIR)): path.read_text("utf-8") for path in PACKS_DIR.rglob("*.*")})


def mapped(name, assumed=None, text=None):
    texts = shipped()
    if text is not None:
        return read_mapping(text, definitions(), "own.toml", texts, assumed, None if name == "own" else name)
    return read_mapping(texts[name], definitions(), name, texts, assumed)


def adapted(tmp_path, data, mapping, key=KEY, now_us=NOW_US):
    """What comes of bytes: the summary, the events' lines, the rejects' lines."""
    out, rejects = Path(tmp_path) / "events.ndjson", Path(tmp_path) / "events.rejects.ndjson"
    adapter = Adapter(mapping, definitions(), Tokens(key) if key else None, lambda: now_us)
    done = adapt_file(io.BytesIO(data), "in.dat", out, rejects, adapter, mapping)
    return done, out.read_bytes().splitlines(), rejects.read_bytes().splitlines() if rejects.exists() else []


def _account(number):
    return f"<IBAN>{number}</IBAN>" if number[:1].isalpha() else f"<Othr><Id>{number}</Id></Othr>"


def pain_001(transfers, version="09", message="M1", payer=("Li Min", IBANS[0]), at="2026-11-27T09:00:00+08:00",
             count=None, total=None):  # fmt: skip
    """`transfers`: (name, account, amount as text, currency)."""
    rows = "".join(
        f'<CdtTrfTxInf><PmtId><EndToEndId>E{number}</EndToEndId></PmtId><Amt><InstdAmt Ccy="{currency}">{amount}'
        f"</InstdAmt></Amt><Cdtr><Nm>{escape(name)}</Nm></Cdtr><CdtrAcct><Id>{_account(account)}</Id></CdtrAcct></CdtTrfTxInf>"
        for number, (name, account, amount, currency) in enumerate(transfers, 1)
    )
    day = "<Dt>2026-11-27</Dt>" if version == "09" else "2026-11-27"
    said = f"<CtrlSum>{total}</CtrlSum>" if total is not None else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{ISO}pain.001.001.{version}"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>{at}</CreDtTm>"
        f"<NbOfTxs>{len(transfers) if count is None else count}</NbOfTxs>{said}</GrpHdr>"
        f"<PmtInf><PmtInfId>P1</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt>{day}</ReqdExctnDt><Dbtr><Nm>{escape(payer[0])}"
        f"</Nm></Dbtr><DbtrAcct><Id>{_account(payer[1])}</Id></DbtrAcct>{rows}</PmtInf></CstmrCdtTrfInitn></Document>\n"
    ).encode()


def pacs_008(transfers, version="08", prefix="", service="INST"):
    """`transfers`: (payer, account, payee, account, amount, currency). With a prefix all names carry it."""
    rows = "".join(
        f"<CdtTrfTxInf><PmtId><EndToEndId>E</EndToEndId><TxId>T{number}</TxId></PmtId>"
        f'<PmtTpInf><LclInstrm><Cd>{service}</Cd></LclInstrm></PmtTpInf><IntrBkSttlmAmt Ccy="{currency}">{amount}'
        f"</IntrBkSttlmAmt><AccptncDtTm>2026-11-27T01:0{number}:00Z</AccptncDtTm><Dbtr><Nm>{escape(payer)}</Nm></Dbtr>"
        f"<DbtrAcct><Id>{_account(source)}</Id></DbtrAcct><Cdtr><Nm>{escape(payee)}</Nm></Cdtr><CdtrAcct><Id>"
        f"{_account(target)}</Id></CdtrAcct></CdtTrfTxInf>"
        for number, (payer, source, payee, target, amount, currency) in enumerate(transfers)
    )
    text = (
        f'<Document xmlns="{ISO}pacs.008.001.{version}"><FIToFICstmrCdtTrf><GrpHdr><MsgId>B1</MsgId>'
        f"<CreDtTm>2026-11-27T01:00:00Z</CreDtTm><NbOfTxs>{len(transfers)}</NbOfTxs></GrpHdr>{rows}"
        "</FIToFICstmrCdtTrf></Document>"
    )
    if prefix:
        text = text.replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:").replace(
            " xmlns=", f" xmlns:{prefix}="
        )  # fmt: skip
    return text.encode()


def entry(way, amount, details=(), status="BOOK", version="08", more="", currency="CNY", day="2026-11-26"):
    """`details`: (name, account, own amount or None)."""
    said = f"<Cd>{status}</Cd>" if version == "08" else status
    who = "Dbtr" if way == "CRDT" else "Cdtr"

    def name(text):
        return f"<Pty><Nm>{text}</Nm></Pty>" if version == "08" else f"<Nm>{text}</Nm>"

    listed = "".join(
        "<TxDtls>"
        + (f'<AmtDtls><TxAmt><Amt Ccy="{currency}">{own}</Amt></TxAmt></AmtDtls>' if own is not None else "")
        + f"<RltdPties><{who}>{name(who_name)}</{who}><{who}Acct><Id>{_account(account)}</Id></{who}Acct></RltdPties>"
        + "</TxDtls>"
        for who_name, account, own in details
    )
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts>{said}</Sts>{more}'
        f"<BookgDt><Dt>{day}</Dt></BookgDt>{f'<NtryDtls>{listed}</NtryDtls>' if listed else ''}</Ntry>"
    )


def camt_053(entries, version="08", own=IBANS[0], count=None):
    said = (
        f"<TxsSummry><TtlNtries><NbOfNtries>{count}</NbOfNtries></TtlNtries></TxsSummry>" if count is not None else ""
    )
    return (
        f'<Document xmlns="{ISO}camt.053.001.{version}"><BkToCstmrStmt><GrpHdr><MsgId>S</MsgId></GrpHdr>'
        f"<Stmt><Id>S1</Id><Acct><Id>{_account(own)}</Id></Acct>{said}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def iso8583(kind, fields, spec, frame="hexlines"):
    """One message by a specification; `fields` maps numbers to texts (binary ones as hexadecimal digits)."""
    raw = message(kind, fields, spec)
    return raw.hex().encode() + b"\n" if frame == "hexlines" else len(raw).to_bytes(2, "big") + raw


def message(kind, fields, spec):
    packed = spec.digits == "bcd"
    raw = bytes(spec.header_bytes) + (bytes.fromhex(kind) if packed else kind.encode())
    numbers = sorted(fields)
    words = [sum(1 << (64 - number) for number in numbers if number <= 64)]
    if numbers and numbers[-1] > 64:
        words[0] |= 1 << 63
        words.append(sum(1 << (128 - number) for number in numbers if number > 64))
    for word in words:
        bits = word.to_bytes(8, "big")
        raw += bits if spec.bitmap == "binary" else bits.hex().upper().encode()
    return raw + b"".join(_field(fields[number], spec.fields[number], spec) for number in numbers)


def _field(text, how, spec):
    if how.kind == "b":
        body = bytes.fromhex(text) if spec.binary == "binary" else text.encode()
        length = len(text) // 2
    elif how.digits == "bcd" and how.kind in ("n", "z"):
        text = text.replace("=", "D")
        odd = len(text) % 2
        filled = "0" * odd + text if how.pad_left else text + "0" * odd
        body, length = bytes.fromhex(filled), len(text)
    else:
        body = text.encode("gb18030")
        length = len(body)
    if not how.length_digits:
        return body
    digits = str(length).rjust(how.length_digits, "0")
    if spec.digits == "bcd":
        return bytes.fromhex(digits.rjust((how.length_digits + 1) // 2 * 2, "0")) + body
    return digits.encode() + body


def request(card=CARDS[1], amount="000000012050", trace="000001", sent="1127010000", **more):
    """The fields of a purchase with a PIN and track 2."""
    fields = {
        2: card, 3: "000000", 4: amount, 7: sent, 11: trace, 14: "2812", 18: "5411", 22: "051", 25: "00",
        32: "48020000", 35: f"{card}=28122010000000000", 41: "T0000001", 42: "M00000000000001",
        49: "156", 52: "0123456789ABCDEF",
    }  # fmt: skip
    fields |= {int(name[1:]): value for name, value in more.items()}
    return {number: value for number, value in fields.items() if value is not None}


ALIPAY_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
WECHAT_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注"
)


def alipay(rows, encoding="gb18030", foot=True):
    """`rows`: (trade, kind, finished, account, amount, request)."""
    lines = [
        "#支付宝业务明细查询", "#账号：[20880000000000000156]",
        "#起始日期：[2026年11月26日 00:00:00]   终止日期：[2026年11月27日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------",
        ALIPAY_COLUMNS,
    ]  # fmt: skip
    for trade, kind, at, account, amount, number in rows:
        lines.append(
            f"{trade}\t,O{trade[-4:]}\t,{kind}\t,早餐,{at},{at},\t,\t,\t,\t,{account}\t,{amount},{amount},0.00,0.00,0.00,0.00,"
            f"0.00,,0.00\t,0.00,{number}\t,0.00,0.00,"
        )
    if foot:
        lines += [
            "#-----------------------------------------业务明细列表结束------------------------------------",
            f"#交易合计：{len(rows)}笔，商家实收共0.00元，商家优惠共0.00元", "#导出时间：[2026年11月27日 09:00:00]",
        ]  # fmt: skip
    return "\r\n".join([*lines, ""]).encode(encoding)


def wechat(rows, count=None):
    """`rows`: dictionaries by column; what is not given is empty."""
    columns = WECHAT_COLUMNS.split(",")
    lines = [WECHAT_COLUMNS]
    lines += [",".join(f"`{row.get(column, '')}" for column in columns) for row in rows]
    lines += [
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
        f"`{len(rows) if count is None else count},`0.00,`0.00,`0.00,`0.00,`0.00,`0.00",
    ]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def bill_row(**more):
    """A payment of a WeChat bill."""
    row = {
        "交易时间": "2026-11-26 10:00:00", "公众账号ID": "wx1", "商户号": "1900000001", "特约商户号": "0", "设备号": "",
        "微信订单号": "4200000000000000000000000001", "商户订单号": "O1", "用户标识": "oUser1", "交易类型": "JSAPI",
        "交易状态": "SUCCESS", "付款银行": "CFT", "货币种类": "CNY", "应结订单金额": "12.50", "微信退款单号": "0",
        "商户退款单号": "0", "退款金额": "0.00", "商品名称": '他说 "好"', "手续费": "0.07000", "订单金额": "12.50",
        "申请退款金额": "0.00",
    }  # fmt: skip
    return row | more
