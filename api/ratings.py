"""GET, POST, PUT /api/ratings: the frontend reads, toggles and sets likes."""

from lib.services.ratings import RatingsQuery, SetLikeRequest, ToggleRequest, read_ratings, set_like, toggle_like
from lib.web import action, anyone, endpoint

app = endpoint(
    anyone,
    get=action(RatingsQuery, read_ratings),
    post=action(ToggleRequest, toggle_like),
    put=action(SetLikeRequest, set_like),
    cors=True,
)
