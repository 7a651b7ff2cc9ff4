"""What a command's exit code says."""

from __future__ import annotations

OK = 0
FAILED = 1  # it ran, and the answer is no, or something failed
COULD_NOT_RUN = 2  # a wrong word, settings that make no sense, or nobody to ask
UNREAD = 141  # whoever read the answer has seen enough: 128 and the number of SIGPIPE, as other programs end then
INTERRUPTED = 130  # as a shell says it: 128 and the number of SIGINT
