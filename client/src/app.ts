// The parts that commands work with, as one value made at activation.
import type * as vscode from 'vscode';
import type { Request } from './cacheClient.ts';
import type { CacheStates } from './cacheStates.ts';
import type { Operations } from './operation.ts';
import type { Server } from './server.ts';
import type { SpecDocuments } from './specDocuments.ts';
import type { TaskRuns } from './taskRuns.ts';
import type { CacheView } from './views/cacheView.ts';
import type { InspectDocuments } from './views/inspectDocuments.ts';

export interface App {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly server: Server;
  readonly request: Request;
  readonly documents: SpecDocuments;
  readonly operations: Operations;
  readonly tasks: TaskRuns;
  readonly states: CacheStates;
  readonly view: CacheView;
  readonly pages: InspectDocuments;
}
