"""GET, POST /api/admin/queue/session: who is asking, and signing in as a Supabase user."""

from lib.model import NoInput
from lib.services.admin.queue.session import read_session, read_sign_in, sign_in
from lib.web import action, anyone, endpoint, viewer

app = endpoint(
    viewer,
    get=action(NoInput, read_session),
    post=action(read_sign_in, sign_in, authenticate=anyone, errors=(401, 403, 429)),
)
