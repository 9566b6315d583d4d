"""Words on the page: a server is added and tried, writes while one looks on, and what it sends stays text."""

from playwright.sync_api import expect

from tests.browser.conftest import open_tab
from tests.llm import server as model_server
from tests.llm import variants

HOSTILE = "Lanterns <img src=x onerror=alert(1)> & noodles"


def answer(asked):
    if "hello" in str(asked["messages"]):
        return "Hello <b>there</b>."
    return variants(HOSTILE, "Second title", hashtags=())


def test_a_language_model_from_its_address_to_the_caption(page, server, shots):
    """Add, test, use: the kinds it adds can be chosen, its words go into the post as plain text, and the
    lengths of networks follow the caption."""
    page.get_by_role("button", name="Add these three characters").click()
    expect(page.locator(".character-card")).to_have_count(3)
    with model_server(answer=answer, sees=False, models=["tiny <i>model</i>"]) as model:
        open_tab(page, "System")
        page.get_by_role("tab", name="Writers", exact=True).click()
        page.get_by_role("button", name="Add a server").click()
        form = page.get_by_role("form", name="Add a server")
        form.get_by_label("Name", exact=True).fill("Llama <u>here</u>")
        form.get_by_label("Address", exact=True).fill(model.address)
        form.get_by_label("Key", exact=True).fill("sk-secret-1234567")
        assert form.get_by_label("Key", exact=True).get_attribute("type") == "password"
        form.get_by_role("button", name="Add", exact=True).click()
        page.get_by_role("button", name="Test Llama").click()
        expect(page.locator(".writer-card .notice")).to_contain_text("does not see pictures", timeout=30_000)
        assert "sk-secret" not in page.content()
        shots("writers")

        open_tab(page, "Publish")
        page.locator("#writing").get_by_text("More words").click()
        desk = page.locator(".writing-root")
        expect(desk.get_by_label("Writer", exact=True)).to_contain_text("Llama")
        desk.get_by_label("Write", exact=True).select_option("title")
        expect(desk).to_contain_text("Nothing leaves this machine.")
        desk.get_by_role("button", name="Write", exact=True).click()
        expect(desk.locator(".variant")).to_have_count(2, timeout=30_000)
        desk.locator(".variant").first.click()
        expect(page.get_by_label("Title", exact=True)).to_have_value("Lanterns & noodles")
        page.fill("#publish-caption textarea", "é" * 290)
        expect(page.locator(".length.over")).to_contain_text(["X", "Bluesky"])
        shots("writing")
    page.locator(".writing-root").get_by_role("button", name="Write", exact=True).click()
    expect(page.locator(".writing-root .notice.bad")).to_contain_text("does not answer", timeout=30_000)
    assert page.locator("img[src=x], .writer-card b, .writer-card i, .writer-card u").count() == 0
