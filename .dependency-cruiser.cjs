// The design's directions: model <- spec <- plan <- language; model <- core; all of them <- lsp <- main; client -> model only.
const server = (room) => `^server/src/${room}(/|\\.ts$)`;
const only = (name, room, allowed) => ({
  name,
  severity: 'error',
  comment: `${room} may import only itself, ${allowed.join(', ') || 'nothing'}`,
  from: { path: server(room) },
  to: { path: '^(server|client|test)/', pathNot: [room, ...allowed].map(server) },
});

const effects = [
  'fs',
  'fs/promises',
  'child_process',
  'net',
  'http',
  'https',
  'worker_threads',
  'os',
  'cluster',
];

module.exports = {
  forbidden: [
    only('model-is-a-leaf', 'model', []),
    only('spec-direction', 'spec', ['model']),
    only('plan-direction', 'plan', ['model', 'spec']),
    only('language-direction', 'language', ['model', 'spec', 'plan']),
    only('core-direction', 'core', ['model']),
    only('load-direction', 'load', ['model', 'spec', 'plan', 'core']),
    only('cli-direction', 'cli', ['model', 'spec', 'plan', 'core', 'load']),
    only('lsp-direction', 'lsp', ['model', 'spec', 'plan', 'language', 'core', 'load']),
    {
      name: 'client-sees-only-the-model',
      severity: 'error',
      comment:
        'and the detection of specs, so that the server starts for exactly the documents that it serves',
      from: { path: '^client/' },
      to: { path: '^(server|test)/', pathNot: [server('model'), '^server/src/spec/detect\\.ts$'] },
    },
    {
      name: 'server-runs-without-vscode',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: '^vscode$|vscode-languageclient|^client/|^test/' },
    },
    {
      name: 'language-client-is-loaded-late',
      severity: 'error',
      comment: 'esbuild.mjs keeps that one file, and with it the library, out of dist/extension.js',
      from: { path: '^client/', pathNot: '^client/src/languageClient\\.ts$' },
      to: { path: 'vscode-languageclient', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pure-rooms',
      severity: 'error',
      comment: 'model, spec, plan and language do no input or output',
      from: { path: '^server/src/(model|spec|plan|language)/' },
      to: { path: `^(node:)?(${effects.join('|')})$|execa|vscode-languageserver/node` },
    },
    {
      name: 'core-knows-no-editor-and-no-yaml',
      severity: 'error',
      from: { path: '^server/src/core/' },
      to: { path: 'vscode|node_modules/yaml/' },
    },
    {
      name: 'one-file-starts-processes',
      severity: 'error',
      from: { path: '^(server|client)/', pathNot: '^server/src/core/process\\.ts$' },
      to: { path: '^(node:)?child_process$|node_modules/execa/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'tests-are-not-shipped',
      severity: 'error',
      from: { path: '^(client|server)/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.rig)/|test/helpers/rig/carrier' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
