// Setting up a project for a cluster: the profile of `.hpc-compose/settings.toml` in a few questions, and choosing among profiles.
import * as vscode from 'vscode';
import type { SetupChange, SetupState } from '../../../server/src/model/setup.ts';
import type { App } from '../app.ts';
import { setupChanges } from '../setupWords.ts';
import { askPick, askSteps, askText, BACK, type Step } from '../ui/steps.ts';
import { command, requireTrust } from './register.ts';

/** Registers the commands. */
export function registerSetup(app: App): vscode.Disposable {
  return vscode.Disposable.from(
    command(app, 'setup', () => setUp(app)),
    command(app, 'selectProfile', () => selectProfile(app)),
  );
}

interface Answers {
  readonly state: SetupState;
  readonly change: SetupChange;
}

async function setUp(app: App): Promise<void> {
  if (!(await requireTrust())) return;
  const where = placeOf(app);
  const read = (profile?: string) =>
    app.request('hpcCompose/setup/read', { ...where, ...(profile === undefined ? {} : { profile }) });
  const start: Answers = { state: await read(), change: {} };
  const answers = await askSteps(vscode.l10n.t('Set Up Cluster Profile'), start, [
    profileStep(read),
    cacheStep(await candidates(app)),
    textStep('login_host', vscode.l10n.t('Login node for ssh, or empty'), (text) =>
      /\s/.test(text) ? vscode.l10n.t('A host name has no spaces.') : undefined,
    ),
    textStep('login_user', vscode.l10n.t('User name there, or empty when it is the same')),
  ]);
  if (!answers) return;
  await write(app, where, answers);
}

async function write(app: App, where: { uri?: string }, { state, change }: Answers): Promise<void> {
  const lines = setupChanges(state, change);
  if (lines.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Nothing to change.'));
    return;
  }
  const question = vscode.l10n.t('Write profile {0}?', state.profile);
  const button = vscode.l10n.t('Write');
  const detail = [state.settings_path, '', ...lines].join('\n');
  if ((await vscode.window.showInformationMessage(question, { modal: true, detail }, button)) !== button)
    return;
  const { profile, settings_path, warnings } = await app.request('hpcCompose/setup/write', {
    ...where,
    profile: state.profile,
    change,
  });
  void app.states.refresh();
  const words = [vscode.l10n.t('Wrote profile {0}.', profile), ...warnings].join(' ');
  const open = vscode.l10n.t('Open Settings File');
  const tell = warnings.length > 0 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  void tell(words, open).then(async (chosen) => {
    if (chosen === open) await vscode.window.showTextDocument(vscode.Uri.file(settings_path));
  });
}

function profileStep(read: (profile: string) => Promise<SetupState>): Step<Answers> {
  return async (known, place) => {
    const fresh = { label: vscode.l10n.t('New profile…'), iconPath: new vscode.ThemeIcon('add') };
    const names = known.state.profiles.length > 0 ? known.state.profiles : [known.state.profile];
    const items = [...names.map((label) => ({ label })), fresh];
    const placeholder = vscode.l10n.t('Which profile of {0}?', known.state.settings_path);
    const picked = await askPick({ place, placeholder, items });
    if (picked === undefined || picked === BACK) return picked;
    if (picked !== fresh) return { state: await read(picked.label), change: {} };
    const prompt = vscode.l10n.t('Name of the new profile: letters, digits, - and _');
    const check = (text: string) =>
      /^[\w-]+$/.test(text) ? undefined : vscode.l10n.t('Use letters, digits, - and _.');
    const name = await askText({ place, prompt, value: '', check });
    return name === undefined || name === BACK ? name : { state: await read(name), change: {} };
  };
}

function cacheStep(offered: readonly string[]): Step<Answers> {
  return async (known, place) => {
    const current = known.state.cache_dir;
    const custom = { label: vscode.l10n.t('Another directory…'), iconPath: new vscode.ThemeIcon('edit') };
    const keep = {
      label: current ?? vscode.l10n.t('Leave it to each spec'),
      description: vscode.l10n.t('as it is'),
      iconPath: new vscode.ThemeIcon('check'),
    };
    const others = offered.filter((label) => label !== current);
    const folders = others.map((label) => ({ label, iconPath: new vscode.ThemeIcon('folder') }));
    const placeholder = vscode.l10n.t('Cache directory that compute nodes see too');
    const picked = await askPick({ place, placeholder, items: [keep, ...folders, custom] });
    if (picked === undefined || picked === BACK) return picked;
    if (picked === keep) return known;
    if (picked !== custom) return { ...known, change: { ...known.change, cache_dir: picked.label } };
    const check = (text: string) =>
      /^[/~$]/.test(text) ? undefined : vscode.l10n.t('Begin with /, ~ or a variable.');
    const prompt = vscode.l10n.t('An absolute path; variables such as $USER are allowed.');
    const text = await askText({ place, prompt, value: current ?? '', check });
    if (text === undefined || text === BACK) return text;
    return { ...known, change: { ...known.change, cache_dir: text } };
  };
}

function textStep(
  field: 'login_host' | 'login_user',
  prompt: string,
  check?: (text: string) => string | undefined,
): Step<Answers> {
  return async (known, place) => {
    const value = known.state[field] ?? '';
    const text = await askText({ place, prompt, value, ...(check ? { check } : {}) });
    if (text === undefined || text === BACK) return text;
    if (text === value) return known;
    return { ...known, change: { ...known.change, [field]: text === '' ? null : text } };
  };
}

/** Directories that the quick fix would offer too; none without a spec. */
async function candidates(app: App): Promise<readonly string[]> {
  const uri = app.documents.current();
  if (!uri) return [];
  const explained = app.request('hpcCompose/cache/explain', { uri: uri.toString() });
  return explained.then(
    ({ candidates: found }) => found,
    () => [],
  );
}

function placeOf(app: App): { uri?: string } {
  const uri = app.documents.current();
  return uri ? { uri: uri.toString() } : {};
}

/** Chooses the profile that specs of this folder are resolved with. */
async function selectProfile(app: App): Promise<void> {
  const uri = app.documents.current();
  const { profiles, default_profile, settings_path } = await app.request(
    'hpcCompose/setup/read',
    placeOf(app),
  );
  if (profiles.length === 0) {
    const set = vscode.l10n.t('Set Up Cluster Profile…');
    const words = vscode.l10n.t('There is no profile in {0} yet.', settings_path);
    if ((await vscode.window.showInformationMessage(words, set)) === set)
      await vscode.commands.executeCommand('hpcCompose.setup');
    return;
  }
  const section = vscode.workspace.getConfiguration('hpcCompose', uri);
  const current = section.get<string>('profile') ?? '';
  const mark = (value: string) => (value === current ? vscode.l10n.t('current') : '');
  const standard = {
    label: vscode.l10n.t('Default profile'),
    description: [default_profile ?? '', mark('')].filter(Boolean).join(' · '),
    value: '',
  };
  const items = [standard, ...profiles.map((label) => ({ label, description: mark(label), value: label }))];
  const picked = await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Which profile?') });
  if (!picked) return;
  const folder = uri && vscode.workspace.getWorkspaceFolder(uri);
  const target = folder ? vscode.ConfigurationTarget.WorkspaceFolder : vscode.ConfigurationTarget.Global;
  await section.update('profile', picked.value === '' ? undefined : picked.value, target);
  await app.states.refresh();
}
