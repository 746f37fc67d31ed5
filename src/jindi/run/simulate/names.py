"""Names of simulated people: of common characters, the same for the same number, and no draw of anybody's chance."""

from hashlib import blake2b
from typing import Final

SURNAMES: Final = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭"
)
"""Of single characters, roughly as common as they stand here; the first ones are drawn more often."""

GIVEN: Final = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文辉鹏飞宇浩轩子涵雨欣怡梓萱诗琪佳俊凯晨曦博睿思远嘉怡雪梅春红志强"
    "海燕晓东亮波斌宁鑫婷倩云龙健琳慧颖莹洁璐瑶振兴立新学民永清德胜成才光明"
)


def name_of(number: int) -> str:
    """The name of the person of a number: one person in five has a given name of one character.

    >>> name_of(17) == name_of(17), name_of(17) == name_of(18)
    (True, False)
    """
    first, second, third, fourth, *_ = blake2b(number.to_bytes(8, "big"), digest_size=8).digest()
    # The product of two draws leans towards the front, as surnames do.
    surname = SURNAMES[first * second * len(SURNAMES) // (256 * 256)]
    given = GIVEN[(third * 256 + fourth) % len(GIVEN)]
    return surname + given + ("" if third % 5 == 0 else GIVEN[(fourth * 256 + third) * 7 % len(GIVEN)])
