"""The programs round the services accept their configuration, as it is in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observability.surroundings.programs import program, said
from tests.observability.surroundings.system import FILES, moved


def configuration(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FILES / f"{name}.yaml").read_text())
    return document


@pytest.mark.jaeger
@pytest.mark.parametrize("name", ["collector", "jaeger"])
def test_the_program_accepts_its_file(name: str) -> None:
    answer = said(program("jaeger"), "validate", "--config", FILES / f"{name}.yaml")
    assert answer.returncode == 0, answer.stderr


@pytest.mark.jaeger
def test_a_share_that_is_no_number_is_refused() -> None:
    answer = said(program("jaeger"), "validate", "--config", FILES / "collector.yaml", SAMPLED_PERCENT="some")
    assert answer.returncode != 0
    assert "sampling_percentage" in answer.stderr


@pytest.mark.promtool
def test_prometheus_accepts_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("")
    text = (FILES / "prometheus.yaml").read_text()
    changes = {"/run/secrets/consul-token": str(tmp_path / "token"), "rules/*.yaml": str(FILES / "rules" / "*.yaml")}
    (tmp_path / "prometheus.yaml").write_text(moved(text, changes))
    answer = said(program("promtool"), "check", "config", "--lint-fatal", tmp_path / "prometheus.yaml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("name", ["collector", "jaeger"])
def test_every_pipeline_is_protected_and_batched(name: str) -> None:
    for pipeline, parts in configuration(name)["service"]["pipelines"].items():
        assert parts["processors"][0] == "memory_limiter", pipeline
        assert parts["processors"][-1] == "batch", pipeline


def test_every_exporter_that_sends_has_a_bounded_queue_and_gives_up() -> None:
    exporters = configuration("collector")["exporters"]
    sending = {name: settings for name, settings in exporters.items() if name.startswith("otlp")}
    assert sending.keys() == {"otlp/jaeger", "otlphttp/console"}
    for settings in sending.values():
        assert 0 < settings["sending_queue"]["queue_size"] <= 1000
        assert settings["retry_on_failure"]["max_elapsed_time"] == "60s"


def test_spans_are_counted_before_any_is_sampled_away() -> None:
    pipelines = configuration("collector")["service"]["pipelines"]
    assert {"spanmetrics", "forward", "otlphttp/console"} == set(pipelines["traces"]["exporters"])
    assert "tail_sampling" not in pipelines["traces"]["processors"]
    assert "otlp/jaeger" in pipelines["traces/sampled"]["exporters"]


def test_grafana_finds_what_it_is_provisioned_with() -> None:
    provisioning = FILES / "grafana" / "provisioning"
    document = yaml.safe_load((provisioning / "datasources" / "datasources.yaml").read_text())
    sources = {source["uid"]: source for source in document["datasources"]}
    assert {(source["type"], source["url"]) for source in sources.values()} == {
        ("prometheus", "http://prometheus:9090"),
        ("jaeger", "http://jaeger:16686"),
    }
    assert [link["datasourceUid"] for link in sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]] == [
        "jaeger"
    ]
    interval = configuration("prometheus")["global"]["scrape_interval"]
    assert sources["prometheus"]["jsonData"]["timeInterval"] == interval
