"""Evidence that lasts, in front of a person: seen before, notes, reviews, bundles, versions, webhooks, batches."""

from __future__ import annotations

import io
import re
import secrets
import time

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.driven import PATIENCE, serve
from webapp.storage.accounts import Accounts, Role
from webapp.storage.store import Store
from webapp.storage.webhooks import Webhooks

FORMS = {"desk": (1280, 900), "phone": (390, 844)}
LOOKS = [(form, theme) for form in FORMS for theme in ("dark", "light")]
NOBODY = "https://127.0.0.1/" + "a" * 200  # inside: it is refused, and nothing is sent; and it is long


@pytest.fixture(scope="module")
def turned_on(tmp_path_factory):
    """The product with accounts and with all that is off by default; its authority is one that cannot be had."""
    with serve(
        tmp_path_factory.mktemp("evidence"),
        AUTH="1", SEEN_BEFORE="own", WEBHOOKS="1", TIME_STAMP_URL="http://127.0.0.1:9/", SKIP_COMPONENTS="deep",
    ) as served:  # fmt: skip
        yield served


@pytest.fixture(scope="module")
def site(turned_on):
    """What the browsers of this file visit."""
    return turned_on.address


@pytest.fixture(scope="module")
def store(turned_on):
    """The database of the product."""
    opened = Store(f"sqlite:///{turned_on.folder / 'detector.db'}")
    yield opened
    opened.close()


def copy_of(photo):
    """The same picture, saved anew."""
    out = io.BytesIO()
    with Image.open(photo) as picture:
        picture.convert("RGB").save(out, "JPEG", quality=70)
    return out.getvalue()


