export {
  type Client,
  type ClientOptions,
  createClient,
  MAX_POSTS,
  type NewPost,
  type NewPostReply,
  type Post,
  type PostImage,
  type PostsQuery,
  type PostsReply,
  type Rating,
} from "./client";
export { type Initial, type LikeState } from "./like-state";
export { Likes, type LikesOptions } from "./likes";
export { ApiError, isTemporary, NoAnswer } from "./problems";
export { keptSession, newSessionId } from "./session";
