"""Somebody buys in the stack as a person does, in a browser."""

from __future__ import annotations

import os
import secrets

import pytest

from launcher.demo.browser import browsing
from launcher.demo.browser_choice import find_browser
from launcher.stack.stack import Stack
from tests.browser.purchase import shops

pytestmark = [pytest.mark.engine, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_person_shops_from_sign_up_to_a_notification_and_staff_see_it(stack: Stack) -> None:
    """It leaves two accounts, an order, and three of a laptop behind: nobody else looks at these."""
    program = find_browser(os.environ)
    assert program is not None, "the marker keeps away who has none"
    staff = {"email": "shopkeeper@example.com", "password": secrets.token_urlsafe()}
    making = f"echo {staff['password']} | python -m services.accounts staff {staff['email']}"
    await stack.exec("accounts", "sh", "-c", making)
    async with browsing(program) as browser:
        await shops(browser, await stack.url("gateway", 8080), staff)
