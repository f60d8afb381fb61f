"""Time stamps (RFC 3161): asked for by bytes, read again from bytes. What carries the bytes is the caller's.

``rfc3161-client`` is imported where it is needed: nothing else of a bundle needs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from cryptography import x509

REQUEST_TYPE, ANSWER_TYPE = "application/timestamp-query", "application/timestamp-reply"
LARGEST_ANSWER = 1 << 18


class StampRefused(Exception):  # noqa: N818 -- read as "except StampRefused": what is the case
    """There is no time stamp, or it is not one of this; the sentence says why (without its full stop)."""


@dataclass(frozen=True)
class Stamp:
    """A time stamp: when, by whom, and whether its signer's certificate leads to a trusted one."""

    when: str
    by: str
    trusted: bool


def request(message: bytes) -> bytes:
    """What a time-stamp authority is sent: nothing but the SHA-256 of the message."""
    client = _client()
    made: bytes = (
        client.TimestampRequestBuilder()
        .data(message)
        .hash_algorithm(client.HashAlgorithm.SHA256)
        .cert_request(cert_request=True)
        .nonce(nonce=False)  # its answer is bound to the message, and is as good when it is asked for again
        .build()
        .as_bytes()
    )
    return made


def read_stamp(answer: bytes, message: bytes, roots: Sequence[x509.Certificate] = ()) -> Stamp:
    """Read an authority's answer.

    Parameters
    ----------
    answer
        The response (DER).
    message
        What must have been stamped.
    roots
        Certificates of authorities that are trusted: without them nothing vouches for the time.

    Raises
    ------
    StampRefused
        The answer is none, or is about something else.
    """
    client = _client()
    try:
        response = client.decode_timestamp_response(answer)
        held = [x509.load_der_x509_certificate(one) for one in response.signed_data.certificates]
        signer = next(iter(response.signed_data.signer_infos))
        leaf = next(c for c in held if (c.issuer, c.serial_number) == (signer.issuer, signer.serial_number))
        when = response.tst_info.gen_time.astimezone(UTC).isoformat(timespec="seconds")
        about = response.tst_info.message_imprint.message
    except (ValueError, StopIteration, TypeError, AttributeError):
        raise StampRefused("it is no answer of a time-stamp authority") from None
    if about != hashlib.sha256(message).digest():
        raise StampRefused("it is about something else")
    return Stamp(when, leaf.subject.rfc4514_string(), trusted=_holds(client, response, message, held, roots))


def _holds(
    client: Any, response: Any, message: bytes, held: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> bool:
    """Whether its signature is right, and the signer's certificate leads to one of these and is for stamping."""
    if not roots:
        return False
    between = [one for one in held if one not in roots]
    try:
        verifier = client.VerifierBuilder(intermediates=between, roots=list(roots)).build()
        return bool(verifier.verify_message(response, message))
    except (client.VerificationError, ValueError):
        return False


def _client() -> Any:
    try:
        import rfc3161_client  # noqa: PLC0415 -- see the module's docstring
    except ImportError:
        raise StampRefused("rfc3161-client, which reads time stamps, is not installed") from None
    return rfc3161_client
