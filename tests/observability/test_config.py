from __future__ import annotations

import logging

import pytest

from discovery.errors import ConfigError
from observability.config import Exposure, LogFormat, TelemetryConfig


def test_nothing_said_means_no_export_and_lines_at_info() -> None:
    config = TelemetryConfig.from_env({})
    assert (config.traces, config.metrics, config.logs) == ("", "", "")
    assert config.log_format is None
    assert config.log_level == logging.INFO


def test_one_endpoint_serves_all_signals_below_its_own_path() -> None:
    config = TelemetryConfig.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/otlp/"})
    assert config.traces == "http://collector:4318/otlp/v1/traces"
    assert config.metrics == "http://collector:4318/otlp/v1/metrics"
    assert config.logs == "http://collector:4318/otlp/v1/logs"


def test_a_signals_own_endpoint_is_taken_as_it_is() -> None:
    config = TelemetryConfig.from_env(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces:9999/in",
        }
    )
    assert config.traces == "http://traces:9999/in"
    assert config.metrics == "http://collector:4318/v1/metrics"
    only = TelemetryConfig.from_env({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://logs:1/v1/logs"})
    assert (only.traces, only.metrics, only.logs) == ("", "", "http://logs:1/v1/logs")


def test_a_disabled_sdk_exports_nothing() -> None:
    config = TelemetryConfig.from_env(
        {
            "OTEL_SDK_DISABLED": "TRUE",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces:9999/in",
        }
    )
    assert (config.traces, config.metrics, config.logs) == ("", "", "")


def test_settings_are_read_whatever_their_case() -> None:
    config = TelemetryConfig.from_env(
        {
            "MESH_LOG": "JSON",
            "MESH_LOG_LEVEL": "Debug",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "0.5",
            "OTEL_BSP_MAX_QUEUE_SIZE": "4096",
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0.1",
        }
    )
    assert config.log_format is LogFormat.JSON
    assert config.log_level == logging.DEBUG
    assert config.timeout_s == 0.5
    assert config.queue_size == 4096


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        TelemetryConfig.from_env(
            {
                "MESH_LOG": "xml",
                "MESH_LOG_LEVEL": "loud",
                "OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318",
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://h:99999999",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TIMEOUT": "soon",
                "OTEL_BSP_MAX_QUEUE_SIZE": "10",
                "OTEL_TRACES_SAMPLER": "sometimes",
                "OTEL_TRACES_SAMPLER_ARG": "7",
            }
        )
    assert [problem.partition(":")[0].partition("=")[0] for problem in raised.value.problems] == [
        "MESH_LOG",
        "MESH_LOG_LEVEL",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
    ]
    assert "expected one of json, pretty" in raised.value.problems[0]


def test_an_endpoints_password_is_in_no_text() -> None:
    config = TelemetryConfig.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:s3cret@collector:4318"})
    assert "s3cret" in config.traces
    assert "s3cret" not in repr(config)
    with pytest.raises(ConfigError) as raised:
        TelemetryConfig.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://me:s3cret@collector"})
    assert "s3cret" not in str(raised.value)


def test_zipkin_is_asked_for_by_name_and_is_where_the_specification_says() -> None:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
    config = TelemetryConfig.from_env({"OTEL_TRACES_EXPORTER": "zipkin", **endpoint})
    assert (config.traces, config.zipkin) == ("", "http://localhost:9411/api/v2/spans")
    assert config.metrics == "http://collector:4318/v1/metrics"
    named = {"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://zipkin:1/in"}
    both = TelemetryConfig.from_env({"OTEL_TRACES_EXPORTER": "OTLP, zipkin", **endpoint, **named})
    assert (both.traces, both.zipkin) == ("http://collector:4318/v1/traces", "http://zipkin:1/in")
    assert TelemetryConfig.from_env({**endpoint, **named}).zipkin == "", "its address alone asks for nothing"
    assert TelemetryConfig.from_env({"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_SDK_DISABLED": "true"}).zipkin == ""


def test_each_signal_can_be_kept_at_home() -> None:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
    for signal in ("traces", "metrics", "logs"):
        config = TelemetryConfig.from_env({f"OTEL_{signal.upper()}_EXPORTER": "none", **endpoint})
        assert [name for name in ("traces", "metrics", "logs") if not getattr(config, name)] == [signal]


@pytest.mark.parametrize(
    ("exporter", "lines"), [("", None), ("otlp", None), ("zipkin", None), ("none", False), ("otlp,console", True)]
)
def test_traces_are_written_to_the_log_when_asked_for_and_not_when_nothing_is(
    exporter: str, lines: bool | None
) -> None:
    assert TelemetryConfig.from_env({"OTEL_TRACES_EXPORTER": exporter}).trace_lines is lines


def test_the_metrics_are_shown_to_nobody_unless_told() -> None:
    assert TelemetryConfig.from_env({}).exposure is Exposure.OFF
    assert TelemetryConfig.from_env({"MESH_METRICS": "Local"}).exposure is Exposure.LOCAL


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_TRACES_EXPORTER", "jaeger"),
        ("OTEL_TRACES_EXPORTER", "otlp,none"),
        ("OTEL_TRACES_EXPORTER", "otlp,"),
        ("OTEL_METRICS_EXPORTER", "zipkin"),
        ("OTEL_LOGS_EXPORTER", "console"),
        ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "zipkin:9411"),
        ("MESH_METRICS", "on"),
    ],
)
def test_destinations_that_make_no_sense_are_refused(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        TelemetryConfig.from_env({variable: value})
