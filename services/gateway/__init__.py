"""The one way in: ``/api/<service>/...`` goes to whoever registered under that name with the tag ``api``."""
