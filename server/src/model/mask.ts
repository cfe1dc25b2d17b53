// Keeps secret values out of what people, logs and JSON of ours see. Which names count as secret: spec contract, section 13.
import { createHash } from 'node:crypto';

/** Stands where a secret was. The same word as hpc-compose's, so that scripts need to know only one. */
export const REDACTED = '<redacted>';

const SECRET_NAME =
  /SECRET|TOKEN|PASSWORD|PASSWD|API_KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIAL|AUTH|COOKIE|SESSION|BEARER/i;

/** Shorter values are masked only where they stand alone: masking every "1" would make text unreadable and hide nothing. */
const SHORT = 4;

/** True when a variable of this name counts as secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** True when the value of a variable counts as secret: by its name, or because a known secret is part of it. */
export function isSecretVariable(name: string, value: string, secretValues: Iterable<string>): boolean {
  if (isSecretName(name)) return true;
  for (const known of secretValues) if (known !== '' && value.includes(known)) return true;
  return false;
}

/** Stands for a secret value where two of them are compared. */
export function redactedDigest(value: string): string {
  return `${REDACTED} ${digestOf(value)}`;
}

/** Gives a function that masks the values in any text, longest first; the lines of a value of several lines count too. */
export function secretMask(values: Iterable<string>): (text: string) => string {
  const parts = new Set<string>();
  for (const value of values) {
    if (value.trim() === '') continue;
    parts.add(value);
    for (const line of value.split('\n')) if (line.trim().length >= 2 * SHORT) parts.add(line.trim());
  }
  if (parts.size === 0) return (text) => text;
  const ordered = [...parts].sort((a, b) => b.length - a.length).map(patternOf);
  const pattern = new RegExp(ordered.join('|'), 'g');
  return (text) => text.replace(pattern, REDACTED);
}

/** A mask for texts that are compared later: one that held a secret carries a digest of all of it behind its masked form. */
export function comparableMask(values: Iterable<string>): (text: string) => string {
  const mask = secretMask(values);
  return (text) => {
    const masked = mask(text);
    return masked === text ? text : `${masked} (${digestOf(text)})`;
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function patternOf(value: string): string {
  const escaped = value.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  return value.length < SHORT ? `(?<![\\w-])${escaped}(?![\\w-])` : escaped;
}

/** Values of the `NAME=value` entries whose names count as secret. */
export function secretValuesOf(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => {
    const at = entry.indexOf('=');
    return at > 0 && isSecretName(entry.slice(0, at)) ? [entry.slice(at + 1)] : [];
  });
}
