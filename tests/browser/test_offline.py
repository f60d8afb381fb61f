"""The site as an app: installable, starts offline, keeps what was read, loses no file and sends none twice."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Playwright, expect
from playwright.sync_api import TimeoutError as OutOfPatience

from tests.browser.test_ways_in import REPORT, files, picture
from tests.driven import CHROMIUM, FLAGS, PATIENCE
from tests.webapp.given import animation

KEPT = "async () => (await caches.open('reports')).match(location.href, { ignoreVary: true })"
STATE_OF_KEEPING = """async () => JSON.stringify({
    address: location.pathname, online: navigator.onLine, served: Boolean(navigator.serviceWorker.controller),
    report: Boolean(document.querySelector("article.report")), asks: Boolean(document.querySelector("#rest[hx-get]")),
    kept: (await (await caches.open("reports")).keys()).map((one) => new URL(one.url).pathname),
    answers: await Promise.all([location.pathname, ...[...document.querySelectorAll("article.report [src]")].map(
        (one) => one.getAttribute("src"))].map(async (src) => `${src} ${(await fetch(src)).status}`)),
})"""
OFFLINE = "net::ERR_"  # Chromium logs every request that nothing could answer
WAITING = """async () => {
    const outbox = await import(document.querySelector('link[href$="outbox.js"]').href);
    return (await outbox.all()).map((one) => one.state);
}"""


def ready(page: Page, address: str = "/") -> None:
    """Open a page and wait until the service worker serves it."""
    page.goto(address)
    page.evaluate(
        """async () => {
            await navigator.serviceWorker.ready;
            while (!navigator.serviceWorker.controller) await new Promise((next) => setTimeout(next, 20));
        }"""
    )


def kept(page: Page) -> Locator:
    """The lines of files that wait on this device."""
    return page.locator("#files .says", has_text="Kept on this device")


def wait_until_kept(page: Page) -> None:
    """A report that could not be kept when it was read is kept when it is read again; what stood in the way is told."""
    for _ in range(4):
        try:
            page.wait_for_function(KEPT, timeout=PATIENCE / 4)
            return
        except OutOfPatience:
            warnings.warn(f"not kept yet: {page.evaluate(STATE_OF_KEEPING)}", stacklevel=2)
            page.reload()
            expect(page.locator(REPORT)).to_be_visible()
    page.wait_for_function(KEPT)


def checks(page: Page) -> int:
    """How many checks this browser has on the server, by its history."""
    text = page.request.get("/history").text()
    return len(set(re.findall(r'href="/analyses/([\w-]{22})"', text)))


def share(page: Page, data: bytes | None) -> None:
    """What Android does when another app shares a file to this one: a POST of a form, without any token."""
    page.evaluate(
        """(bytes) => {
            const form = Object.assign(document.createElement("form"), {
                action: "/share", method: "post", enctype: "multipart/form-data",
            });
            const input = Object.assign(document.createElement("input"), { type: "file", name: "file" });
            if (bytes) {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], "shared.png", { type: "image/png" }));
                input.files = data.files;
            }
            form.append(input);
            document.body.append(form);
            form.submit();
        }""",
        list(data) if data else None,
    )


@pytest.fixture
def profile(playwright: Playwright, site: str, tmp_path: Path) -> Iterator[Callable[[], BrowserContext]]:
    """A browser that keeps its data on disk: each call closes it and starts it anew."""
    open_now: list[BrowserContext] = []

    def start() -> BrowserContext:
        for context in open_now:
            context.close()
        open_now[:] = [
            playwright.chromium.launch_persistent_context(
                tmp_path / "profile", executable_path=CHROMIUM, args=FLAGS, base_url=site
            )
        ]
        open_now[0].set_default_timeout(PATIENCE)
        return open_now[0]

    yield start
    for context in open_now:
        context.close()


def test_browsers_offer_to_install_it(profile):
    page = profile().new_page()
    ready(page)
    devtools = page.context.new_cdp_session(page)
    found = devtools.send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["manifest"]["shareTarget"]["action"].endswith("/share")
    assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []


def test_it_starts_offline_and_reads_what_was_read_until_that_is_deleted(visit, look):
    one = visit(390, 844)
    one.forgives = OFFLINE
    page = one.page
    ready(page)
    page.set_input_files("#file", files(a_png=picture()))
    expect(page.locator(REPORT)).to_be_visible()
    address = page.url
    wait_until_kept(page)
    expect(page.locator("#rest[hx-get]")).to_have_count(0)  # it asks no more
    title = page.locator("h1").inner_text()

    one.context.set_offline(True)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("made by")
    page.goto("/history")
    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    look(page, "offline-390-dark")
    page.locator("#kept a").click()
    expect(page.locator("h1")).to_have_text(title)
    page.goto(address)
    shown = page.locator(f"{REPORT} img[src^='/analyses/']")
    assert shown.count() > 1
    shown.first.scroll_into_view_if_needed()
    expect(shown.first).to_have_js_property("complete", True)
    assert shown.first.evaluate("(image) => image.naturalWidth") > 0

    one.context.set_offline(False)
    page.goto(address)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete this report").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("made by")
    one.context.set_offline(True)
    page.goto(address)
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_files_chosen_offline_survive_the_browser_and_are_sent_once(profile):
    context = profile()
    page = context.new_page()
    ready(page)
    context.set_offline(True)
    page.set_input_files("#file", files(a_png=picture(), b_png=picture()))
    expect(kept(page)).to_have_count(2)
    page.goto("/")  # from the cache
    expect(kept(page)).to_have_count(2)

    context = profile()
    page, other = context.new_page(), context.new_page()
    page.goto("/")
    other.goto("/")  # two pages at once, one sender
    for name in ("a.png", "b.png"):
        expect(page.locator("#files li", has_text=name).get_by_role("link", name="Report")).to_be_visible()
    assert page.evaluate(WAITING) == []
    assert checks(page) == 2


def test_an_animation_kept_offline_is_still_to_be_looked_at_as_a_clip(visit):
    one = visit()
    one.forgives = OFFLINE
    page = one.page
    ready(page)
    page.goto("/?as_clip=true")  # as the report of an animation offers it
    expect(page.locator("#upload").get_by_label("look at every frame")).to_be_checked()
    one.context.set_offline(True)
    page.set_input_files("#file", files(a_gif=animation()))
    expect(kept(page)).to_be_visible()
    page.goto("/")  # from the cache, without the box
    one.context.set_offline(False)
    expect(page.locator(REPORT)).to_be_visible()
    expect(page.get_by_role("heading", name="Over time")).to_be_visible()


def test_a_lost_answer_makes_no_second_check(visit):
    one = visit()
    one.forgives = OFFLINE
    page = one.page
    ready(page)

    def lose(route):
        route.fetch(max_redirects=0)  # the server has it
        route.abort()

    page.route("**/analyses", lose, times=1)
    page.set_input_files("#file", files(a_png=picture()))
    expect(kept(page)).to_be_visible()
    page.reload()
    expect(page.locator(REPORT)).to_be_visible()
    assert checks(page) == 1


def test_the_worker_sends_in_the_background(visit, site):
    one = visit()
    one.forgives = OFFLINE
    page = one.page
    devtools = one.context.new_cdp_session(page)
    known = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda told: known.extend(told["registrations"]))
    devtools.send("ServiceWorker.enable")
    ready(page)
    one.context.set_offline(True)
    page.set_input_files("#file", files(a_png=picture()))
    expect(kept(page)).to_be_visible()
    page.goto("/install")  # a page that sends nothing by itself
    one.context.set_offline(False)
    deadline = time.monotonic() + PATIENCE / 1000
    while page.evaluate(WAITING) != ["sent"]:
        assert time.monotonic() < deadline
        if known:  # a worker that has not heard yet that it is online again fails, and the browser asks again later
            sync = {"registrationId": known[-1]["registrationId"], "tag": "outbox", "lastChance": False}
            devtools.send("ServiceWorker.dispatchSyncEvent", {"origin": site, **sync})
        page.wait_for_timeout(1000)
    assert checks(page) == 1
    page.goto("/")
    expect(page.locator(REPORT)).to_be_visible()
    assert page.evaluate(WAITING) == []


def test_what_another_app_shares_is_analyzed(visit):
    page = visit(390, 844).page
    ready(page)
    share(page, picture())
    expect(page.locator(REPORT)).to_be_visible()
    assert checks(page) == 1


def test_what_is_shared_offline_waits_and_an_empty_share_takes_nothing_away(visit, look):
    one = visit(390, 844, "light")
    one.forgives = OFFLINE
    page = one.page
    ready(page)
    one.context.set_offline(True)
    share(page, picture())
    expect(kept(page)).to_be_visible()
    share(page, None)
    expect(page.get_by_text("handed over no file")).to_be_visible()
    expect(kept(page)).to_be_visible()
    look(page, "waiting-390-light")
    one.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(REPORT)).to_be_visible()
    assert checks(page) == 1


def test_a_new_version_is_told_and_loaded_on_request(visit, look):
    page = visit().page
    ready(page)
    page.reload()
    expect(page.locator("#update")).to_be_hidden()
    page.evaluate("navigator.serviceWorker.register('/sw.js?another', { type: 'module' })")  # any other script will do
    expect(page.locator("#update")).to_be_visible()
    look(page, "update")
    with page.expect_navigation():
        page.get_by_role("button", name="Load it").click()
    # what is served from now on; the page offers its own script again, which is another one than that
    page.wait_for_function("() => navigator.serviceWorker.controller?.scriptURL.endsWith('?another')")


def test_the_button_that_installs_appears_with_the_browsers_offer(visit):
    page = visit().page
    page.goto("/")
    button = page.get_by_role("button", name="Install")
    expect(button).to_be_hidden()
    page.evaluate(
        """() => {
            const offer = new Event("beforeinstallprompt", { cancelable: true });
            offer.prompt = () => { document.body.dataset.asked = "yes"; };
            dispatchEvent(offer);
        }"""
    )
    button.click()
    expect(page.locator("body")).to_have_attribute("data-asked", "yes")
    expect(button).to_be_hidden()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_about_phones(visit, look, width, theme):
    page = visit(width, 844, theme).page
    page.goto("/install")
    expect(page.get_by_role("heading", name="iPhone and iPad")).to_be_visible()
    look(page, f"install-{width}-{theme}")


def test_the_first_page_is_light_and_comes_back_in_one_round_trip(visit):
    one = visit()
    page = one.page
    devtools = one.context.new_cdp_session(page)
    devtools.send("Network.enable")
    cached, weights = set(), {}
    devtools.on("Network.requestServedFromCache", lambda told: cached.add(told["requestId"]))
    devtools.on(
        "Network.responseReceived",
        lambda told: cached.add(told["requestId"]) if told["response"].get("fromDiskCache") else None,
    )
    devtools.on(
        "Network.loadingFinished", lambda told: weights.setdefault(told["requestId"], told["encodedDataLength"])
    )

    def fetched() -> list[float]:
        page.wait_for_load_state("networkidle")
        came = [weight for name, weight in weights.items() if name not in cached and weight]
        weights.clear()
        return came

    page.goto("/")
    cold = fetched()
    assert 10_000 < sum(cold) <= 150_000
    page.evaluate("navigator.serviceWorker.ready.then((one) => one.unregister())")  # the HTTP cache alone
    page.goto("/")
    assert len(fetched()) == 1
