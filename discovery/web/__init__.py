"""What every web layer needs and aiohttp leaves open: bodies within limits, strict JSON, and failures as documents.

``web.Application(middlewares=[discovery.web.boundary])`` is where a service begins; :mod:`discovery.web.validation`
goes on from there with models.
"""

from discovery.web.body import Body, read_body
from discovery.web.json_text import parse_json
from discovery.web.middleware import boundary
from discovery.web.problem import REQUEST_ID, FieldError, Problem, shown

__all__ = ["REQUEST_ID", "Body", "FieldError", "Problem", "boundary", "parse_json", "read_body", "shown"]
