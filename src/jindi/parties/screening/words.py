"""Words of names that say little: titles, particles, legal forms, words of every second company; and short forms of
given names. Our own selection, in lower-case ASCII.
"""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words(
    "mr mrs ms miss mister dr doctor prof professor sir dame lord lady president prasident presidente minister general"
    " colonel captain major lieutenant sergeant shaikh sheikh shaykh cheikh sheik mullah mulla maulana maulavi mawlawi"
    " molla hajji haji hadji hajj alhaj sayyid sayed sayyed syed ustad qari hafiz engineer ing eng dipl mag herr frau"
    " monsieur madame mme mlle senor senora don dona jr sr junior senior hon rev father imam ayatollah hojatoleslam"
)
"""They say what somebody is, not who; a name made of nothing else keeps them."""

PARTICLES = _words(
    "al el ul ur as ad an ar at az ash bin ben ibn bint binti bte ould wuld abd abu abou aboul abul"
    " um umm u e y i de del della"
    " da das do dos du di la le les los las von van der den ter ten zu zum of the and et und a ap s bn"
)

PATRONYMIC = re.compile(
    r"[a-z]{3,}(?:ovich|evich|ovych|evych|ovic|evic|ovna|evna|ivna|yvna|oglu|ogly|kyzy|qizi|yevich)\Z"
)
"""The father's name, as Russian, Ukrainian and Turkic names have it between the others: often left out."""

FORMS = _words(
    "ltd limited llc llp lp plc inc incorporated corp corporation co company gmbh ag kg kgaa ohg mbh"
    " ug se sa sas sarl srl spa"
    " sro doo ooo oao zao pao ao tov zat pjsc ojsc cjsc jsc nv bv oy oyj ab as asa aps kft zrt rt"
    " pte pty pvt sdn bhd pt tbk"
    " fze fzc fzco fzllc est wll bsc saog kk kabushiki kaisha sal sapi cv ltda eirl eurl scs sca"
    " spzoo dd ad ead eood ood"
    " uab sia ou rao fgup gup ano nko ehf hf is tic ltdsti sti kft bvba vof cvba"
)
"""Legal forms, as one word."""

LONG_FORMS = (
    ("limited liability company", "llc"),
    ("public joint stock company", "pjsc"),
    ("open joint stock company", "ojsc"),
    ("closed joint stock company", "cjsc"),
    ("joint stock company", "jsc"),
    ("aktiengesellschaft", "ag"),
    ("gesellschaft mit beschrankter haftung", "gmbh"),
    ("societatea cu raspundere limitata", "srl"),
    ("societe anonyme", "sa"),
    ("sociedad anonima", "sa"),
    ("societa per azioni", "spa"),
    ("sociedad de responsabilidad limitada", "srl"),
    ("societe a responsabilite limitee", "sarl"),
    ("obshchestvo s ogranichennoi otvetstvennostyu", "ooo"),
    ("publichnoe aktsionernoe obshchestvo", "pao"),
    ("otkrytoe aktsionernoe obshchestvo", "oao"),
    ("zakrytoe aktsionernoe obshchestvo", "zao"),
    ("aktsionernoe obshchestvo", "ao"),
    ("free zone establishment", "fze"),
    ("free zone company", "fzc"),
    ("private limited", "pvt"),
    ("sendirian berhad", "sdn"),
    ("perseroan terbatas", "pt"),
    ("sp z o o", "spzoo"),
    ("sp z oo", "spzoo"),
    ("co kg", "kg"),
    ("limited liability partnership", "llp"),
    ("state unitary enterprise", "gup"),
)

HAN_FORMS = (
    "股份有限责任公司",
    "有限责任公司",
    "股份有限公司",
    "集团有限公司",
    "控股有限公司",
    "有限公司",
    "股份公司",
    "集团公司",
    "分公司",
    "公司",
    "集团",
    "有限合伙",
    "合伙企业",
    "株式会社",
    "厂",
)

