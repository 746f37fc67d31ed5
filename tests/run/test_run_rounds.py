"""The platform's own rounds: they end when it does."""

import asyncio

import pytest

from shop_world import Shop, run


@pytest.mark.parametrize("turns", range(6))
def test_a_platform_ends_though_somebody_does_something_in_that_very_moment(turns):
    """What waits for a doing with a limit of time may take the end for the doing, and then wait for the next one."""

    async def go():
        async with Shop() as shop:
            await asyncio.sleep(0.01)
            shop.platform.acted.set()
            for _ in range(turns):
                await asyncio.sleep(0)
            await asyncio.wait_for(shop.platform.close(), 120)

    run(go())
