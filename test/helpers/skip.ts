// A skip always says why: the reason becomes part of the title that the test run prints.
import type { Context } from 'mocha';

/** Skips the running test, or from a `before` hook all tests of its suite, with the reason in the title. */
export function skipBecause(context: Context, reason: string): never {
  const running = context.test;
  const named = running?.title.startsWith('"before') === true ? running.parent : running;
  if (named) named.title += ` [skipped: ${reason}]`;
  return context.skip();
}
