// What a feature of the language server gets to work with. Features register handlers on the connection; they own no state
// that another feature needs.
import type { Connection, Disposable, Event, ServerCapabilities } from 'vscode-languageserver';
import type { Log, Ports } from '../core/ports.ts';
import type { PlanMemory } from '../load/planMemory.ts';
import type { Finding } from '../model/finding.ts';
import type { SpecNode } from '../spec/node.ts';
import type { InitializationOptions } from '../model/protocol.ts';
import type { JudgeBeside } from './documentAnalyses.ts';
import type { OpenDocument, OpenDocuments } from './openDocuments.ts';
import type { SettingsAccess } from './settings.ts';
import type { SurroundingsSource } from './surroundings.ts';

export interface ServerContext {
  readonly connection: Connection;
  readonly documents: OpenDocuments;
  readonly settings: SettingsAccess;
  /** As sent with `initialize`, defaults filled in. */
  readonly options: Readonly<InitializationOptions>;
  /** False: no process, no reading outside the workspace folders, no secret files. */
  readonly trusted: boolean;
  /** Absolute paths of the workspace folders. */
  readonly folders: readonly string[];
  /** What documents are judged against, beside their text. */
  readonly surroundings: SurroundingsSource;
  readonly ports: Ports;
  readonly log: Log;
  /** What the client can do, as it said. */
  readonly client: ClientAbilities;
  /** loadPlan, remembering what did not change. */
  readonly loadPlan: PlanMemory['load'];
  /** The findings of a document as it is now. */
  readonly findingsOf: (document: OpenDocument) => readonly Finding[];
  /** The tree of a document's text as it is now, with places in that text; undefined where it cannot be read at all. */
  readonly treeOf: (document: OpenDocument) => SpecNode | undefined;
  /** Judges a text of a document against the surroundings of a plan. */
  readonly judgeBeside: JudgeBeside;
  /** Judges a document again, or all of them: something outside their text has changed. */
  readonly reanalyse: (uri?: string) => void;
  /** Fires after the findings of one version were published. */
  readonly onDidPublish: Event<{ readonly uri: string; readonly version: number }>;
}

export interface ClientAbilities {
  readonly configuration: boolean;
  readonly workDoneProgress: boolean;
  readonly codeLensRefresh: boolean;
  readonly watchedFiles: boolean;
}

/** One feature: registers its handlers and returns what it adds to the server's capabilities. Runs once, in `initialize`. */
export type Feature = (context: ServerContext) => FeatureRegistration;

export interface FeatureRegistration {
  readonly capabilities?: ServerCapabilities;
  readonly dispose?: Disposable['dispose'];
}
