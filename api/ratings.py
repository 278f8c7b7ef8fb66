"""GET, POST, PUT /api/ratings: the frontend reads, toggles and sets likes, of a session or of a signed-in user."""

from lib.services.ratings import RatingsQuery, SetLikeRequest, ToggleRequest, read_ratings, set_like, toggle_like
from lib.web import action, anyone_with_a_token, endpoint

app = endpoint(
    anyone_with_a_token,
    get=action(RatingsQuery, read_ratings),
    post=action(ToggleRequest, toggle_like, errors=(404, 429)),
    put=action(SetLikeRequest, set_like, errors=(404, 429)),
    cors=True,
)
