"""What went wrong when TLS was begun with Consul, and what to set. Pure."""

from __future__ import annotations

import ssl
from typing import NamedTuple

from discovery.consul_tls import ConsulTls


class Misgiving(NamedTuple):
    """What is wrong, as the end of a sentence about the agent, and what to do about it."""

    text: str
    advice: str

    def __str__(self) -> str:
        return f"{self.text}: {self.advice}"


# OpenSSL's numbers for what is wrong with a certificate (X509_V_ERR_…).
_TOO_EARLY, _TOO_LATE = 9, 10
_OTHER_NAMES = {62, 64}

# How a server says what it thinks of our certificate, in the words of either version of TLS.
_WANTED = {"TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_HANDSHAKE_FAILURE", "SSLV3_ALERT_NO_CERTIFICATE"}
_REFUSED = {
    "TLSV1_ALERT_UNKNOWN_CA": "it does not know the authority that signed it",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "it was revoked",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it was not accepted",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "it is not meant for clients",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it was not accepted",
    "TLSV1_ALERT_ACCESS_DENIED": "it was not accepted",
}
_NO_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"}


def misgiving(error: ssl.SSLError, tls: ConsulTls) -> Misgiving:
    """What *error* means for a connection that was set up by *tls*."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _about_theirs(error, tls)
    reason = getattr(error, "reason", None) or ""  # one that Python itself made has none
    if reason in _REFUSED and tls.client_cert:
        why = _REFUSED[reason]
        return Misgiving(
            f"refuses our certificate ({why})",
            "CONSUL_CLIENT_CERT must be valid, and signed by who is in the agent's tls.https.ca_file",
        )
    if reason in _WANTED or reason in _REFUSED:
        return Misgiving(
            "wants a certificate of ours",
            "set CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY, as its verify_incoming asks",
        )
    said = reason.lower().replace("_", " ") or type(error).__name__
    if reason in _NO_TLS:
        return Misgiving(f"does not speak TLS ({said})", "is it http:// after all, or another port?")
    return Misgiving(f"does not speak TLS as we do ({said})", "is CONSUL_HTTP_ADDR its HTTPS port?")


def _about_theirs(error: ssl.SSLCertVerificationError, tls: ConsulTls) -> Misgiving:
    said = str(error.verify_message).rstrip(".")
    if error.verify_code in _OTHER_NAMES:
        return Misgiving(
            f"has a certificate for another name ({said})",
            "say a name that is in it in CONSUL_TLS_SERVER_NAME, such as server.dc1.consul, or in CONSUL_HTTP_ADDR",
        )
    if error.verify_code == _TOO_LATE:
        return Misgiving(f"has a certificate that is not valid any more ({said})", "renew that of the agent")
    if error.verify_code == _TOO_EARLY:
        return Misgiving(f"has a certificate that is not valid yet ({said})", "is the clock of this host right?")
    known = "CONSUL_CACERT" if tls.ca_file else "CONSUL_CAPATH" if tls.ca_path else ""
    advice = f"is the CA that signed it in {known}?" if known else "name the CA that signed it in CONSUL_CACERT"
    return Misgiving(f"has a certificate that is not trusted ({said})", advice)
