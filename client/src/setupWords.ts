// What a setup would write, line by line, before it is written. Pure.
import type { SetupChange, SetupProfile } from '../../server/src/model/setup.ts';

type Field = 'cache_dir' | 'login_host' | 'login_user' | 'compose_file' | 'default_profile';
const FIELDS: readonly Field[] = ['cache_dir', 'login_host', 'login_user', 'compose_file', 'default_profile'];

/** `cache_dir: /old → /new`, a line for each field that changes; none when nothing does. */
export function setupChanges(now: SetupProfile, change: SetupChange): string[] {
  return FIELDS.flatMap((field) => {
    const next = change[field];
    const before = now[field];
    if (next === undefined || next === before) return [];
    return [`${field}: ${before ?? '–'} → ${next ?? '–'}`];
  });
}
