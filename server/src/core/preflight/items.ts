// Short ways to say what a check found.
import type { CheckItem } from './preflight.ts';

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