GENERIC = _words(
    "international national general trading trade group holding holdings industries industry"
    " industrial services service"
    " management investment investments invest capital fund foundation trust bank banco enterprise enterprises business"
    " systems system technology technologies engineering development construction import export"
    " shipping marine maritime"
    " aviation airlines air lines organization organisation association institute center centre ministry department"
    " government university academy research science sciences committee council agency office branch"
    " factory plant works"
    " production products petroleum oil gas energy chemical medical electronics equipment materials supply logistics"
    " transport navigation company commercial partners partnership global world union army front movement party state"
    " central first new united people republic islamic military security defense defence charity relief society brigade"
    " line laboratory telecommunication pharmaceutical product work"
    " bank exchange company ship vessel mv mt ms yard no number europe asia africa america east west north south"
)
"""Words that so many organisations share that they alone make nobody the same."""

PLACES = _words(
    "afghanistan africa albania algeria america american americas andorra angola arab arabia argentina armenia asia"
    " asian australia austria azerbaijan bahrain bangladesh belarus belgium belgrade bermuda bolivia bosnia brasil"
    " brazil britain british brunei bulgaria cambodia cameroon canada caribbean cayman ceylon chile china chinese"
    " colombia congo croatia cuba curacao cyprus czech denmark deutschland dubai ecuador egypt emirates england"
    " eritrea espana estonia ethiopia eurasia europa europe european finland france gambia georgia germany ghana"
    " gibraltar greece guernsey guinea gulf hellas hongkong hungary iceland india indonesia iran iraq ireland israel"
    " italia italy japan jersey jordan kazakhstan kenya kong korea kuwait kyrgyzstan laos latvia lebanon liberia"
    " libya liechtenstein lithuania luxembourg macau malaysia mali malta mauritius mexico moldova monaco mongolia"
    " morocco mozambique myanmar namibia nederland nepal netherlands nicaragua niger nigeria norway oman osterreich"
    " pakistan palestine panama paraguay peru philippines poland polska portugal qatar romania rossiya russia rwanda"
    " scotland senegal serbia seychelles singapore slovakia slovenia somalia spain sudan suisse sverige sweden swiss"
    " switzerland schweiz syria taiwan tajikistan tanzania thailand tunisia turkey turkiye turkmenistan uae uganda"
    " uk ukraine uruguay usa uzbekistan venezuela vietnam wales yemen zambia zimbabwe london paris moscow beijing"
    " shanghai hong"
)
"""Countries, parts of the world, seats of companies: what only one of two organisations names says little."""

NUMBERS = {
    **{
        word: str(n)
        for n, word in enumerate(
            [
                "zero",
                "one",
                "two",
                "three",
                "four",
                "five",
                "six",
                "seven",
                "eight",
                "nine",
                "ten",
                "eleven",
                "twelve",
                "thirteen",
                "fourteen",
                "fifteen",
                "sixteen",
                "seventeen",
                "eighteen",
                "nineteen",
                "twenty",
            ]
        )
    },
    **{
        word: str(n)
        for n, word in enumerate(
            [
                "first",
                "second",
                "third",
                "fourth",
                "fifth",
                "sixth",
                "seventh",
                "eighth",
                "ninth",
                "tenth",
                "eleventh",
                "twelfth",
            ],
            1,
        )
    },
    **{f"{n}{end}": str(n) for n in range(1, 32) for end in ("st", "nd", "rd", "th")},
    "thirty": "30",
    "forty": "40",
    "fourty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "vi": "6",
    "vii": "7",
    "viii": "8",
}
"""Number words of organisations and ships."""

UNSPECIFIC = _words(
    "group holding holdings company international global worldwide enterprise enterprises concern corporation brothers"
)
"""Of these hardly a company's name is made: what is called so once and otherwise another time."""

