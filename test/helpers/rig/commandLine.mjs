// The part of VS Code's command line that extension tests and the demo use; the rest is ignored.

const VALUED = new Set([
  ...[
    'extensionDevelopmentPath',
    'extensionTestsPath',
    'extensionDevelopmentKind',
    'user-data-dir',
    'extensions-dir',
  ],
  ...[
    'folder-uri',
    'file-uri',
    'goto',
    'locale',
    'log',
    'profile',
    'enable-proposed-api',
    'disable-extension',
  ],
  ...[
    'install-extension',
    'uninstall-extension',
    'remote-debugging-port',
    'crash-reporter-directory',
    'category',
  ],
]);
const SHORT = { '-g': 'goto', '-v': 'version' };

/** {options: name -> values, files}. A switch has the value true. */
export function parseCommandLine(words) {
  const options = {};
  const files = [];
  const rest = [...words];
  const put = (name, value) => (options[name] ??= []).push(value);
  while (rest.length > 0) {
    const word = rest.shift();
    const [, name, inline] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(SHORT[word] ? `--${SHORT[word]}` : word) ?? [];
    if (word === '--') files.push(...rest.splice(0));
    else if (inline !== undefined) put(name, inline);
    else if (name && VALUED.has(name) && rest.length > 0 && !rest[0].startsWith('-')) put(name, rest.shift());
    else if (name) put(name, true);
    else if (!word.startsWith('-')) files.push(word);
  }
  return { options, files };
}
