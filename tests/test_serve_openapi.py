from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance
from serve_support import SECRET, Server, start_server

from opportunity.serve import create_app, load_settings, new_key
from opportunity.serve.vendors import VENDORS

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

KEY, ENTRY = new_key("schemathesis")
HEADERS = {"authorization": f"Bearer {KEY}", "x-opportunity-token": SECRET}

NOT_ASKED = {"/v1/webhooks/{vendor}": [ignored_auth, positive_data_acceptance]}
"""The check for keys counts its own headers as none and has a test here; what a webhook holds is the vendor's form."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    secrets = {f"OPPORTUNITY_WEBHOOKS__{name.upper().replace('-', '_')}__SECRET": SECRET for name in VENDORS}
    environment = {
        "OPPORTUNITY_API_KEYS": ENTRY,
        "OPPORTUNITY_REQUESTS_PER_MINUTE": "1000000",
        "OPPORTUNITY_REQUEST_TIMEOUT": "60",
        **secrets,
    }
    with start_server(tmp_path_factory.mktemp("openapi"), **environment) as server:
        yield server


OPERATIONS = [
    (path, method)
    for path, operations in create_app(load_settings()).openapi()["paths"].items()
    for method in operations
]

RIGHT = [(*operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
WRONG = [(*operation, GenerationMode.NEGATIVE) for operation in OPERATIONS if operation[1] == "post"]


@pytest.mark.parametrize(("path", "method", "mode"), [*RIGHT, *WRONG])
def test_every_operation_does_what_its_description_says(
    server: Server, path: str, method: str, mode: GenerationMode
) -> None:
    operation = schemathesis.openapi.from_url(f"{server.url}/openapi.json")[path][method]

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=HEADERS, timeout=60, excluded_checks=NOT_ASKED.get(path, [ignored_auth]))

    check()


@pytest.mark.parametrize(
    ("path", "method"), [o for o in OPERATIONS if o[0] not in ("/healthz", "/v1/webhooks/{vendor}")]
)
def test_no_operation_answers_without_a_key(server: Server, path: str, method: str) -> None:
    assert httpx.request(method, f"{server.url}{path}").status_code == 401


def test_every_operation_is_described() -> None:
    assert {path for path, _ in OPERATIONS} == {
        "/v1/suggest",
        "/v1/suggest/batch",
        "/v1/check",
        "/v1/feedback",
        "/v1/model",
        "/v1/taxonomy",
        "/v1/webhooks/{vendor}",
        "/healthz",
        "/metrics",
    }
