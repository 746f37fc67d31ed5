"""What Chinese passwords are made of, the most usual first.

Provenance: written by hand for this project from what everybody who grew up with it knows (family names in the order
of the household registers' counts, usual given names, sayings, lucky and love numbers, rows of the keyboard), and put
together here into what people type. No leaked corpus was used. zxcvbn counts a word by its place in the list, so the
order is the order of guessing; birthdays, years and rows of keys it knows by itself.
"""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FAMILY_NAMES: Final = _words(
    "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie song tang deng"
    " han feng cao peng zeng xiao tian dong pan yuan cai jiang yu du ye cheng wei su lv ding ren lu yao shen zhong cui"
    " tan fan liao shi jin jia xia fu fang zou xiong bai meng qin qiu hou yin xue yan lei long duan hao kong shao mao"
    " chang wan gu lai wen niu mo ouyang situ"
)

GIVEN_NAMES: Final = _words(
    "wei fang min jing li qiang lei jun yang yong yan jie juan tao chao ming xia ping gang hui bo peng fei hao yu xin"
    " ting ying bin kai long lin xiaoming xiaohong xiaoyan xiaoli xiaoping xiaolong xiaofeng xiaowei xiaojun zixuan"
    " haoran yuxuan zihan yuhan ruoxi xinyi mengyao jiayi jiahao junjie yichen siyu tianyu zhiwei zhiqiang jianguo"
    " jianhua guoqiang weidong haiyan lili yuanyuan tingting jingjing yangyang feifei beibei xuexue dandan na yun qin"
    " hong mei ling hua guiying xiuying xiulan shuzhen guilan yulan lihua meili jianjun wenjie haibo weiwei dawei"
)

SAYINGS: Final = _words(
    "woaini aini woaiwojia woaiwo wodemima mima mimashi woshishui nihao nihaoma woainima aiwoma laopo laogong baobao"
    " baobei qinaide xiaobao dabao mama baba woaimama woaibaba gongxifacai facai zhufu pingan pinganfu kuaile"
    " shengrikuaile xinniankuaile yishengyishi yishengpingan tiantiankaixin kaixin xingfu jiayou haohaoxuexi"
    " tiantianxiangshang zhongguo woaizhongguo beijing shanghai guangzhou shenzhen hangzhou chengdu wuhan nanjing"
    " tianjin chongqing taiwan xianggang qwerty asdf zxcv admin root administrator guanliyuan yonghu denglu caiwu"
    " yinhang zhifubao weixin taobao alipay wechat dangdang caonima nima wocao woaixuexi wangji buzhidao suibian"
    " caishen renminbi qiandao jindi fengkong fengxian anquan xitong mimabaohu a123456 aa123456 abc123 woaini1314"
    " woaini520 woaini521 aini1314 iloveyou1314 iloveyou520 5201314 1314520 147258369 741852963 123456789a q1w2e3r4"
    " 1q2w3e4r 1qaz2wsx qazwsxedc zaq12wsx qwe123 asd123 zxc123 qweasdzxc p@ssw0rd admin123 admin888 root123 test123"
)

NUMBERS: Final = _words(
    "520 1314 5201314 1314520 521 888 666 168 518 8888 6666 88888888 66666666 123 1234 123456 12345678 123456789 321"
    " 654321 111111 000000 112233 123123 121212 110110 110120 123321 147258 147258369 159357 159753 789456 456789"
    " 741852 7758521 7758258 77585210 1314521 5211314 3344520 99 9999 99999999 1688 16888 18888 51888 10086 10010"
    " 110 119 120 2008 2020 2024 2025 2026"
)


def _frequent() -> tuple[str, ...]:
    """All of them, the most usual first; each word once."""
    crossed = [family + given for given in GIVEN_NAMES for family in FAMILY_NAMES]
    with_numbers = [saying + number for number in NUMBERS[:12] for saying in SAYINGS[:60]]
    words = [*SAYINGS, *NUMBERS, *FAMILY_NAMES, *GIVEN_NAMES, *with_numbers, *crossed]
    return tuple(dict.fromkeys(words))


FREQUENT: Final = _frequent()
"""Sayings, numbers, names, sayings with numbers, full names: some nine thousand."""
