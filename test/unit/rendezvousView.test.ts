// The words of the rendezvous view: which rows, how long a record still counts, what is copied.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  rendezvousDescription,
  rendezvousExports,
  rendezvousNodes,
  rendezvousSpoken,
  rendezvousTooltip,
  tunnelCommand,
} from '../../client/src/features/rendezvousModel.ts';
import type { RendezvousEntry, RendezvousRecord } from '../../server/src/model/rendezvous.ts';

const now = 2_000_000_000;

function record(change: Partial<RendezvousRecord> = {}): RendezvousRecord {
  return {
    schema_version: 1,
    name: 'model-server',
    job_id: '48213',
    service: 'server',
    host: 'node17',
    port: 8000,
    protocol: 'http',
    path: '/v1',
    url: 'http://node17:8000/v1',
    registered_at: now - 600,
    ttl_seconds: 3600,
    cache_dir: '/c',
    metadata: { model: 'a|b' },
    ...change,
  };
}

function entry(change: Partial<RendezvousEntry> = {}): RendezvousEntry {
  return {
    name: 'model-server',
    file: '/c/rendezvous/model-server/latest.json',
    latest: true,
    state: 'live',
    expires_at: now + 41 * 60,
    record: record(),
    ...change,
  };
}

const nodes = (...entries: RendezvousEntry[]) =>
  rendezvousNodes([{ schema_version: 1, cache_dir: '/c', entries }]);

describe('the rendezvous view', () => {
  it('says where a service listens and how long its record still counts', () => {
    const [node] = nodes(entry());
    assert.equal(rendezvousDescription(node!, now), 'node17:8000 · job 48213 · 41 min left');
    assert.equal(
      rendezvousSpoken(node!, now),
      'model-server, on node17 port 8000, job 48213, 41 minutes left',
    );
    assert.match(rendezvousTooltip(node!, now), /\*\*model:\*\* a\\\|b/);
  });

  it('says when a record has expired, and why one cannot be read', () => {
    const expired = entry({ state: 'expired', expires_at: now - 7200 });
    const damaged = entry({ name: 'x', state: 'damaged', record: null, problem: 'no JSON', latest: false });
    const [first, second] = nodes(expired, damaged);
    assert.match(rendezvousDescription(first!, now), /expired 2 h ago$/);
    assert.equal(rendezvousDescription(second!, now), 'no JSON');
  });

  it('has one row for each name, live ones first, and keeps its ids', () => {
    const old = entry({ latest: false, file: '/c/rendezvous/model-server/48000.json' });
    const other = entry({ name: 'a', file: '/c/a', state: 'expired', expires_at: now - 60 });
    const found = nodes(other, old, entry());
    assert.deepEqual(
      found.map(({ id }) => id),
      ['/c/rendezvous/model-server/latest.json', '/c/a'],
    );
  });

  it('copies variables that a shell reads as they are', function () {
    if (process.platform === 'win32') this.skip();
    const text = rendezvousExports(record({ url: `http://n/'$(id)'` }));
    const script = `${text}printf '%s|%s' "$HPC_COMPOSE_RDZV_URL" "$HPC_COMPOSE_RDZV_PORT"`;
    assert.equal(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }), `http://n/'$(id)'|8000`);
  });

  it('copies an ssh command in which nothing of a record is more than a word', () => {
    assert.equal(tunnelCommand(record(), 'me@login1'), 'ssh -N -L 8000:node17:8000 me@login1');
    assert.equal(tunnelCommand(record({ host: 'n;rm' }), 'login1'), "ssh -N -L 8000:'n;rm':8000 login1");
  });
});
