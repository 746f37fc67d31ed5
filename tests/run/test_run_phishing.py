"""Links scored by the shipped model: Chinese banks are none for their suffix, imitations are told whatever it says."""

import numpy as np
import pytest

from jindi.basics.problems import Problems
from jindi.parties.phishing import NAMES
from jindi.run.phishing import Scorer
from jindi.run.phishing.learning import learn, table_of, tenth_of
from jindi.run.phishing.scoring import DOUBTFUL_FROM, model_of

HONEST = (
    "https://www.icbc.com.cn/login", "https://www.ccb.com/", "https://www.boc.cn/", "https://www.alipay.com/",
    "https://www.pbc.gov.cn/", "https://www.taobao.com/", "https://pay.weixin.qq.com/", "https://www.12306.cn/index/",
    "https://www.gov.cn/zhengce/index.htm", "https://item.jd.com/100012043978.html",
)  # fmt: skip
FALSE = (
    "http://paypal-security-update.verify-account.example/webscr/confirm.php?cmd=login",
    "http://secure.login.apple.com.id-locked.example/account/verify/index.html",
    "http://update-billing.example/~user/wellsfargo/signin/login.php",
)


def test_of_well_known_chinese_addresses_at_most_one_in_ten_is_doubtful():
    levels = [Scorer().score(link).level for link in HONEST]
    assert set(levels) <= {"low", "doubtful"}
    assert levels.count("doubtful") <= 1


@pytest.mark.parametrize("link", FALSE)
def test_made_up_lures_stand_out(link):
    assert Scorer().score(link).level == "doubtful"


def test_an_imitation_is_one_and_an_own_domain_own_whatever_the_model_says():
    scorer = Scorer(("alipay.com",))
    assert scorer.score("https://alipay.net/").level == "imitation"
    assert scorer.score("https://alipay.net/").probability < DOUBTFUL_FROM
    own = scorer.score("https://secure.alipay.com/account/login/verify/confirm/update.php?session=1")
    assert (own.level, own.imitation) == ("own", None)


def test_the_shares_say_what_moved_the_score_most():
    shares = Scorer().score(FALSE[0]).shares
    assert len(shares) == 5
    assert {name for name, _, _ in shares} <= set(NAMES)
    assert [abs(points) for *_, points in shares] == sorted((abs(points) for *_, points in shares), reverse=True)


def test_a_model_of_other_numbers_is_refused():
    links = [f"http://site{n}.example/{'login.php' if n % 2 else ''}" for n in range(400)]
    rows, hosts, places = table_of(links)
    label = np.array([n % 2 == 1 for n in places])
    text = learn(rows, hosts, label)
    assert text == learn(rows, hosts, label)
    assert Scorer(text=text).score("http://other.example/login.php").probability > 0.5
    with pytest.raises(Problems):
        model_of(text.replace('"url_length"', '"url_breadth"'))


def test_all_links_of_a_host_are_on_one_side_of_a_cut():
    assert {tenth_of("a.example") for _ in range(3)} == {tenth_of("a.example")}
    assert {tenth_of(f"{n}.example") for n in range(300)} == set(range(10))
