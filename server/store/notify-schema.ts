/** The tables of notifications as Kysely sees them. */
import type { Severity } from "../../protocol/facts.ts";
import type { NotificationState, NotifyOn, Template } from "../../protocol/notifiers.ts";

export interface NotifierRow {
  id: string;
  name: string;
  url: string;
  template: Template;
  secret_env: string | null;
  min_severity: Severity;
  tells: string;
  headers: string;
  allow_http: number;
  allow_addresses: string;
  enabled: number;
  resume_at: number;
  created_by: string;
  created_at: number;
}

export interface NotificationRow {
  id: string;
  notifier_id: string | null;
  notifier: string;
  run_id: string | null;
  tells: NotifyOn | null;
  state: NotificationState;
  attempt: number;
  not_before: number;
  lease_until: number | null;
  body: string | null;
  created_at: number;
  ended_at: number | null;
}

export interface NotificationAttemptRow {
  notification_id: string;
  attempt: number;
  started_at: number;
  ended_at: number | null;
  status: number | null;
  response: string | null;
  error: string | null;
}

export interface NotifySchema {
  notifier: NotifierRow;
  notification: NotificationRow;
  notification_attempt: NotificationAttemptRow;
}
