-- A trigger as a tutorial writes it. It runs with the rights of whoever rates, who has none on background_jobs.
create function enqueue_like_sync() returns trigger language plpgsql as $$
begin
  insert into background_jobs (job_type, payload) values ('sync_like_count', json_build_object('postId', new.post_id));
  return new;
end
$$;
create trigger on_rating after insert on post_ratings for each row execute function enqueue_like_sync();
