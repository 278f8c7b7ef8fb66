// Made by `make types`, from the migrations, by `supabase gen types`. Do not edit.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]
export type Database = {
  "public": {
          Tables: {
            "background_jobs": {
                  Row: {
                    "attempt_log": Json | null,"attempts": number,"claim_token": string | null,"completed_at": string | null,"created_at": string,"deferrals": number,"error_message": string | null,"failed_at": string | null,"id": string,"idempotency_key": string | null,"isolated": boolean,"job_type": Database["public"]['Enums']["job_type"],"lease_expires_at": string | null,"max_attempts": number,"owner": string | null,"payload": NonNullable<Json>,"priority": number,"redrive_of": string | null,"result": Json | null,"scheduled_for": string,"settled_token": string | null,"started_at": string | null,"status": Database["public"]['Enums']["job_status"],"traceparent": string | null,"updated_at": string,"worker_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "attempt_log"?: Json | null,"attempts"?: number,"claim_token"?: string | null,"completed_at"?: string | null,"created_at"?: string,"deferrals"?: number,"error_message"?: string | null,"failed_at"?: string | null,"id"?: string,"idempotency_key"?: string | null,"isolated"?: boolean,"job_type": Database["public"]['Enums']["job_type"],"lease_expires_at"?: string | null,"max_attempts"?: number,"owner"?: string | null,"payload"?: NonNullable<Json>,"priority"?: number,"redrive_of"?: string | null,"result"?: Json | null,"scheduled_for"?: string,"settled_token"?: string | null,"started_at"?: string | null,"status"?: Database["public"]['Enums']["job_status"],"traceparent"?: string | null,"updated_at"?: string,"worker_id"?: string | null
                  }
                  Update: {
                    "attempt_log"?: Json | null,"attempts"?: number,"claim_token"?: string | null,"completed_at"?: string | null,"created_at"?: string,"deferrals"?: number,"error_message"?: string | null,"failed_at"?: string | null,"id"?: string,"idempotency_key"?: string | null,"isolated"?: boolean,"job_type"?: Database["public"]['Enums']["job_type"],"lease_expires_at"?: string | null,"max_attempts"?: number,"owner"?: string | null,"payload"?: NonNullable<Json>,"priority"?: number,"redrive_of"?: string | null,"result"?: Json | null,"scheduled_for"?: string,"settled_token"?: string | null,"started_at"?: string | null,"status"?: Database["public"]['Enums']["job_status"],"traceparent"?: string | null,"updated_at"?: string,"worker_id"?: string | null
                  }
                  Relationships: [
                  ]
                },"comments": {
                  Row: {
                    "body": string | null,"created_at": string,"id": string,"post_id": string,"user_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "body"?: string | null,"created_at"?: string,"id"?: string,"post_id": string,"user_id"?: string | null
                  }
                  Update: {
                    "body"?: string | null,"created_at"?: string,"id"?: string,"post_id"?: string,"user_id"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "comments_post_id_fkey"
      columns: ["post_id"]
isOneToOne: false
      referencedRelation: "posts_new"
      referencedColumns: ["id"]
    }
                  ]
                },"job_history": {
                  Row: {
                    "attempt_log": Json | null,"attempts": number,"claim_token": string | null,"completed_at": string,"created_at": string,"duration_ms": number | null,"error_message": string | null,"id": number,"idempotency_key": string | null,"job_id": string,"job_type": Database["public"]['Enums']["job_type"],"max_attempts": number,"payload": NonNullable<Json>,"priority": number,"redrive_of": string | null,"redriven_as": string | null,"result": Json | null,"status": Database["public"]['Enums']["job_status"],"waited_ms": number | null,"worker_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "attempt_log"?: Json | null,"attempts": number,"claim_token"?: string | null,"completed_at": string,"created_at": string,"duration_ms"?: number | null,"error_message"?: string | null,"id"?: never,"idempotency_key"?: string | null,"job_id": string,"job_type": Database["public"]['Enums']["job_type"],"max_attempts": number,"payload": NonNullable<Json>,"priority": number,"redrive_of"?: string | null,"redriven_as"?: string | null,"result"?: Json | null,"status": Database["public"]['Enums']["job_status"],"waited_ms"?: number | null,"worker_id"?: string | null
                  }
                  Update: {
                    "attempt_log"?: Json | null,"attempts"?: number,"claim_token"?: string | null,"completed_at"?: string,"created_at"?: string,"duration_ms"?: number | null,"error_message"?: string | null,"id"?: never,"idempotency_key"?: string | null,"job_id"?: string,"job_type"?: Database["public"]['Enums']["job_type"],"max_attempts"?: number,"payload"?: NonNullable<Json>,"priority"?: number,"redrive_of"?: string | null,"redriven_as"?: string | null,"result"?: Json | null,"status"?: Database["public"]['Enums']["job_status"],"waited_ms"?: number | null,"worker_id"?: string | null
                  }
                  Relationships: [
                  ]
                },"job_schedules": {
                  Row: {
                    "cron_expression": string,"enabled": boolean,"job_type": Database["public"]['Enums']["job_type"],"last_error": string | null,"last_job_id": string | null,"last_slot": string | null,"max_attempts": number,"name": string,"next_run_at": string | null,"payload": NonNullable<Json>,"priority": number,"timezone": string,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "cron_expression": string,"enabled"?: boolean,"job_type": Database["public"]['Enums']["job_type"],"last_error"?: string | null,"last_job_id"?: string | null,"last_slot"?: string | null,"max_attempts"?: number,"name": string,"next_run_at"?: string | null,"payload"?: NonNullable<Json>,"priority"?: number,"timezone"?: string,"updated_at"?: string
                  }
                  Update: {
                    "cron_expression"?: string,"enabled"?: boolean,"job_type"?: Database["public"]['Enums']["job_type"],"last_error"?: string | null,"last_job_id"?: string | null,"last_slot"?: string | null,"max_attempts"?: number,"name"?: string,"next_run_at"?: string | null,"payload"?: NonNullable<Json>,"priority"?: number,"timezone"?: string,"updated_at"?: string
                  }
                  Relationships: [
                  ]
                },"notifications": {
                  Row: {
                    "body": string,"created_at": string,"id": string,"job_id": string | null,"read_at": string | null,"title": string,"url": string | null,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "body": string,"created_at"?: string,"id"?: string,"job_id"?: string | null,"read_at"?: string | null,"title": string,"url"?: string | null,"user_id": string
                  }
                  Update: {
                    "body"?: string,"created_at"?: string,"id"?: string,"job_id"?: string | null,"read_at"?: string | null,"title"?: string,"url"?: string | null,"user_id"?: string
                  }
                  Relationships: [
                  ]
                },"operator_actions": {
                  Row: {
                    "action": string,"at": string,"changed": number,"details": NonNullable<Json>,"id": number,"operator": string
                  }
                  ComputedFields: never
                  Insert: {
                    "action": string,"at"?: string,"changed": number,"details"?: NonNullable<Json>,"id"?: never,"operator": string
                  }
                  Update: {
                    "action"?: string,"at"?: string,"changed"?: number,"details"?: NonNullable<Json>,"id"?: never,"operator"?: string
                  }
                  Relationships: [
                  ]
                },"post_images": {
                  Row: {
                    "blurhash": string,"created_at": string,"height": number,"jpeg_url": string,"post_id": string,"source_url": string,"updated_at": string,"webp_url": string,"width": number
                  }
                  ComputedFields: never
                  Insert: {
                    "blurhash": string,"created_at"?: string,"height": number,"jpeg_url": string,"post_id": string,"source_url": string,"updated_at"?: string,"webp_url": string,"width": number
                  }
                  Update: {
                    "blurhash"?: string,"created_at"?: string,"height"?: number,"jpeg_url"?: string,"post_id"?: string,"source_url"?: string,"updated_at"?: string,"webp_url"?: string,"width"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "post_images_post_id_fkey"
      columns: ["post_id"]
isOneToOne: true
      referencedRelation: "posts_new"
      referencedColumns: ["id"]
    }
                  ]
                },"post_rankings": {
                  Row: {
                    "post_id": string,"rank": number,"ranked_at": string,"score": number
                  }
                  ComputedFields: never
                  Insert: {
                    "post_id": string,"rank": number,"ranked_at"?: string,"score": number
                  }
                  Update: {
                    "post_id"?: string,"rank"?: number,"ranked_at"?: string,"score"?: number
                  }
                  Relationships: [
                  ]
                },"post_ratings": {
                  Row: {
                    "created_at": string,"id": string,"post_id": string,"session_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"id"?: string,"post_id": string,"session_id": string
                  }
                  Update: {
                    "created_at"?: string,"id"?: string,"post_id"?: string,"session_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "post_ratings_post_id_fkey"
      columns: ["post_id"]
isOneToOne: false
      referencedRelation: "posts_new"
      referencedColumns: ["id"]
    }
                  ]
                },"post_thumbnails": {
                  Row: {
                    "created_at": string,"height": number,"post_id": string,"size": string,"url": string,"width": number
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"height": number,"post_id": string,"size": string,"url": string,"width": number
                  }
                  Update: {
                    "created_at"?: string,"height"?: number,"post_id"?: string,"size"?: string,"url"?: string,"width"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "post_thumbnails_post_id_fkey"
      columns: ["post_id"]
isOneToOne: false
      referencedRelation: "posts_new"
      referencedColumns: ["id"]
    }
                  ]
                },"posts_new": {
                  Row: {
                    "caption": string | null,"created_at": string,"id": string,"image_url": string | null,"likes": number,"updated_at": string,"user_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "caption"?: string | null,"created_at"?: string,"id"?: string,"image_url"?: string | null,"likes"?: number,"updated_at"?: string,"user_id"?: string | null
                  }
                  Update: {
                    "caption"?: string | null,"created_at"?: string,"id"?: string,"image_url"?: string | null,"likes"?: number,"updated_at"?: string,"user_id"?: string | null
                  }
                  Relationships: [
                  ]
                },"push_subscriptions": {
                  Row: {
                    "auth": string,"created_at": string,"endpoint": string,"id": string,"p256dh": string,"refusals": number,"unanswered": number,"unanswered_since": string | null,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "auth": string,"created_at"?: string,"endpoint": string,"id"?: string,"p256dh": string,"refusals"?: number,"unanswered"?: number,"unanswered_since"?: string | null,"user_id"?: string
                  }
                  Update: {
                    "auth"?: string,"created_at"?: string,"endpoint"?: string,"id"?: string,"p256dh"?: string,"refusals"?: number,"unanswered"?: number,"unanswered_since"?: string | null,"user_id"?: string
                  }
                  Relationships: [
                  ]
                },"worker_runs": {
                  Row: {
                    "budget_ms": number,"counts": NonNullable<Json>,"finished_at": string | null,"hops": number,"id": number,"known_types": (string)[] | null,"started_at": string,"started_by": number | null,"stop_reason": string | null,"trigger": string,"worker_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "budget_ms": number,"counts"?: NonNullable<Json>,"finished_at"?: string | null,"hops"?: number,"id"?: never,"known_types"?: (string)[] | null,"started_at"?: string,"started_by"?: number | null,"stop_reason"?: string | null,"trigger": string,"worker_id": string
                  }
                  Update: {
                    "budget_ms"?: number,"counts"?: NonNullable<Json>,"finished_at"?: string | null,"hops"?: number,"id"?: never,"known_types"?: (string)[] | null,"started_at"?: string,"started_by"?: number | null,"stop_reason"?: string | null,"trigger"?: string,"worker_id"?: string
                  }
                  Relationships: [
                  ]
                }
          }
          Views: {
            [_ in never]: never
          }
          Functions: {
            "add_notification":
{ Args: { "body": string,"job_id": string,"redrive_of": string,"title": string,"url": string,"user_id": string }; Returns: string
                           },
"audit_like_counts":
{ Args: { "after_post_id"?: string,"max_posts"?: number }; Returns: {
              "checked": number,"drifting": number,"last_post_id": string
            }[]
                           },
"cancel_job":
{ Args: { "job_id": string }; Returns: boolean
                           },
"cancel_jobs":
{ Args: { "job_ids": (string)[] }; Returns: string[]
                           },
"change_job_type":
{ Args: { "action": string,"job_type": Database["public"]['Enums']["job_type"],"operator": string }; Returns: boolean
                           },
"change_jobs":
{ Args: { "action": string,"dry_run"?: boolean,"filter"?: Json,"job_ids"?: (string)[],"max_jobs"?: number,"operator": string,"priority"?: number,"scheduled_for"?: string }; Returns: Json
                           },
"change_schedule":
{ Args: { "action": string,"changes": Json,"name": string,"next_run": string,"operator": string,"planned_expression": string,"planned_timezone": string }; Returns: Json
                           },
"claim_isolated_job":
{ Args: { "job_types"?: (Database["public"]['Enums']["job_type"])[],"lease_seconds"?: number,"worker_id": string }; Returns: {
              "attempt_log": Json | null,
"attempts": number,
"claim_token": string | null,
"completed_at": string | null,
"created_at": string,
"deferrals": number,
"error_message": string | null,
"failed_at": string | null,
"id": string,
"idempotency_key": string | null,
"isolated": boolean,
"job_type": Database["public"]['Enums']["job_type"],
"lease_expires_at": string | null,
"max_attempts": number,
"owner": string | null,
"payload": NonNullable<Json>,
"priority": number,
"redrive_of": string | null,
"result": Json | null,
"scheduled_for": string,
"settled_token": string | null,
"started_at": string | null,
"status": Database["public"]['Enums']["job_status"],
"traceparent": string | null,
"updated_at": string,
"worker_id": string | null
            }[]
                          SetofOptions: {
        from: "*"
        to: "background_jobs"
        isOneToOne: false
        isSetofReturn: true
      } },
"claim_jobs":
{ Args: { "claim_id"?: string,"job_types"?: (Database["public"]['Enums']["job_type"])[],"lease_seconds"?: number,"max_jobs": number,"worker_id": string }; Returns: {
              "attempt_log": Json | null,
"attempts": number,
"claim_token": string | null,
"completed_at": string | null,
"created_at": string,
"deferrals": number,
"error_message": string | null,
"failed_at": string | null,
"id": string,
"idempotency_key": string | null,
"isolated": boolean,
"job_type": Database["public"]['Enums']["job_type"],
"lease_expires_at": string | null,
"max_attempts": number,
"owner": string | null,
"payload": NonNullable<Json>,
"priority": number,
"redrive_of": string | null,
"result": Json | null,
"scheduled_for": string,
"settled_token": string | null,
"started_at": string | null,
"status": Database["public"]['Enums']["job_status"],
"traceparent": string | null,
"updated_at": string,
"worker_id": string | null
            }[]
                          SetofOptions: {
        from: "*"
        to: "background_jobs"
        isOneToOne: false
        isSetofReturn: true
      } },
"claim_next_job":
{ Args: { "job_types"?: (Database["public"]['Enums']["job_type"])[],"worker_id": string }; Returns: {
              "attempt_log": Json | null,
"attempts": number,
"claim_token": string | null,
"completed_at": string | null,
"created_at": string,
"deferrals": number,
"error_message": string | null,
"failed_at": string | null,
"id": string,
"idempotency_key": string | null,
"isolated": boolean,
"job_type": Database["public"]['Enums']["job_type"],
"lease_expires_at": string | null,
"max_attempts": number,
"owner": string | null,
"payload": NonNullable<Json>,
"priority": number,
"redrive_of": string | null,
"result": Json | null,
"scheduled_for": string,
"settled_token": string | null,
"started_at": string | null,
"status": Database["public"]['Enums']["job_status"],
"traceparent": string | null,
"updated_at": string,
"worker_id": string | null
            }[]
                          SetofOptions: {
        from: "*"
        to: "background_jobs"
        isOneToOne: false
        isSetofReturn: true
      } },
"complete_job":
{ Args: { "claim_token": string,"job_id": string,"job_result"?: Json }; Returns: string
                           },
"create_post":
{ Args: { "caption": string,"image_url": string,"user_id": string }; Returns: Json
                           },
"create_schedule":
{ Args: { "cron_expression": string,"job_type": Database["public"]['Enums']["job_type"],"max_attempts": number,"name": string,"next_run": string,"operator": string,"payload": Json,"priority": number,"timezone": string }; Returns: Json
                           },
"delete_expired":
{ Args: { "kind": string,"max_rows": number,"older_than_days": number }; Returns: number
                           },
"delete_schedule":
{ Args: { "name": string,"operator": string }; Returns: boolean
                           },
"discard_jobs":
{ Args: { "job_ids"?: (string)[],"job_type"?: Database["public"]['Enums']["job_type"],"max_jobs"?: number }; Returns: string[]
                           },
"due_schedules":
{ Args: Record<PropertyKey, never>; Returns: {
              "cron_expression": string,"name": string,"next_run_at": string,"now": string,"timezone": string
            }[]
                           },
"enqueue_job":
{ Args: { "dedupe_seconds"?: number,"idempotency_key"?: string,"job_type": Database["public"]['Enums']["job_type"],"max_attempts"?: number,"payload"?: Json,"priority"?: number,"scheduled_for"?: string,"traceparent"?: string }; Returns: {
              "created": boolean,"id": string,"status": Database["public"]['Enums']["job_status"]
            }[]
                           },
"enqueue_jobs":
{ Args: { "jobs": Json }; Returns: {
              "created": boolean,"id": string,"position": number,"status": Database["public"]['Enums']["job_status"]
            }[]
                           },
"fail_job":
{ Args: { "claim_token": string,"error_msg": string,"job_id": string,"retryable"?: boolean }; Returns: string
                           },
"fail_schedule":
{ Args: { "error": string,"name": string }; Returns: undefined
                           },
"find_jobs":
{ Args: { "job_ids": (string)[] }; Returns: Database["public"]['CompositeTypes']["job_state"][]
                          SetofOptions: {
        from: "*"
        to: "job_state"
        isOneToOne: false
        isSetofReturn: true
      } },
"find_orphaned_images":
{ Args: { "max_objects": number }; Returns: {
              "examined": number,"orphans": (string)[]
            }[]
                           },
"finish_worker_run":
{ Args: { "counts": Json,"run_id": number,"stop_reason": string }; Returns: boolean
                           },
"fire_schedule":
{ Args: { "name": string,"next_run": string,"slot": string }; Returns: string
                           },
"give_up_push":
{ Args: { "notification_id": string,"subscription_id": string }; Returns: undefined
                           },
"like_states":
{ Args: { "post_ids": (string)[],"session_id": string }; Returns: {
              "liked": boolean,"likes": number,"post_id": string
            }[]
                           },
"list_jobs":
{ Args: { "before_id"?: string,"page_size"?: number,"wanted_status"?: Database["public"]['Enums']["job_status"],"wanted_type"?: Database["public"]['Enums']["job_type"] }; Returns: Database["public"]['CompositeTypes']["job_state"][]
                          SetofOptions: {
        from: "*"
        to: "job_state"
        isOneToOne: false
        isSetofReturn: true
      } },
"list_operator_actions":
{ Args: { "before_id"?: number,"page_size"?: number }; Returns: {
              "action": string,
"at": string,
"changed": number,
"details": NonNullable<Json>,
"id": number,
"operator": string
            }[]
                          SetofOptions: {
        from: "*"
        to: "operator_actions"
        isOneToOne: false
        isSetofReturn: true
      } },
"list_posts":
{ Args: { "after_id"?: string,"after_key"?: string,"max_posts": number,"post_ids"?: (string)[],"sort": string }; Returns: {
              "caption": string,"created_at": string,"has_more": boolean,"id": string,"image": Json,"image_url": string,"likes": number,"sort_key": string,"user_id": string
            }[]
                           },
"list_schedules":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"list_worker_runs":
{ Args: { "before_id"?: number,"page_size"?: number }; Returns: {
              "budget_ms": number,
"counts": NonNullable<Json>,
"finished_at": string | null,
"hops": number,
"id": number,
"known_types": (string)[] | null,
"started_at": string,
"started_by": number | null,
"stop_reason": string | null,
"trigger": string,
"worker_id": string
            }[]
                          SetofOptions: {
        from: "*"
        to: "worker_runs"
        isOneToOne: false
        isSetofReturn: true
      } },
"note_asked_run":
{ Args: { "operator": string }; Returns: undefined
                           },
"pause_job_type":
{ Args: { "job_type": Database["public"]['Enums']["job_type"] }; Returns: boolean
                           },
"post_exists":
{ Args: { "post_id": string }; Returns: boolean
                           },
"post_like_counts":
{ Args: { "post_ids": (string)[] }; Returns: {
              "likes": number,"post_id": string,"version": number
            }[]
                           },
"queue_counters":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"queue_diagnostics":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"queue_health":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"queue_stats":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"recompute_rankings":
{ Args: { "max_posts"?: number }; Returns: {
              "changed": number,"ranked": number,"removed": number
            }[]
                           },
"record_push":
{ Args: { "known_endpoint"?: string,"notification_id": string,"status": number,"subscription_id": string }; Returns: undefined
                           },
"redrive_jobs":
{ Args: { "job_ids"?: (string)[],"job_type"?: Database["public"]['Enums']["job_type"],"max_jobs"?: number }; Returns: string[]
                           },
"remove_push_subscription":
{ Args: { "subscription_id": string }; Returns: undefined
                           },
"rescue_expired_jobs":
{ Args: { "max_jobs"?: number }; Returns: {
              "dead": number,"requeued": number
            }[]
                           },
"resume_job_type":
{ Args: { "job_type": Database["public"]['Enums']["job_type"] }; Returns: boolean
                           },
"run_schedule":
{ Args: { "name": string,"operator": string }; Returns: Json
                           },
"search_jobs":
{ Args: { "before_id"?: string,"created_from"?: string,"created_until"?: string,"ended_from"?: string,"ended_until"?: string,"error_contains"?: string,"page_size"?: number,"payload_contains"?: Json,"wanted_ids"?: (string)[],"wanted_key"?: string,"wanted_status"?: Database["public"]['Enums']["job_status"],"wanted_type"?: Database["public"]['Enums']["job_type"] }; Returns: Database["public"]['CompositeTypes']["job_page"]
                          SetofOptions: {
        from: "*"
        to: "job_page"
        isOneToOne: true
        isSetofReturn: false
      } },
"set_like":
{ Args: { "address_hash"?: string,"address_limit"?: number,"liked": boolean,"post_id": string,"refuse_short_new_session"?: boolean,"session_id": string,"session_limit"?: number }; Returns: Database["public"]['CompositeTypes']["like_state"][]
                          SetofOptions: {
        from: "*"
        to: "like_state"
        isOneToOne: false
        isSetofReturn: true
      } },
"settle_and_claim":
{ Args: { "claim_id"?: string,"job_types"?: (Database["public"]['Enums']["job_type"])[],"lease_seconds"?: number,"max_jobs"?: number,"outcomes"?: Json,"worker_id": string }; Returns: Json
                           },
"settle_jobs":
{ Args: { "outcomes": Json,"worker_id": string }; Returns: {
              "answer": string,"id": string
            }[]
                           },
"start_worker_run":
{ Args: { "budget_ms": number,"known_types"?: (string)[],"max_runs"?: number,"started_by"?: number,"trigger": string,"worker_id": string }; Returns: Json
                           },
"store_post_image":
{ Args: { "blurhash": string,"height": number,"jpeg_url": string,"post_id": string,"source_url": string,"webp_url": string,"width": number }; Returns: string
                           },
"store_post_thumbnails":
{ Args: { "post_id": string,"source_url": string,"thumbnails": Json }; Returns: string
                           },
"sync_post_like_count":
{ Args: { "target_post_id": string }; Returns: number
                           },
"sync_post_like_counts":
{ Args: { "target_post_ids": (string)[] }; Returns: {
              "likes": number,"post_id": string
            }[]
                           },
"toggle_like":
{ Args: { "address_hash"?: string,"address_limit"?: number,"post_id": string,"refuse_short_new_session"?: boolean,"session_id": string,"session_limit"?: number }; Returns: Database["public"]['CompositeTypes']["like_state"][]
                          SetofOptions: {
        from: "*"
        to: "like_state"
        isOneToOne: false
        isSetofReturn: true
      } },
"undelivered_pushes":
{ Args: { "max_subscriptions": number,"notification_id": string }; Returns: {
              "auth": string,"endpoint": string,"is_silent": boolean,"p256dh": string,"subscription_id": string
            }[]
                           }
          }
          Enums: {
            "job_status": "pending"|"processing"|"completed"|"failed"|"dead"|"discarded"|"cancelled","job_type": "process_image"|"send_notification"|"sync_like_count"|"generate_thumbnail"|"cleanup_expired"|"recompute_rankings"|"audit_like_counts"
          }
          CompositeTypes: {
            "job_page": {
                        "jobs": (Database["public"]['CompositeTypes']["job_state"])[] | null,"next_before_id": string | null
                      },"job_state": {
                        "id": string | null,"job_type": Database["public"]['Enums']["job_type"] | null,"payload": Json | null,"status": Database["public"]['Enums']["job_status"] | null,"priority": number | null,"attempts": number | null,"max_attempts": number | null,"scheduled_for": string | null,"started_at": string | null,"completed_at": string | null,"error_message": string | null,"result": Json | null,"duration_ms": number | null,"idempotency_key": string | null,"isolated": boolean | null,"redrive_of": string | null,"redriven_as": string | null,"created_at": string | null,"waited_ms": number | null,"deferrals": number | null,"attempt_log": Json | null
                      },"like_state": {
                        "liked": boolean | null,"likes": number | null
                      }
          }
        }
}
type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>
type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">]
export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])[TableName] extends {
      Row: infer R
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
  ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R
    }
    ? R
    : never
  : never
export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Insert: infer I
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
  ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I
    }
    ? I
    : never
  : never
export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Update: infer U
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
  ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U
    }
    ? U
    : never
  : never
export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
  ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never
export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
  ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never
export const Constants = {
  "public": {
          Enums: {
            "job_status": ["pending", "processing", "completed", "failed", "dead", "discarded", "cancelled"],"job_type": ["process_image", "send_notification", "sync_like_count", "generate_thumbnail", "cleanup_expired", "recompute_rankings", "audit_like_counts"]
          }
        }
} as const
