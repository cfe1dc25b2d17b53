// What a check found, and short ways to say it.
import type { PreflightItem } from '../../model/preflight.ts';

/** One check's findings; contextual ones are perhaps no problem on the cluster. */
export interface CheckItem extends PreflightItem {
  contextual?: boolean;
}

export function passed(message: string): CheckItem {
  return { level: 'ok', message, remediation: null };
}

export function warned(message: string, remediation: string): CheckItem {
  return { level: 'warn', message, remediation };
}

/** A warning that may be no problem on the cluster itself. */
export function noted(message: string, remediation: string): CheckItem {
  return { level: 'warn', message, remediation, contextual: true };
}

export function blocked(message: string, remediation: string): CheckItem {
  return { level: 'error', message, remediation };
}
