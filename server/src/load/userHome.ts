// The home directory that `~` means in settings and secrets: HOME, else the home of the account.
import { userInfo } from 'node:os';

/** Undefined when the account has none either. */
export function userHomeOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env.HOME) return env.HOME;
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}
