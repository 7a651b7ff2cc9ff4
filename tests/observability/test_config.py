from __future__ import annotations

import logging

import pytest

from discovery.errors import ConfigError
from observability.config import LogFormat, TelemetryConfig


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
