"""Lists in their publishers' formats, written by us after their schemas; and everything that is wrong told at once."""

import pytest

from jindi.basics.problems import Problems
from jindi.parties.screening import Birth, Identifier, Name
from jindi.parties.screening.formats import (
    read_eu_csv,
    read_eu_xml,
    read_files,
    read_ofac,
    read_own_csv,
    read_own_toml,
    read_un,
)

UN = """<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-11-01T00:00:09Z">
  <INDIVIDUALS>
    <INDIVIDUAL>
      <DATAID>1</DATAID><FIRST_NAME>ANTON</FIRST_NAME><SECOND_NAME>BERG</SECOND_NAME><THIRD_NAME>MARIA</THIRD_NAME>
      <UN_LIST_TYPE>XX</UN_LIST_TYPE><REFERENCE_NUMBER>XXi.001</REFERENCE_NUMBER><LISTED_ON>2012-12-31</LISTED_ON>
      <NAME_ORIGINAL_SCRIPT>Антон Берг</NAME_ORIGINAL_SCRIPT><COMMENTS1>Nobody real.</COMMENTS1>
      <NATIONALITY><VALUE>Utopia</VALUE></NATIONALITY>
      <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Toni Berg; Tony Berg</ALIAS_NAME></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The Hill</ALIAS_NAME></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1970-03-14</DATE></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1968</FROM_YEAR><TO_YEAR>1972</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_PLACE_OF_BIRTH><CITY>Hilltown</CITY><COUNTRY>Utopia</COUNTRY></INDIVIDUAL_PLACE_OF_BIRTH>
      <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>X1234567</NUMBER><ISSUING_COUNTRY>Utopia</ISSUING_COUNTRY></INDIVIDUAL_DOCUMENT>
    </INDIVIDUAL>
  </INDIVIDUALS>
  <ENTITIES>
    <ENTITY><DATAID>2</DATAID><FIRST_NAME>HILL TRADING</FIRST_NAME><REFERENCE_NUMBER>XXe.001</REFERENCE_NUMBER>
      <ENTITY_ADDRESS><CITY>Hilltown</CITY><COUNTRY>Utopia</COUNTRY></ENTITY_ADDRESS></ENTITY>
  </ENTITIES>
</CONSOLIDATED_LIST>
"""
EU = """<?xml version="1.0" encoding="UTF-8"?>
<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-11-02T10:00:00.000+01:00">
  <sanctionEntity euReferenceNumber="EU.1.1" logicalId="1">
    <regulation programme="UTO" publicationDate="2014-03-17"/>
    <subjectType code="person" classificationCode="P"/>
    <nameAlias wholeName="Anton Berg" strong="true"/>
    <nameAlias wholeName="Toni" strong="false"/>
    <citizenship countryDescription="UTOPIA"/>
    <birthdate circa="false" birthdate="1970-03-14" city="Hilltown" countryDescription="UTOPIA"/>
    <identification identificationTypeDescription="National passport" number="X1234567" countryDescription="UTOPIA"/>
    <remark>Nobody real.</remark>
  </sanctionEntity>
</export>
"""
EU_CSV = """fileGenerationDate;Entity_LogicalId;Entity_EU_ReferenceNumber;Entity_SubjectType;NameAlias_WholeName;\
BirthDate_BirthDate;Citizenship_CountryDescription
02/11/2026;1;EU.1.1;P;Anton Berg;;
02/11/2026;1;EU.1.1;P;Toni Berg;;
02/11/2026;1;EU.1.1;P;;1970-03-14;UTOPIA
02/11/2026;2;EU.1.2;E;Hill Trading;;
"""
SDN = (
    '1,"BERG, Anton","individual","XX] [YY",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    '"DOB 14 Mar 1970; alt. DOB 1971; POB Hilltown, Utopia; '
    "nationality Utopia; Passport X1234567 (Utopia) expires 2030; a.k.a. 'THE HILL'.\"\n"
    '2,"HILL STAR","vessel","XX",-0- ,"ABCD1","Tanker",-0- ,-0- ,"Utopia",-0- ,'
    '"Vessel Registration Identification IMO 9187629."\n'
)
ALT = '1,11,"aka","BERG, Toni",-0- \n'
ADD = '1,21,"1 Hill Road","Hilltown","Utopia",-0- \n'


