"""The one way in: ``/api/<service>/...`` goes to whoever registered with the tag ``api``, all else to the shop."""
