// Keeps Red Hat's YAML extension from calling specs wrong, through the door that it has for others. Registered once, when both are there.
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { PERMISSIVE_SCHEMA, PERMISSIVE_TEXT, schemaFor } from '../coexistence.ts';
import { endAll, type Lifetime } from '../lifetime.ts';

const SIBLING = 'redhat.vscode-yaml';

/** What the sibling's `activate` gives to others. */
interface YamlApi {
  registerContributor(
    name: string,
    requestSchema: (resource: string) => string | undefined,
    requestSchemaContent: (schema: string) => string | undefined,
  ): boolean;
}

/** Looks for the sibling whenever a spec or an extension comes. */
export function registerYamlSibling({ documents, log }: App): Lifetime {
  let done = false;
  const look = async () => {
    const sibling = vscode.extensions.getExtension<Partial<YamlApi> | undefined>(SIBLING);
    if (done || !sibling || !documents.current()) return;
    done = true;
    const api = await sibling.activate();
    api?.registerContributor?.('hpc-compose', schemaOf, (schema) =>
      schema === PERMISSIVE_SCHEMA ? PERMISSIVE_TEXT : undefined,
    );
  };
  const schemaOf = (resource: string) => {
    const uri = vscode.Uri.parse(resource);
    const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri.toString());
    if (!document) return undefined;
    const ours = vscode.workspace.getConfiguration('hpcCompose', uri);
    return schemaFor({
      isSpec: documents.isSpec(document),
      isWanted: ours.get('coexistence') !== 'off' && ours.get('enabled') !== false,
      userSchemas: vscode.workspace.getConfiguration('yaml', uri).get('schemas') ?? {},
      fits: (pattern) => vscode.languages.match({ pattern }, document) > 0,
    });
  };
  const lookQuietly = () => {
    look().catch((error: unknown) => log.debug(`${SIBLING}: ${String(error)}`));
  };
  lookQuietly();
  const subscriptions = [documents.onDidChange(lookQuietly), vscode.extensions.onDidChange(lookQuietly)];
  return { dispose: () => endAll(...subscriptions) };
}
