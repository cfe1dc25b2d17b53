// Opens `<scheme>://<extension>/rules/CODE` as a preview of the bundled page docs/rules/CODE.md.
import * as vscode from 'vscode';

const RULE = /^\/rules\/([A-Z]{1,3}\d{3})$/;

/** Registers the URI handler. Anything but a rule's page is ignored: a URI from outside must not choose a file. */
export function handleDocsLinks(context: vscode.ExtensionContext): vscode.Disposable {
  return vscode.window.registerUriHandler({
    async handleUri(uri) {
      const code = RULE.exec(uri.path)?.[1];
      if (code === undefined) return;
      const page = vscode.Uri.joinPath(context.extensionUri, 'docs', 'rules', `${code}.md`);
      await vscode.commands.executeCommand('markdown.showPreview', page);
    },
  });
}