def test_a_list_of_the_un_is_read_whole():
    watch = read_un(UN.encode(), "un.xml")
    assert (watch.published_on, len(watch.entries)) == ("2026-11-01", 2)
    berg = watch.entries["XXi.001"]
    assert berg.names == (
        Name("ANTON BERG MARIA"),
        Name("Антон Берг", "strong"),
        Name("Toni Berg", "strong"),
        Name("Tony Berg", "strong"),
        Name("The Hill", "weak"),
    )
    assert berg.births == (Birth("1970-03-14"), Birth("", 1968, 1972))
    assert (berg.kind, berg.countries, berg.birth_places) == ("person", ("Utopia",), ("Hilltown, Utopia",))
    assert berg.identifiers == (Identifier("passport", "X1234567", "Utopia"),)
    assert (berg.programmes, berg.listed_on) == (("XX",), "2012-12-31")
    assert watch.entries["XXe.001"].kind == "entity"
    assert watch.entries["XXe.001"].addresses == ("Hilltown, Utopia",)


def test_a_list_of_the_eu_is_read_from_xml_and_from_csv():
    berg = read_eu_xml(EU.encode(), "eu.xml").entries["EU.1.1"]
    assert berg.names == (Name("Anton Berg"), Name("Toni", "weak"))
    assert (berg.births, berg.countries, berg.listed_on) == ((Birth("1970-03-14"),), ("UTOPIA",), "2014-03-17")
    assert berg.identifiers == (Identifier("passport", "X1234567", "UTOPIA"),)
    watch = read_eu_csv(EU_CSV, "eu.csv")
    assert watch.published_on == "2026-11-02"
    assert [each.text for each in watch.entries["EU.1.1"].names] == ["Anton Berg", "Toni Berg"]
    assert watch.entries["EU.1.1"].births == (Birth("1970-03-14"),)
    assert watch.entries["EU.1.2"].kind == "entity"


def test_ofac_s_three_files_are_one_list():
    watch = read_ofac(SDN, "sdn.csv", ALT, ADD)
    berg, ship = watch.entries["1"], watch.entries["2"]
    assert berg.names == (Name("BERG, Anton"), Name("BERG, Toni", "strong"), Name("THE HILL", "weak"))
    assert berg.births == (Birth("1970-03-14"), Birth("1971"))
    assert (berg.birth_places, berg.countries) == (("Hilltown, Utopia",), ("Utopia",))
    assert berg.identifiers == (Identifier("passport", "X1234567", "Utopia"),)
    assert (berg.programmes, berg.addresses) == (("XX", "YY"), ("1 Hill Road, Hilltown, Utopia",))
    assert ship.kind == "vessel"
    assert Identifier("imo", "9187629") in ship.identifiers


OWN = """published_on = "2026-11-01"
[[entry]]
id = "1"
kind = "person"
name = "单雄信"
aliases = ["SHAN Xiongxin"]
weak_aliases = ["老单"]
births = ["1970-03-14", "circa 1971"]
identifiers = ["passport:E12345678"]
"""
OWN_CSV = (
    "id,kind,name,aliases,births,identifiers\n1,person,单雄信,SHAN Xiongxin|Shan X.,1970-03-14,passport:E12345678\n"
)


