// The real effects with a log that is kept, for tests of the core.
import { realPorts, type Ports } from '../../server/src/core/ports.ts';

export interface TestPorts extends Ports {
  readonly logged: string[];
}

/** Real ports; `changes` replaces some of them, `env` is added to the environment. */
export function testPorts(changes: Partial<Ports> = {}, env: Record<string, string> = {}): TestPorts {
  const logged: string[] = [];
  const keep = (level: string) => (message: string) => void logged.push(`${level}: ${message}`);
  const log = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
  return { ...realPorts(log, { ...process.env, ...env }), ...changes, logged };
}
