// A CommonJS module that loads another one when a property of it is first asked for.

/** True for what can be written as a name. Node 23 and newer also tell `module.exports` of what is CommonJS. */
export const isName = (key) => /^[\w$]+$/.test(key);

/** Its text: `file` is what `require` takes, `names` are the properties. `head`: others, as they stand in an object. */
export function lateModule(file, names, head = '') {
  const getters = names.map((name) => `get ${name}() { return load().${name}; }`);
  return `let loaded;
const load = () => (loaded ??= require(${JSON.stringify(file)}));
module.exports = { ${head}${getters.join(', ')} };`;
}
