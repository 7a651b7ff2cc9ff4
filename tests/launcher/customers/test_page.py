from __future__ import annotations

from launcher.customers.page import Page

PAGE = """
<a href="/laptops/1">one</a> <a>no link</a>
<form action="/search"><input name="q" value="usb"></form>
<form action="/basket" method="post">
  <input type="hidden" name="form" value="a&amp;b">
  <label><input type="radio" name="card" value="ok" checked> pays</label>
  <label><input type="radio" name="card" value="declined"> does not</label>
  <input name="quantity" type="number" value="2">
  <button type="submit" name="remove" value="1">Remove</button>
</form>
<input name="outside" value="of any form">
"""


def test_links_and_forms_are_those_of_the_page_in_their_order() -> None:
    page = Page(PAGE)

    assert page.links == ["/laptops/1"]
    assert [form.action for form in page.forms] == ["/search", "/basket"]
    assert not page.refreshes


def test_a_form_sends_what_is_hidden_filled_in_or_checked_and_no_button_that_nobody_clicked() -> None:
    form = Page(PAGE).form("/basket")

    assert form is not None
    assert form.fields == {"form": "a&b", "card": "ok", "quantity": "2"}
    assert Page(PAGE).form("/checkout") is None


def test_a_page_that_refreshes_says_so_without_javascript_too() -> None:
    assert Page('<noscript><meta http-equiv="refresh" content="2"></noscript>').refreshes