SHORT = {
    "airlines": "air",
    "airways": "air",
    "technologies": "technology",
    "industries": "industry",
    "industrial": "industry",
    "services": "service",
    "systems": "system",
    "investments": "investment",
    "centre": "center",
    "organisation": "organization",
    "defence": "defense",
    "laboratories": "laboratory",
    "lines": "line",
    "products": "product",
    "sciences": "science",
    "works": "work",
    "co": "company",
    "grp": "group",
    "corp": "corporation",
    "mgmt": "management",
    "dev": "development",
    "svcs": "service",
    "svc": "service",
    "labs": "laboratory",
    "lab": "laboratory",
    "pharma": "pharmaceutical",
    "pharmaceuticals": "pharmaceutical",
    "telecom": "telecommunication",
    "telecommunications": "telecommunication",
    "min": "ministry",
    "intl": "international",
    "int'l": "international",
    "natl": "national",
    "govt": "government",
    "dept": "department",
    "univ": "university",
    "mfg": "manufacturing",
    "bros": "brothers",
    "assn": "association",
    "inst": "institute",
    "ind": "industry",
    "tech": "technology",
    "eng": "engineering",
    "org": "organization",
    "hldgs": "holdings",
}

_NICKNAMES = """
alexander alex sasha aleksandr alexandr oleksandr alejandro alessandro iskander sacha
alexandra aleksandra sandra sasha
andrew andy drew andrei andrey andreas andres andrzej andrii
anthony tony antonio anton antoine antony
benjamin ben benny bibi
charles charlie chuck carlos karl carl carlo
christopher chris kris christoph cristobal
daniel dan danny danilo
david dave dawid davide
dmitry dima dmitri dmitrii dmytro
donald don donny
edward ed eddie ted eduard eduardo edouard
elizabeth liz beth betty eliza elisabeth elizaveta
eugene gene evgeny yevgeny evgenii yevgenii
francis frank francisco francesco francois franz paco pancho
frederick fred freddy friedrich frederik fredrik federico
george georg jorge giorgio georgi georgy yuri jerzy georges
gregory greg grigory grigori
henry harry hank heinrich henri enrique hendrik
jacob jake jakob yakov
james jim jimmy jamie jaime
john jack johnny juan ivan jean johann hans giovanni joao jan ioann
joseph joe joey jose josef giuseppe iosif yusuf youssef yousef
katherine kate kathy katie catherine ekaterina katya kathryn katharina catarina caterina yekaterina kateryna
lawrence larry laurence lorenzo laurent
leonard leo len leonid leonardo
margaret maggie meg peggy margarita
mary maria marie mariya mariia mariam maryam miriam
mario
carla karla
petra
paula pavla
anna ana anne hanna hannah ann annie anya
jane janet joan joanna johanna giovanna ivana yana jana
laura lara
julia yulia juliya giulia julie yuliya iuliia
julian julius julio giulio yuliy
irina irene iryna
elena helen helena olena yelena alyona ellen
tatiana tatyana tetiana tanya
svetlana svitlana
ludmila lyudmila liudmyla
valentina
valentin
victoria viktoria viktoriya
eva eve yeva
michelle michel michele michaela mikaela
nicole nicola nicoletta
francesca franziska francisca frances
andrea
martin marten martyn
martina
mark marc marco marcus markus marek
lucas luke luca lukas luka
simon shimon semyon semion simone
roman
oleg oleh
igor ihor
maksim maxim maxime maksym max
konstantin constantine kostya kostyantyn
vyacheslav viacheslav slava
yaroslav iaroslav
anatoly anatolii anatoliy anatoli anatolij
arkady arkadii arkadi
boris borys
denis dennis denys
ilya iliya illia elias ilia
ruslan
rustam rustem
timur
kirill kyrylo cyril
alexey alexei aleksei aleksey oleksii alexis
albert alberto albrecht
alfred alfredo
arthur artur arturo
bernard bernardo bernhard
edgar edgardo
emil emilio emile
enrico
ernest ernesto ernst
fernando ferdinand hernando
gabriel gavriel gabriele
gustav gustavo gustave
hugo ugo
hector ettore
ignacio ignatius ignazio
javier xavier
louis luis luigi ludwig lewis lajos
manuel emanuel emmanuel manolo
oscar oskar
ralph rafe raul
raphael rafael raffaele
rudolf rodolfo rudolph
sebastian sebastien
walter valter gualtiero
matthew matt matthias mateo matteo
michael mike mick misha mikhail miguel michel michele michail mykhailo mihail
natalia natalya natasha nataliya
nicholas nick nicolas nikolai nikolay nicola nikolaos mykola kolya
olga olha
patrick pat paddy patricio
paul pavel pablo paolo pavlo pawel
peter pete pyotr pjotr pedro pierre pietro petr petro piotr
philip phil felipe philippe filip
ray raymond ramon
richard rick dick ricky ricardo riccardo
robert bob rob bobby roberto bobbie
ronald ron ronnie
samuel sam sammy
sergei sergey serge sergio sergii serhiy sergej
stephen steve steven stefan esteban stephan stepan
susan sue suzanne susana
theodore ted theo fyodor fedor teodoro
thomas tom tommy tomas
timothy tim timofey
victor viktor vic vittorio
vladimir vova volodya volodymyr wladimir
william bill will billy willy guillermo wilhelm guillaume
barack barry
muhammad mohammed mohamed mohammad mohamad muhammed mehmet mehmed mohd muhamad mahomed md mukhammad magomed
ahmed ahmad achmed ahmet akhmad akhmed
hussein husayn hussain hossein husein hussayn hocine hoseyn hosein
hassan hasan hassane hasen
hasna
hamid hameed hamed
hamad hammad
hamza hamzah hamzeh
khalid khaled halid
khalil halil khaleel
jamal gamal djamel cemal jamaal
jalal galal celal
kamal kamel kemal
karim kareem kerim abdulkarim
rahim raheem
rahman rehman rahmaan
rashid rasheed rachid resid
salah
saleh salih
said saeed sayeed
sami
samir sameer
tariq tarik tarek tareq
walid waleed
bilal bilaal belal
faisal faysal faycal feisal
farid fareed ferid
fawzi fauzi fevzi
habib habeeb
hadi
idris idriss
imad emad
issa isa
jaafar jafar cafer jaffar
mahdi mehdi
mahmud mahmoud mehmood mahmood
majid majeed
mansur mansour mansoor
mustafa mostafa moustafa mustapha
nabil nabeel
nasir naser nasser nasr
nasim naseem
omid
qasim qassem ghasem kasim qassim
reza rida ridha riza
sadiq sadegh sadik
sharif sherif shareef
suhail sohail
taha
yaqub yaqoub yakub yaghoub
yasin yassin yaseen
yasir yasser
zahir zaher
zahid
zaid zayd zeid
park pak bak
lee yi ri rhee
choi choe
cho jo
yoon yun
lim rim
shin sin
roh noh
kang gang
ziad ziyad
fatima fatimah fatma fatemeh fatoumata
khadija khadijah hatice
zainab zaynab zeinab zeynep
maryan
amina aminah
amin ameen
layla leila laila
nur noor nour
yusuf yousef youssef yousuf joseph
ibrahim ebrahim abraham
ismail esmail ismael
musa moussa moses
suleiman sulayman soleiman suleyman solomon
usama osama oussama
umar omar oumar
uthman othman osman usman
yahya yehia yahia
aisha ayesha aicha
"""
NICKNAMES: dict[str, frozenset[int]] = {}
for _number, _line in enumerate(_NICKNAMES.split("\n")):
    for _word in _line.split():
        NICKNAMES[_word] = NICKNAMES.get(_word, frozenset()) | {_number}
"""A given name (or a Korean surname) and the groups of names that stand for one another in which it is. Two that are in
no group together are two names, however near their letters are (Hassan and Hussein, Mario and Maria).
"""