def test_our_own_formats_say_the_same():
    toml, table = (
        read_own_toml(OWN, "own.toml", "own").entries["1"],
        read_own_csv(OWN_CSV, "own.csv", "own").entries["1"],
    )
    assert toml.names == (Name("单雄信"), Name("SHAN Xiongxin", "strong"), Name("老单", "weak"))
    assert toml.births == (Birth("1970-03-14"), Birth("", 1970, 1972))
    assert toml.identifiers == table.identifiers == (Identifier("passport", "E12345678"),)


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (
            lambda: read_un(
                UN.replace("<REFERENCE_NUMBER>XXi.001</REFERENCE_NUMBER>", "")
                .replace("<DATAID>1</DATAID>", "")
                .replace("HILL TRADING", "")
                .encode(),
                "un.xml",
            ),
            ["un.xml: line 4: has no reference number", "un.xml: line 19: has no name"],
        ),
        (lambda: read_un(b"<CONSOLIDATED_LIST><INDIVIDUALS>", "un.xml"), ["un.xml: line 1: is no XML"]),
        (
            lambda: read_un(b'<!DOCTYPE x [<!ENTITY a "b">]><CONSOLIDATED_LIST/>', "un.xml"),
            ["un.xml: line 1: declares a document type"],
        ),
        (lambda: read_un(b"<CONSOLIDATED_LIST/>", "un.xml"), ["un.xml: lists nobody"]),
        (lambda: read_eu_xml(EU.replace('logicalId="1"', "").encode(), "eu.xml"), ["eu.xml: line 3: has no logicalId"]),
        (lambda: read_eu_csv("a;b\n", "eu.csv"), ["eu.csv: line 1: no column Entity_LogicalId"]),
        (
            lambda: read_ofac(SDN.replace('"individual"', '"robot"') + "x,y\n", "sdn.csv"),
            ["sdn.csv: line 1: an unknown type", "sdn.csv: line 3: sdn.csv: not a row of this layout"],
        ),
        (
            lambda: read_ofac(SDN, "sdn.csv", '9,1,"aka","X",-0-\n'),
            ["sdn.csv: line 1: an alias (ALT) of an entry that is not"],
        ),
        (
            lambda: read_own_toml(
                OWN.replace('"person"', '"robot"').replace("1970-03-14", "soon") + "colour = 1\n", "own.toml", "own"
            ),
            [
                "own.toml: line 2: births: no date",
                "own.toml: line 2: colour: no text",
                "own.toml: line 2: kind: not known",
            ],
        ),
        (
            lambda: read_own_csv("id,name,x\n1,,2\n1,A,\n", "own.csv", "own"),
            ["own.csv: line 2: name: missing", "own.csv: line 2: x: not known"],
        ),
        (lambda: read_own_csv("id\n", "own.csv", "own"), ["own.csv: line 1: no column name"]),
        (lambda: read_files({"a.csv": OWN_CSV.encode(), "b/a.csv": OWN_CSV.encode()}), ["a: two lists have this name"]),
        (lambda: read_files({"alt.csv": ALT.encode()}), ["alt.csv: aliases or addresses without their list"]),
        (lambda: read_files({"list.pdf": b"%PDF"}), ["list.pdf: not a list that is known here"]),
        (lambda: read_files({}), ["no list is given"]),
    ],
)
def test_all_that_is_wrong_is_told_with_its_line(read, told):
    with pytest.raises(Problems) as refused:
        read()
    said = [str(each) for each in refused.value.problems]
    assert all(any(line.startswith(each) for line in said) for each in told), said
    assert not any("Berg" in line or "单" in line for line in said)
    assert all("(" in line for line in said), "every problem has a remedy"


def test_files_are_known_by_what_is_in_them():
    files = {
        "x/un.xml": UN,
        "x/eu.xml": EU,
        "x/sdn.csv": SDN,
        "x/alt.csv": ALT,
        "x/add.csv": ADD,
        "x/own.toml": OWN,
        "x/two.csv": OWN_CSV,
    }
    lists = {each.name: each for each in read_files({name: text.encode() for name, text in files.items()})}
    assert sorted(lists) == ["eu", "ofac", "own", "two", "un"]
    assert len(lists["ofac"].entries["1"].names) == 3


def test_the_same_list_is_the_same_version_wherever_it_lies():
    assert read_un(UN.encode(), "a.xml").version == read_un(UN.replace("\n", "\r\n").encode(), "b.xml").version
