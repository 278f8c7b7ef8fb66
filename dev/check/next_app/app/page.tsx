import { LikeButton } from "@/components/like-button";

export default function Page() {
  return <LikeButton postId="00000000-0000-0000-0000-000000000001" />;
}
