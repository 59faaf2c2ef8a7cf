"""The desks of the cast, by the names the plays use, and the moments they turn on."""

from datetime import UTC, datetime

from tests.examples import HOME, STAFFORDSHIRE_POLICE, STOKE, WALSALL

CONTROL_ROOM = f"{STAFFORDSHIRE_POLICE}/control-room"
MISSING_UNIT = f"{STAFFORDSHIRE_POLICE}/missing-unit"
EDT = f"{WALSALL}/emergency-duty"
FRONT_DOOR = f"{WALSALL}/front-door"
ON_CALL = f"{WALSALL}/on-call-manager"
DUTY_MANAGER = f"{WALSALL}/duty-manager"
HEAD_OF_SERVICE = f"{WALSALL}/head-of-service"
SOCIAL_WORK = f"{WALSALL}/social-work"
IRO_SERVICE = f"{WALSALL}/iro-service"
INTERVIEWS = f"{WALSALL}/return-interviews"
HOST = f"{STOKE}/front-door"
HOST_EDT = f"{STOKE}/emergency-duty"
NIGHT_STAFF = f"{HOME}/night-staff"

BIRMINGHAM = "la.E08000025"
OTHER_HOME = "provider.SC999002"
MONDAY_OPENING = datetime(2026, 3, 30, 7, 30, tzinfo=UTC)  # half past eight, summer time
NOT_YET = {"channel": "not-yet"}
