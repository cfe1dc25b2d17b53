// The pages on how things stand, and what a setup says before it writes.
import assert from 'node:assert/strict';
import { setupChanges } from '../../client/src/setupWords.ts';
import { checkPage, doctorPage, footprintPage } from '../../client/src/views/checkPages.ts';
import type { PreflightReport } from '../../server/src/model/preflight.ts';
import type { SetupProfile } from '../../server/src/model/setup.ts';

const report: PreflightReport = {
  schema_version: 1,
  summary: { blockers: 1, actionable_warnings: 0, contextual_warnings: 0, passed_checks: 1 },
  blockers: [{ level: 'error', message: 'enroot was not found', remediation: 'Load its module.' }],
  actionable_warnings: [],
  contextual_warnings: [],
  passed_checks: [{ level: 'ok', message: 'flock works', remediation: null }],
  evidence: {
    path: '/lustre/c',
    real_path: '/mnt/lustre/c',
    exists: true,
    mount_point: '/mnt/lustre',
    fs_type: 'lustre',
    reach: 'network',
    read_only: false,
    free_bytes: 1024 ** 4,
    free_inodes: null,
  },
};

describe('pages on how things stand', () => {
  it('tell what is in the way with its remedy, and what is known of the directory', () => {
    const text = checkPage(report, 'binary');
    assert.match(text, /## In the way\n\n- ⚠ enroot was not found {2}\n {2}Load its module\./);
    assert.match(text, /\*\*Leads to:\*\* ` \/mnt\/lustre\/c `/);
    assert.match(text, /\*\*File system:\*\* lustre: other machines can mount it/);
    assert.doesNotMatch(text, /Worth mending/);
  });

  it('tell when the server does not answer', () => {
    assert.match(footprintPage(undefined, 'binary'), /not running/);
    const facts = {
      ...{ extension: '0.1.0', vscode: 'VS Code 1.98', host: 'ssh-remote', platform: 'linux x64' },
      ...{ trusted: false, server: undefined, specs: ['a`b.yaml'], directories: [], siblings: [] },
      settings: [['units', '"decimal"']] as const,
    };
    const text = doctorPage(facts);
    assert.match(text, /Language server:\*\* does not answer/);
    assert.match(text, /- `` a`b\.yaml ``/);
    assert.match(text, /Restricted Mode/);
  });
});

describe('the last question of a setup', () => {
  const now = { profile: 'dev', cache_dir: '/old', login_host: null, login_user: 'me' } as SetupProfile;

  it('names every field that changes, and no other', () => {
    const change = { cache_dir: '/new', login_host: 'login1', login_user: 'me' };
    assert.deepEqual(setupChanges(now, change), ['cache_dir: /old → /new', 'login_host: – → login1']);
    assert.deepEqual(setupChanges(now, { login_user: null }), ['login_user: me → –']);
    assert.deepEqual(setupChanges(now, {}), []);
  });
});
