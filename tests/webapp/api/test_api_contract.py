"""The description of the API against the API: nothing undescribed, nothing described wrongly."""

from __future__ import annotations

import json
import re

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.webapp.given import lens, report, upload
from webapp.storage.rows import EncodedReport
from webapp.storage.tokens import Tokens

load_all_checks()
HELD = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "missing_required_header",
    "allow_header_conformance",
    "positive_data_acceptance",
)


@pytest.fixture
def described(client):
    return client.get("/api/v1/openapi.json").json


@pytest.fixture
def secret(doors):
    return doors.tokens.issue("somebody", "a test")


@pytest.fixture
def known(doors):
    """An ended analysis of that owner."""
    analysis_id = doors.store.create("somebody", upload(), "0" * 64 + ":1")
    doors.store.start(analysis_id)
    doors.store.finish(analysis_id, EncodedReport.of(report()), {"ela": lens()})
    return analysis_id


def test_every_route_is_described_and_every_description_is_routed(app, described):
    routed = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    told = {
        (path, method) for path, methods in described["paths"].items() for method in methods if method != "parameters"
    }
    assert routed == told


def test_the_description_is_openapi_31(described):
    assert described["openapi"] == "3.1.0"
    dialect = "https://json-schema.org/draft/2020-12/schema"
    for schema in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": dialect, **schema})


def test_both_ways_in_tell_of_clips(described):
    form, json_body = described["paths"]["/api/v1/analyses"]["post"]["requestBody"]["content"].values()
    told = form["schema"]["properties"]["as_clip"]
    assert (told["type"], told["default"]) == ("boolean", False)
    assert json_body["schema"]["$ref"].endswith("/AddressBody")
    assert described["components"]["schemas"]["AddressBody"]["properties"]["as_clip"] == told


def validator(described, name):
    return jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", "components": described["components"]})


def test_real_answers_are_as_described(client, described, secret, known):
    headers = {"Authorization": f"Bearer {secret}"}
    for path, name in (
        (f"/analyses/{known}", "Check"),
        (f"/analyses/{known}/report", "Report"),
        ("/token", "TokenFacts"),
        ("/history.json", "Export"),
    ):
        answer = client.get(f"/api/v1{path}", headers=headers)
        validator(described, name).validate(json.loads(answer.data))
    with pytest.raises(jsonschema_rs.ValidationError):
        validator(described, "Check").validate({"id": 5})


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_generated_requests_get_described_answers(app, secret, known, mode, monkeypatch):
    monkeypatch.setattr(Tokens, "revoke", lambda *_: True)  # a token that ends itself would end this test
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operations = [one.ok() for one in schema.get_all_operations()]
    assert len(operations) == 20  # all but the one that answers with the description itself
    statuses = set()
    for operation in operations:
        if mode == GenerationMode.NEGATIVE and operation.label == "GET /api/v1/key":
            continue  # it takes nothing that could be wrong

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=8, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        def ask(case):
            if mode == GenerationMode.POSITIVE and case.method != "DELETE" and "analysis_id" in case.path_parameters:
                case.path_parameters["analysis_id"] = known
            answer = case.call(headers={"Authorization": f"Bearer {secret}"})
            is_file = case.media_type == "multipart/form-data"  # random bytes are no picture: they are rightly refused
            held = [name for name in HELD if not (is_file and name == "positive_data_acceptance")]
            case.validate_response(answer, checks=[CHECKS.get_one(name) for name in held])
            statuses.add(answer.status_code)

        ask()
    assert statuses >= ({200, 202} if mode == GenerationMode.POSITIVE else {400, 404})
