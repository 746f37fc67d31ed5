"""The pages of sources: what they say, who may read them, and that every basis leads there."""

from customers_world import CustomerWorld
from test_doors_links_console import shows, to

from jindi.access import Role
from shop_world import pay, run


def living(work, **more):
    async def go():
        async with CustomerWorld(**more) as world:
            await work(world)

    run(go())


def chinese(world):
    """Somebody who reads Chinese."""
    visit = world.visit()
    visit.http.cookies.set("jindi_lang", "zh")
    return visit


def test_all_sources_are_listed_with_what_rests_on_them_and_filtered_by_an_address():
    async def go(world):
        visit = world.visit()
        page = await visit.get("/console/sources")
        assert shows(page, "Anti-fraud Law", "主席令第119号", "2022-12-01", "in force", "Our own", "2 of 2 sources")
        assert shows(await visit.get("/console/sources?status=ours"), "Our own", "1 of 2 sources")
        assert shows(await visit.get("/console/sources?text=119"), "Anti-fraud Law", "1 of 2")
        assert shows(await visit.get("/console/sources?text=nothing"), "No source fits the filter")
        assert shows(await visit.get("/console/sources?status=gone"), "No source fits")
        assert to(await visit.post("/console/sources", text="119", status="ours")) == (
            "/console/sources?text=119&status=ours"
        )
        assert to(await visit.post("/console/sources", text="13812345678")) == "/console/sources", "no number in it"

    living(go)


def test_a_source_says_its_articles_in_our_words_and_what_rests_on_each():
    async def go(world):
        page = await world.visit().get("/console/sources/law")
        assert shows(page, "Abnormal accounts are watched.", 'id="a-18"', "/console/policies/transfer#small_gift")
        assert shows(page, "Nothing cites it.", "Standing Committee")
        assert shows(page, "&lt;b&gt;note&lt;/b&gt;"), "what a pack says is text"
        assert shows(page, 'href="https://example.org/law" rel="noreferrer noopener external"')
        assert "<b>note" not in page.text
        assert (await world.visit().get("/console/sources/nothing")).status_code == 404
        zh = await chinese(world).get("/console/sources/law")
        assert shows(zh, "监测异常账户。", "反诈法", "现行有效")

    living(go)


def test_whoever_may_not_read_policies_reads_no_sources_and_sees_a_basis_as_words():
    async def go(world):
        refused = set()
        for role in Role:
            visit = world.visit(f"x{role}", roles=(role,))
            answer = await visit.get("/console/sources")
            assert answer.status_code in (200, 403), role
            if answer.status_code == 403:
                assert (await visit.get("/console/sources/law")).status_code == 403
                assert "Abnormal accounts" not in (await visit.get("/console/sources/law")).text
                refused.add(role)
        assert refused
        assert refused < set(Role)

    living(go)


def test_every_basis_that_is_shown_leads_to_its_source_at_the_article():
    async def go(world):
        (decision,) = await world.happens(pay(2, "12000.00"))
        visit = world.visit()
        policy = await visit.get("/console/policies/transfer")
        law = (
            '<a class="cited" href="/console/sources/law">Anti-fraud Law</a> '
            '<a class="cited" href="/console/sources/law#a-18">Art. 18</a>: watched'
        )
        assert shows(policy, law)
        assert shows(policy, '<a class="cited" href="/console/sources/ours">to test with</a>')
        zh = await chinese(world).get("/console/policies/transfer")
        assert shows(
            zh,
            '<a class="cited" href="/console/sources/law">《反诈法》</a>',
            '<a class="cited" href="/console/sources/law#a-18">第十八条</a>：监测',
        )
        shown = await visit.get(f"/console/decisions/{decision}")
        assert shows(shown, '<a class="cited" href="/console/sources/ours">shop rules</a> 3')

    living(go)
