// Loaded into a process by NODE_OPTIONS=--import: makes the N-th call of one fs function fail or kill the process before it is
// done. The twin of strace's injection, for machines that have none. INJECT=function:EIO|kill:when[:path]
import fs from 'node:fs';

const [name = '', fault = '', when = '', path = ''] = (process.env.INJECT ?? '').split(':');
const real = fs[name];
let calls = 0;

function faulty(...args) {
  if (path !== '' && String(args[0]) !== path) return real.apply(fs, args);
  calls += 1;
  if (when !== '' && calls !== Number(when)) return real.apply(fs, args);
  if (fault === 'kill') process.kill(process.pid, 'SIGKILL');
  const error = new Error(`${fault}: injected, ${name} '${String(args[0])}'`);
  throw Object.assign(error, { code: fault, syscall: name });
}

if (typeof real === 'function') fs[name] = faulty;
