"""Addresses to be told of the end of an analysis: taken with it, looked at and contacted by the worker alone."""

from __future__ import annotations

import re

from ..errors import Refusal
from ..services import Services

LONGEST_CALLBACK = 2000
CALLBACK = r"^https?://[^\s/?#\\@]+(/[^\s\\]*)?$"
"""Whether it may be contacted is seen when it is: a name may lead elsewhere by then."""


def must_be_callable(services: Services, owner: str, untrusted_url: str | None) -> str | None:
    """The address, if one was given and webhooks to it could be sent.

    Raises
    ------
    Refusal
        The operator has not turned webhooks on, the owner has no secret to sign them with, or it is no address.
    """
    if not untrusted_url:
        return None
    if not services.settings.webhooks:
        raise Refusal("webhooks_off", "This server sends no webhooks.", 403)
    if len(untrusted_url) > LONGEST_CALLBACK or not re.fullmatch(CALLBACK, untrusted_url, re.ASCII):
        raise Refusal("bad_request", "callback_url is the http or https address of your receiver.", 400)
    if services.webhooks.secret_since(owner) is None:
        raise Refusal(
            "no_webhook_secret", "Webhooks are signed: first make a secret on this server's page /webhooks.", 409
        )
    return untrusted_url


def call_when_ended(services: Services, analysis_id: str, url: str | None) -> None:
    """Have an address told of the end of an analysis; at once, where it has ended already.

    Raises
    ------
    Refusal
        As many as one analysis may have are waiting.
    """
    if url is None:
        return
    if services.webhooks.add(analysis_id, url) == "too many":
        raise Refusal("too_many_webhooks", "This analysis has as many webhooks waiting as it may have.", 409)
    for due in services.webhooks.due(analysis_id):
        services.jobs.run_errand("worker.deliver", due)
