from __future__ import annotations

import json

import pytest

from minisyncml.errors import AuthError, DataAtRisk, StoreError
from minisyncml.gateway.report import LISTED, Report


def filled() -> Report:
    report = Report("phone", "ada")
    contacts = report.datastore("contacts")
    contacts.mode, contacts.slow = "two-way", True
    contacts.local.added, contacts.remote.deleted = 1000, 2
    report.datastore("calendar").mode = "one-way-from-server"
    report.bytes_out, report.bytes_in, report.messages, report.seconds = 12345, 678, 6, 0.25
    return report


def test_table_lines_up() -> None:
    lines = filled().table().splitlines()
    assert len({len(line) for line in lines[:5]}) == 1
    assert lines[0].split() == ["datastore", "mode", "side", "added", "replaced", "deleted", "conflicts", "failed"]
    assert lines[1].split() == ["contacts", "two-way", "(slow)", "here", "1000", "0", "0", "0", "0"]
    assert lines[2].split() == ["there", "0", "0", "2", "0", "0"]
    assert lines[3].split() == ["calendar", "one-way-from-server", "here", *["0"] * 5]
    assert lines[5:] == ["12,345 bytes sent, 678 received, 6 messages, 0.2 s"]


def test_json_is_one_line_with_everything() -> None:
    report = filled()
    report.datastore("contacts").remote.fail("7", 420)
    assert "\n" not in report.json()
    data = json.loads(report.json())
    assert data["exit_code"] == 1 and data["error"] is None and data["peer"] == "phone"
    contacts = data["datastores"][0]
    assert contacts["local"]["added"] == 1000 and contacts["slow"] is True
    assert contacts["remote"]["failures"] == [{"id": "7", "status": 420, "words": "device full"}]


def test_exit_codes() -> None:
    report = filled()
    assert report.exit_code == 0
    report.datastore("contacts").local.fail("1", 415, "no picture fits")
    assert report.exit_code == 1
    assert report.table().splitlines()[-1] == "contacts: 1 failed here: no picture fits (415)"
    report.datastore("calendar").error = DataAtRisk("the other side is empty")
    assert report.exit_code == 6
    assert "calendar: the other side is empty" in report.table()


@pytest.mark.parametrize("error, code", [(AuthError("no"), 4), (StoreError("no"), 1)])
def test_session_errors(error: Exception, code: int) -> None:
    report = Report()
    report.error = error  # type: ignore[assignment]
    assert report.exit_code == code and json.loads(report.json())["error"] == "no"


def test_failures_are_listed_up_to_a_bound() -> None:
    report = Report()
    for number in range(LISTED + 5):
        report.datastore("notes").local.fail(str(number), 500)
    assert report.datastore("notes").local.failed == LISTED + 5
    assert report.table().splitlines()[-1] == "notes: 5 more failed here"
