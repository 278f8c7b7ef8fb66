"""GET, POST /api/admin/queue/schedules: operators see, run, enable, disable, change, create and delete schedules."""

from lib.model import NoInput
from lib.services.admin.queue.schedules import ScheduleAction, act_on_schedule, list_schedules
from lib.web import action, admin, endpoint, viewer

app = endpoint(
    admin,
    get=action(NoInput, list_schedules, authenticate=viewer),
    post=action(ScheduleAction, act_on_schedule, errors=(404, 409)),
)
