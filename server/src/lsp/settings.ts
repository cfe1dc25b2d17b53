// The editor's settings, section `hpcCompose`, read when needed and kept until the client says that they changed.
import { Emitter, type Connection, type Event } from 'vscode-languageserver';
import { isSeverityChoice, type SeverityChoice } from '../spec/lint/severity.ts';

/** The settings as sent; every key may be absent, and nothing is trusted to have its right type. */
export type RawSettings = Readonly<Record<string, unknown>>;

export interface SettingsAccess {
  /** All settings for a document (or for none), an empty object when the client has none. */
  all(uri?: string): Promise<RawSettings>;
  /** One setting by its dotted name below `hpcCompose`. */
  read(name: string, uri?: string): Promise<unknown>;
  /** What is known by now, without asking. */
  known(): RawSettings;
  readonly onDidChange: Event<void>;
}

export class ClientSettings implements SettingsAccess {
  private readonly changed = new Emitter<void>();
  private readonly byScope = new Map<string, Promise<RawSettings>>();
  private readonly connection: Connection;
  private last: RawSettings = {};
  private canAsk = false;

  readonly onDidChange: Event<void> = this.changed.event;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Starts asking the client; call after `initialized`. */
  start(canAsk: boolean): void {
    this.canAsk = canAsk;
    this.connection.onDidChangeConfiguration(({ settings }) => {
      this.byScope.clear();
      const pushed = at(settings, 'hpcCompose');
      if (isRecord(pushed)) this.last = pushed;
      this.changed.fire();
    });
  }

  async all(uri?: string): Promise<RawSettings> {
    if (!this.canAsk) return this.last;
    const known = this.byScope.get(uri ?? '');
    if (known) return known;
    const asked = this.ask(uri);
    this.byScope.set(uri ?? '', asked);
    return asked;
  }

  async read(name: string, uri?: string): Promise<unknown> {
    return at(await this.all(uri), name);
  }

  known(): RawSettings {
    return this.last;
  }

  private async ask(uri?: string): Promise<RawSettings> {
    try {
      const item = uri === undefined ? { section: 'hpcCompose' } : { section: 'hpcCompose', scopeUri: uri };
      const answer: unknown = await this.connection.workspace.getConfiguration(item);
      this.last = isRecord(answer) ? answer : {};
    } catch {
      this.canAsk = false;
    }
    return this.last;
  }
}

/** The value at a dotted name, also where the settings use dotted keys themselves. */
export function at(settings: unknown, name: string): unknown {
  if (!isRecord(settings)) return undefined;
  if (name in settings) return settings[name];
  const cut = name.indexOf('.');
  return cut < 0 ? undefined : at(settings[name.slice(0, cut)], name.slice(cut + 1));
}

/** Severities that the user chose by rule code or name (`hpcCompose.diagnostics.severity`). */
export function severityChoices(settings: RawSettings): Readonly<Record<string, SeverityChoice>> {
  const chosen = at(settings, 'diagnostics.severity');
  const entries = isRecord(chosen) ? Object.entries(chosen) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, SeverityChoice] => isSeverityChoice(entry[1])),
  );
}

function isRecord(value: unknown): value is RawSettings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
