// A program that prepares a plan and kills itself with kill -9 just before its N-th call of one kind: the twin of strace's
// injection that needs no rights. Usage: crashingPrepare.ts CALL N PATH-PART PLAN-AS-JSON
import { nodeFiles, type FileSystem } from '../../server/src/core/files.ts';
import { prepare } from '../../server/src/core/prepare/prepare.ts';
import { planOf, type PlanSketch } from './plans.ts';
import { testPorts } from './ports.ts';

const [call = '', when = '1', sketch = '{}'] = process.argv.slice(2);
let count = 0;

function deadly(): FileSystem {
  const real = { ...nodeFiles };
  const work = Object.entries(real).find(([name]) => name === call)?.[1] as (...args: unknown[]) => unknown;
  const wrapped = (...args: unknown[]) => {
    if (++count === Number(when)) process.kill(process.pid, 'SIGKILL');
    return work(...args);
  };
  return { ...real, [call]: wrapped };
}

const plan = planOf(JSON.parse(sketch) as PlanSketch);
await prepare(plan, { jobs: 1 }, testPorts({ files: deadly() }));
console.log(`calls ${count}`);
