"""GET /api/posts: anyone reads pages of posts. POST: a Supabase user adds one, and with it its image work."""

from lib.services.posts import NewPostRequest, PostsQuery, create_post, list_posts
from lib.web import action, anyone, endpoint, user

app = endpoint(
    anyone,
    get=action(PostsQuery, list_posts),
    post=action(NewPostRequest, create_post, status=201, authenticate=user, errors=(429,)),
    cors=True,
)