@pytest.fixture(scope="module")
def reviewer(chromium, site, store, photo):
    """A reviewer with two reports of one picture and a webhook that waits; what their browser remembers, and where."""
    key = Accounts(store).add(f"Ada {secrets.token_hex(3)}", Role.REVIEWER)  # a second try makes another one
    context = chromium.new_context(base_url=site)
    context.set_default_timeout(PATIENCE)

    def post(path, source, **form):
        token = re.search(r'name="csrf_token" value="([^"]+)', context.request.get(source).text())[1]
        return context.request.post(path, multipart={"csrf_token": token, **form}, max_redirects=0)

    assert post("/sign-in", "/sign-in", key=key).status == 303
    reports = []
    for data in (photo.read_bytes(), copy_of(photo)):
        part = {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": data}
        reports.append(post("/analyses", "/", file=part).headers["location"])
        deadline = time.monotonic() + 2 * PATIENCE / 1000
        while (found := context.request.get(f"{reports[-1]}/report.json")).status != 200 or found.json()["pending"]:
            assert time.monotonic() < deadline
            time.sleep(0.25)
    hooks = Webhooks(store)
    hooks.make_secret(Accounts(store).with_key(key).id)
    for at in range(2):
        hooks.add(reports[at].rpartition("/")[2], f"{NOBODY}/{at}")
    state = context.storage_state()
    context.close()
    return state, reports


@pytest.fixture
def opened(visit, reviewer):
    """A browser in which the reviewer is signed in."""

    def open_one(form, theme, **options):
        return visit(*FORMS[form], theme, storage_state=reviewer[0], **options)

    return open_one


@pytest.mark.parametrize(("form", "theme"), LOOKS)
def test_a_copy_is_seen_again_and_people_say_what_it_is(opened, look, reviewer, form, theme):
    page = opened(form, theme).page
    page.goto(reviewer[1][1])
    expect(page.get_by_text("Seen before").first).to_be_visible()
    expect(page.locator(f"a[href='{reviewer[1][0]}']").first).to_be_visible()
    page.get_by_text("You are a reviewer").click()
    page.get_by_label("Your note").fill(f"Sent by a reader, {form} {theme}.")
    look(page, f"remarks-{form}-{theme}")
    page.get_by_role("button", name="Keep the note").click()
    page.wait_for_url("**#remarks")
    expect(page.get_by_label("Your note")).to_have_value(f"Sent by a reader, {form} {theme}.")
    page.get_by_text("You are a reviewer").click()
    page.locator("#remarks input[value=confirmed_genuine]").check()
    page.get_by_label("How this is known").fill(f"The photographer’s own file, {form} {theme}")
    page.get_by_role("button", name="Say this").click()
    expect(page.locator(".reviewed .said")).to_have_text(f"The photographer’s own file, {form} {theme}")
    look(page, f"reviewed-{form}-{theme}")


@pytest.mark.parametrize(("form", "theme"), LOOKS)
def test_a_bundle_is_taken_and_checked(opened, look, reviewer, form, theme):
    one = opened(form, theme, accept_downloads=True)
    one.forgives = "status of 422"  # Chromium logs it as an error
    page = one.page
    page.goto(reviewer[1][0])
    page.get_by_role("link", name="Evidence bundle").click()
    page.get_by_role("heading", name="Evidence bundle", level=1).wait_for()
    page.get_by_text("could not be had. The bundle says so.").wait_for()
    look(page, f"bundle-{form}-{theme}")
    with page.expect_download() as got:
        page.get_by_role("link", name="Download the bundle").click()
    bundle = got.value.path().read_bytes()
    page.set_input_files("#judged", {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"x"})  # it goes nowhere yet
    page.get_by_role("button", name="Ask for a time stamp").click()
    page.get_by_role("status").filter(has_text="is being asked").wait_for()
    page.goto("/verify")
    look(page, f"verify-{form}-{theme}")
    check(page, bundle)
    page.get_by_role("heading", name="It holds").wait_for()
    page.get_by_text("A time stamp was asked for on").wait_for()
    look(page, f"verify-holds-{form}-{theme}")
    check(page, bundle.replace(b'"score":', b'"scare":', 1))
    page.get_by_role("alert").filter(has_text="does not hold").wait_for()
    look(page, f"verify-broken-{form}-{theme}")


def check(page, bundle):
    page.set_input_files("#bundle", {"name": "bundle.zip", "mimeType": "application/zip", "buffer": bundle})
    page.get_by_role("button", name="Check it").click()


@pytest.mark.parametrize(("form", "theme"), LOOKS)
def test_versions_say_what_changed(opened, look, form, theme):
    page = opened(form, theme).page
    page.goto("/versions")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look(page, f"versions-{form}-{theme}")


@pytest.mark.parametrize(("form", "theme"), LOOKS)
def test_webhooks_show_their_secret_once_and_what_came_of_each(opened, look, reviewer, form, theme):
    page = opened(form, theme).page
    page.goto("/webhooks")
    deadline = time.monotonic() + PATIENCE / 1000
    while page.get_by_text("may not be contacted").count() < 2:  # until a worker has tried them
        assert time.monotonic() < deadline
        time.sleep(0.5)
        page.reload()
    look(page, f"webhooks-{form}-{theme}")
    page.get_by_role("button", name="Make a new secret").click()
    expect(page.locator("#secret")).to_have_text(re.compile(r"whsec_[\w+/=]{44}"))
    look(page, f"webhooks-secret-{form}-{theme}")
    page.goto("/webhooks")
    expect(page.locator("#secret")).to_have_count(0)
    page.goto("/privacy")
    page.get_by_text("The address is sent the id of the analysis").wait_for()
    look(page, f"privacy-{form}-{theme}")


@pytest.mark.parametrize(("form", "theme"), LOOKS)
def test_a_table_of_addresses_is_followed_to_its_end(opened, look, tmp_path, form, theme):
    table = tmp_path / "addresses.csv"
    table.write_text(f"name,url\na,http://10.0.0.1/{form}/{theme}/a.jpg\nb,http://10.0.0.1/{form}/{theme}/b.jpg\n")
    page = opened(form, theme).page
    page.goto("/")
    page.get_by_role("link", name="Many addresses at once").click()
    page.get_by_role("heading", name="Many addresses at once").wait_for()
    look(page, f"batch-{form}-{theme}")
    page.set_input_files("#table", table)
    page.get_by_role("button", name="Check them").click()
    expect(page.get_by_text("This address cannot be fetched")).to_have_count(2)
    look(page, f"batch-started-{form}-{theme}")
