"""What `mesh staff` says can be typed as it stands."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

from launcher.local import Staff
from launcher.remote import told_staff

MADE = Staff("o'neill@example.com", "a'b$c", "http://127.0.0.1:8080")
# In place of curl: it says what a token comes in, and with what it was called.
CURL = """curl() { echo "$*" >&2; echo '{"access_token": "a.b.c", "token_type": "Bearer"}'; }
"""


def test_what_a_person_is_told_logs_in_and_writes() -> None:
    lines = told_staff(MADE, as_json=False).splitlines()
    typed = "\n".join(line for line in lines if "curl" in line)
    done = subprocess.run(["bash", "-euc", CURL + typed], capture_output=True, text=True, check=True)
    asked, added = done.stderr.splitlines()
    assert json.dumps({"email": MADE.email, "password": MADE.password}) in asked
    assert asked.endswith(" http://127.0.0.1:8080/api/token")
    assert "Authorization: Bearer a.b.c" in added
    assert added.endswith(" http://127.0.0.1:8080/api/ports")


def test_of_an_account_that_was_there_no_password_is_told() -> None:
    assert (
        told_staff(replace(MADE, password=""), as_json=False) == f"{MADE.email} is staff, with the password that it had"
    )


def test_a_program_is_told_all_of_it() -> None:
    assert Staff(**json.loads(told_staff(MADE, as_json=True))) == MADE
