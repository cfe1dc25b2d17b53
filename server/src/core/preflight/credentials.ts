// Registry credentials as enroot looks them up: lines `machine HOST` of its `.credentials` file, by bare host (cache contract, sections 3 and 10).
import * as fs from 'node:fs';
import { noted, passed, warned, type CheckItem } from './items.ts';
import type { Check } from './check.ts';

const DOCKER_HUB = ['registry-1.docker.io', 'docker.io', 'index.docker.io', 'auth.docker.io'];

/** One item for each service with a remote image; pyxis only. */
export const checkCredentials: Check = ({ plan, env }) => {
  if (plan.backend !== 'pyxis') return [];
  const file = credentialsFile(env);
  const machines = machinesIn(file);
  return plan.services.flatMap(({ name, source }) =>
    source.kind === 'remote' ? [itemFor(name, source.registry, machines, file)] : [],
  );
};

function itemFor(
  service: string,
  registry: string,
  machines: ReadonlySet<string>,
  file: string | undefined,
): CheckItem {
  const host = hostOf(registry);
  const where = file ?? 'ENROOT_CONFIG_PATH/.credentials';
  if (DOCKER_HUB.includes(host)) {
    if (DOCKER_HUB.some((name) => machines.has(name)))
      return passed(`Docker Hub credentials found for service '${service}'`);
    const remedy = `Add a line 'machine auth.docker.io login NAME password TOKEN' to ${where}, or mind the pull limits.`;
    return warned(
      `no Docker Hub credentials for service '${service}': anonymous pulls are rate-limited`,
      remedy,
    );
  }
  if (host === 'nvcr.io') {
    if (machines.has('nvcr.io') && machines.has('authn.nvidia.com'))
      return passed(`NGC credentials found for service '${service}'`);
    const remedy = `Add both 'machine nvcr.io …' and 'machine authn.nvidia.com …' to ${where}.`;
    return warned(`NGC credentials are incomplete for service '${service}'`, remedy);
  }
  if (machines.has(host)) return passed(`credentials for ${host} found for service '${service}'`);
  if (host === 'localhost')
    return noted(
      `no credentials for ${host} (service '${service}')`,
      `Add 'machine ${host} …' to ${where} if it asks for them.`,
    );
  return warned(
    `no credentials for registry '${host}' (service '${service}')`,
    `If it is private, add 'machine ${host} …' to ${where}.`,
  );
}

/** Without user and port: enroot looks up by the bare host. */
function hostOf(registry: string): string {
  const host = registry.slice(registry.lastIndexOf('@') + 1);
  return host.replace(/:\d+$/, '');
}

function credentialsFile(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env.ENROOT_CONFIG_PATH !== undefined) return `${env.ENROOT_CONFIG_PATH}/.credentials`;
  if (env.XDG_CONFIG_HOME !== undefined) return `${env.XDG_CONFIG_HOME}/enroot/.credentials`;
  return env.HOME === undefined ? undefined : `${env.HOME}/.config/enroot/.credentials`;
}

function machinesIn(file: string | undefined): ReadonlySet<string> {
  if (file === undefined) return new Set();
  try {
    const matches = fs.readFileSync(file, 'utf8').matchAll(/^\s*machine\s+(\S+)/gm);
    return new Set([...matches].map(([, host]) => host ?? ''));
  } catch {
    return new Set();
  }
}
